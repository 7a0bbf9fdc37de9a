"""A station that is open, somebody who signs in as staff, and what they do."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio

from shared.tools import Tools
from tests.appointments.kit import at, pass_time
from tests.appointments.queue.kit import Staff, Tokens
from tests.support.browsing import Browsing


@pytest_asyncio.fixture
async def staff(app: Any, tools: Tools) -> AsyncIterator[Staff]:
    """Staff of Mitte at ten o'clock of a working day."""
    tools.tokens = Tokens()  # type: ignore[assignment]
    pass_time(tools, at(tools, 10) - tools.clock.now())
    async with Browsing(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://test",
        headers={"Authorization": "Bearer staff"},
    ) as client:
        yield Staff(client)
