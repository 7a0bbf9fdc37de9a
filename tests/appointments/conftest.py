"""The service with a city loaded, and clients of its API."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.appointments.app import create_app
from services.appointments.settings import Settings
from shared.auth import EVERY_STATION, Caller
from shared.runtime import Role
from shared.settings import Platform
from shared.tools import Tools
from tests.appointments.kit import Client, MakeDatabase
from tests.support.browsing import Browsing
from tests.support.days import run_clock
from tests.support.limits import NO_LIMITS
from tests.support.stack import Backend


@pytest_asyncio.fixture
async def settings(stack: Backend, database: MakeDatabase, topic_prefix: str, tmp_path: Path) -> Settings:
    """Settings of a service with a database and a clock of its own."""
    platform = Platform(
        kafka=stack.bootstrap,
        postgres=stack.url,
        topic_prefix=topic_prefix,
        clock_file=run_clock(tmp_path),
        partitions=4,
    )
    return Settings(platform=platform, database=await database("appointments"), pool_size=20, **NO_LIMITS)


@pytest_asyncio.fixture
async def app(settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """The running application, Duisburg loaded; a test marked `due_work` has it do that as well."""
    at_work = request.node.get_closest_marker("due_work") is not None
    app = create_app(settings, frozenset({Role.HTTP, Role.DUE} if at_work else {Role.HTTP}))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def tools(app: Any) -> Tools:
    """The service behind the application."""
    found: Tools = app.state.tools
    return found


@pytest_asyncio.fixture
async def client(app: Any) -> AsyncIterator[Client]:
    """A client of the application."""
    async with Browsing(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test"
    ) as client:
        yield client


@pytest.fixture
def roles_as_tokens(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is the role it gives, at every station; one ending in "@mitte" gives it there alone."""

    async def check(token: str) -> Caller:
        role, _, station = token.partition("@")
        return Caller(subject="leitung", roles=frozenset({role}), stations=frozenset({station or EVERY_STATION}))

    monkeypatch.setattr(tools.tokens, "check", check)
