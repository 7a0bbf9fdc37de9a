"""The service with Duisburg's vehicles and places, on a Monday morning, and what tests do with it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from services.mobile_office.app import create_app
from services.mobile_office.settings import Settings
from services.mobile_office.tours.bookings import note_booking
from shared import events
from shared.auth import EVERY_STATION, Caller
from shared.clock import BERLIN
from shared.events.appointments import AppointmentBooked
from shared.recurrence import WEEK
from shared.runtime import Role
from shared.settings import Platform
from shared.tools import Tools
from tests.support.browsing import Browsing
from tests.support.days import stand_at
from tests.support.stack import Backend

Client = httpx.AsyncClient

API = "/mobile_office/api/v1"
MONDAY = date(2027, 2, 1)
"""Today; no public holiday is near."""
NEXT = MONDAY + WEEK
"""The week that is planned."""
ONE, OTHER = "buergermobil-1", "buergermobil-2"
REASON = {"known": "planning"}
EXAMPLES = Path(events.__file__).parent / "examples"


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


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment in the city."""
    return datetime.combine(day, time(hour, minute), BERLIN)


async def ask(client: Client, method: str, path: str, body: Any = None, status: int = 200, **query: Any) -> Any:
    """What the API answers to staff."""
    answer = await client.request(method, f"{API}{path}", json=body, params=query)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def empty_week(client: Client, tools: Tools, monday: date = NEXT) -> None:
    """Plan a week in which nothing is planned yet."""
    await ask(client, "PUT", f"/staff/weeks/{monday}")
    async with tools.db.transaction() as conn:
        await conn.execute(text("delete from stops where week = :monday"), {"monday": monday})


def plan(
    place: str, day: date, first: int = 9, last: int = 12, *, vehicle: str = ONE, counters: int = 1
) -> dict[str, Any]:
    """A stop as the API takes it, from hour to hour."""
    return {
        "vehicle": vehicle,
        "place": place,
        "arrives_at": at(day, first).isoformat(),
        "departs_at": at(day, last).isoformat(),
        "counters": counters,
    }


async def put(
    client: Client, place: str, day: date, *hours: int, id: UUID | None = None, status: int = 200, **more: Any
) -> UUID:
    """Put a stop into the plan of its week."""
    id = id or uuid4()
    monday = day - timedelta(days=day.weekday())
    version = (await ask(client, "GET", f"/staff/weeks/{monday}"))["version"]
    body = {**plan(place, day, *hours, **more), "week_version": version}
    await ask(client, "PUT", f"/staff/weeks/{monday}/stops/{id}", body, status)
    return id


async def publish(client: Client, monday: date = NEXT, reason: Any = None) -> Any:
    """Publish a week as its preview shows it."""
    preview = await ask(client, "GET", f"/staff/weeks/{monday}/preview")
    body = {"preview": preview["version"], "reason": reason}
    return await ask(client, "POST", f"/staff/weeks/{monday}/publication", body)


async def told(tools: Tools) -> list[tuple[str, UUID, int]]:
    """The facts recorded so far: type, stop, version."""
    async with tools.db.transaction() as conn:
        rows = await conn.execute(text("select type, aggregate, version from outbox order by id"))
        return [(row.type.rpartition(".")[2], row.aggregate, row.version) for row in rows]


async def facts(tools: Tools) -> list[Any]:
    """The bodies of the facts recorded so far."""
    async with tools.db.transaction() as conn:
        rows = await conn.execute(text("select convert_from(body, 'utf8')::jsonb as body from outbox order by id"))
        return [row.body for row in rows]


async def book(tools: Tools, stop: UUID, people: int = 1) -> list[AppointmentBooked]:
    """So many people have an appointment at a stop, as far as this service hears."""
    booked = [appointment(str(stop)) for _ in range(people)]
    async with tools.db.transaction() as conn:
        for each in booked:
            await note_booking(conn, each)
    return booked


def appointment(place: str, version: int = 1, id: UUID | None = None, status: str = "confirmed") -> AppointmentBooked:
    """The fact of an appointment at a place, from the committed examples."""
    found = AppointmentBooked.model_validate_json((EXAMPLES / "AppointmentBooked.v5.json").read_text())
    state = found.appointment.model_copy(
        update={"place": found.appointment.place.model_copy(update={"key": place}), "status": status}
    )
    return found.model_copy(update={"id": id or uuid4(), "version": version, "appointment": state})
