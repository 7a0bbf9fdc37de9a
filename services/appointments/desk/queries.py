"""Reads of the desk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.domain import Status
from services.appointments.booking.queries import Appointment, appointment_of
from services.appointments.desk.domain import must_call
from shared.auth import EVERY_STATION, Caller
from shared.clock import BERLIN
from shared.people import Person
from shared.service import Service

_STATIONS = text("select key, name from stations where :everywhere or key = any(:stations) order by name")
_DAY = text("""
    select a.*, p.box
    from appointments a left join people p on p.matter = a.id
    where a.station = :station and a.starts_at >= :first and a.starts_at < :last and a.state is not null
    order by a.starts_at, a.counter
""")
_UNREACHED = text("""
    select u.notice, u.purpose, u.at, a.number, a.status, a.starts_at, a.channels, a.station, s.name, p.box
    from unreached u
    join appointments a on a.id = u.appointment
    join stations s on s.key = a.station
    left join people p on p.matter = a.id
    where not u.reached and u.called_at is null and (:everywhere or a.station = any(:stations))
    order by u.at limit :limit
""")


@dataclass(frozen=True, slots=True)
class Expected:
    """An appointment in the list of a day; `person` is None once forgotten."""

    appointment: Appointment
    person: Person | None


@dataclass(frozen=True, slots=True)
class Unreached:
    """Somebody no message reached, with whom to call; `person` is None once forgotten."""

    notice: UUID
    purpose: str
    at: datetime
    number: str
    status: Status
    starts_at: datetime
    station: str
    person: Person | None


async def load_stations(conn: AsyncConnection, who: Caller) -> dict[str, str]:
    """The stations somebody works for: names by key, in the order of the names."""
    return {row.key: row.name for row in await conn.execute(_STATIONS, _of(who))}


async def load_day(conn: AsyncConnection, service: Service, station: str, day: date) -> list[Expected]:
    """All appointments of a station on a day, in the order of time."""
    first = datetime.combine(day, time(), BERLIN)
    last = datetime.combine(day + timedelta(days=1), time(), BERLIN)
    rows = await conn.execute(_DAY, {"station": station, "first": first, "last": last})
    return [Expected(appointment_of(row), service.people.open(row.box) if row.box else None) for row in rows]


async def load_unreached(conn: AsyncConnection, service: Service, who: Caller, limit: int = 200) -> list[Unreached]:
    """Whom somebody of the staff should call, oldest first: no message reached them, and nobody has called yet."""
    return [
        Unreached(
            row.notice,
            row.purpose,
            row.at,
            row.number,
            Status(row.status),
            row.starts_at,
            row.name,
            service.people.open(row.box) if row.box else None,
        )
        for row in await conn.execute(_UNREACHED, {**_of(who), "limit": limit})
        if must_call(row.purpose, row.channels)
    ]


def count_by_status(expected: Sequence[Expected]) -> dict[Status, int]:
    """How many of a day stand how."""
    statuses = [each.appointment.status for each in expected]
    return {status: statuses.count(status) for status in Status if status is not Status.HELD}


def _of(who: Caller) -> dict[str, object]:
    return {"everywhere": EVERY_STATION in who.stations, "stations": sorted(who.stations)}
