"""The service with Duisburg's vehicles and places, on a Monday morning, and what tests do with it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.mobile_office.app import create_app
from services.mobile_office.settings import Settings
from shared.auth import EVERY_STATION, Caller
from shared.runtime import Role
from shared.settings import Platform
from shared.tools import Tools
from tests.mobile_office.kit import MONDAY, Client, at
from tests.support.browsing import Browsing
from tests.support.days import stand_at
from tests.support.stack import Backend


@pytest_asyncio.fixture
async def settings(
    stack: Backend, database: Callable[[str], Awaitable[str]], topic_prefix: str, tmp_path: Path
) -> Settings:
    """Settings of a service with a database and a clock of its own."""
    clock = tmp_path / "clock"
    stand_at(clock, at(MONDAY, 7))
    platform = Platform(kafka=stack.bootstrap, postgres=stack.url, topic_prefix=topic_prefix, clock_file=clock)
    return Settings(platform=platform, database=await database("mobile_office"), pool_size=20)


@pytest_asyncio.fixture
async def app(settings: Settings) -> AsyncIterator[Any]:
    """The running application, with the role that needs no Kafka, Duisburg loaded."""
    app = create_app(settings, frozenset({Role.HTTP}))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def tools(app: Any, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """The service behind the application; a token is the role it gives."""
    found: Tools = app.state.tools

    async def check(token: str) -> Caller:
        return Caller(subject="leitung", roles=frozenset(token.split("+")), stations=frozenset({EVERY_STATION}))

    monkeypatch.setattr(found.tokens, "check", check)
    return found


@pytest_asyncio.fixture
async def client(app: Any, tools: Tools) -> AsyncIterator[Client]:
    """Somebody who leads and drives."""
    async with Browsing(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://test",
        headers={"Authorization": "Bearer mobile_office:lead+mobile_office:staff"},
    ) as client:
        yield client
