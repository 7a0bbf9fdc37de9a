"""The service with a city loaded, and clients of its API."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.appointments.app import create_app
from services.appointments.settings import Settings
from shared.auth import EVERY_STATION, Caller
from shared.clock import BERLIN, Clock
from shared.runtime import Role
from shared.settings import Platform
from shared.tools import Tools
from tests.support.browsing import Browsing
from tests.support.days import berlin, run_clock, weekend_day, working_day
from tests.support.limits import NO_LIMITS
from tests.support.stack import Backend

MakeDatabase = Callable[[str], Awaitable[str]]
Client = httpx.AsyncClient

API = "/appointments/api/v1"
FAMILY = ("familienanmeldung",)
"""Services that take four seats."""


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
async def app(settings: Settings) -> AsyncIterator[Any]:
    """The running application, with the roles that need no Kafka, Duisburg loaded."""
    app = create_app(settings, frozenset({Role.HTTP, Role.DUE}))
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


def at(tools: Tools, hour: int, minute: int = 0, days: int = 3) -> datetime:
    """A moment on the working day that many working days ahead."""
    return berlin(working_day(tools.clock.now().astimezone(BERLIN).date(), days), hour, minute)


def weekend(tools: Tools, hour: int = 10, minute: int = 0) -> datetime:
    """A moment on the next Saturday or Sunday that is no holiday."""
    return berlin(weekend_day(tools.clock.now().astimezone(BERLIN).date()), hour, minute)


def pass_time(tools: Tools, duration: timedelta) -> None:
    """Move the service's clock forward."""
    file = tools.settings.platform.clock_file
    assert file is not None
    Clock.move(file, tools.clock.offset() + duration)


def wish(
    start: datetime, station: str = "mitte", services: tuple[str, ...] = ("meldebescheinigung",)
) -> dict[str, Any]:
    """A time as the API takes it."""
    return {"station": station, "services": list(services), "starts_at": start.isoformat()}


def booking(start: datetime, name: str = "Anna Muster", **changes: Any) -> dict[str, Any]:
    """A booking as the API takes it."""
    person = {"name": name, "mail": "anna@example.org", "channels": ["mail"]} | changes.pop("person", {})
    return {"time": wish(start, **changes), "person": person}


async def outbox(tools: Tools) -> list[Any]:
    """The facts recorded so far, in order."""
    from sqlalchemy import text

    async with tools.db.transaction() as conn:
        return list(
            (
                await conn.execute(
                    text("select type, aggregate, version, body, event_id, cause from outbox order by id")
                )
            ).all()
        )
