"""What tests of the Bürgermobil share."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from services.mobile_office.city import MobileOffice
from services.mobile_office.fleet.domain import Fleet, Vehicle
from services.mobile_office.fleet.usecases import place_of, travel_minutes
from services.mobile_office.tours.bookings import note_booking
from shared import events
from shared.city import City
from shared.clock import BERLIN
from shared.events.appointments import AppointmentBooked
from shared.recurrence import WEEK
from shared.tools import Tools

ONE, OTHER = "buergermobil-1", "buergermobil-2"

Client = httpx.AsyncClient


API = "/mobile_office/api/v1"


MONDAY = date(2027, 2, 1)
"""Today; no public holiday is near."""


NEXT = MONDAY + WEEK
"""The week that is planned."""


REASON = {"known": "planning"}


EXAMPLES = Path(events.__file__).parent / "examples"


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


CITY = City.load("duisburg")


DATA = CITY.part(MobileOffice)


PLACES = {each.key: place_of(CITY, **each.model_dump()) for each in DATA.stop_places}


FLEET = Fleet(
    {each.key: Vehicle(each.key, each.name, each.counters, each.step_free, ()) for each in DATA.vehicles},
    PLACES,
    tuple(DATA.services),
    {
        one.key: {
            other.key: travel_minutes(one, other, DATA.travel_minutes) for other in PLACES.values() if other != one
        }
        for one in PLACES.values()
    },
)
