"""Announcing, changing and lifting a closure.

A closure takes the seats of its days, as a booking does: whoever books at the same moment either has the seat first,
and the closure is refused, or finds it taken. Days beyond the booking window need none, nobody can book them yet.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.closing.refusals import AlreadyLifted, DaysUnfit, StationFixed, StillBooked
from services.appointments.offer.domain import Station, slots_on
from services.appointments.offer.queries import grid_of, load_offer
from services.appointments.offer.refusals import UnknownChoice
from shared.clock import BERLIN
from shared.events.appointments import ClosureState, Place, StationClosed
from shared.problems import NotFound
from shared.service import Service

LONGEST = timedelta(days=366)

# Closures of one station wait for each other; bookings, which refer to the station's key, do not wait.
_ONE_AT_A_TIME = text("select from stations where key = :station for no key update")
_FIND = text("""
    select key as id, version, station, first_day, last_day, reason, lifted_at is not null as lifted
    from closures where key = :id
""")
_SAVE = text("""
    insert into closures (key, version, station, first_day, last_day, reason)
    values (:id, :version, :station, :first_day, :last_day, :reason)
    on conflict (key) do update set version = excluded.version, first_day = excluded.first_day,
        last_day = excluded.last_day, reason = excluded.reason
""")
_LIFT = text("update closures set version = :version, lifted_at = :now where key = :id")
_GIVE_BACK = text("delete from seats where appointment = :id")
_TAKE = text("""
    insert into seats (counter, starts_at, appointment)
    select counter, start, :id
    from unnest(cast(:counters as text[])) counter, unnest(cast(:starts as timestamptz[])) start
    order by counter, start
    on conflict (counter, starts_at) do update set appointment = excluded.appointment, until = null
    where seats.until is not null
""")
_STILL_BOOKED = text("""
    select count(distinct appointment) from seats
    where counter = any(:counters) and starts_at = any(:starts) and appointment not in (select key from closures)
      and appointment <> :id
""")


@dataclass(frozen=True, slots=True)
class Closure:
    """A closure as it stands; both days are included."""

    id: UUID
    version: int
    station: str
    first_day: date
    last_day: date
    reason: str
    lifted: bool = False


async def close(conn: AsyncConnection, service: Service, wanted: Closure, now: datetime) -> Closure:
    """Close a station, or change a closure: its days are no longer offered, and StationClosed says so.

    Holds on these days end. Asked for what is already so, nothing changes.

    Args:
        wanted: its id is the caller's choice; its version does not count.

    Raises:
        DaysUnfit, UnknownChoice, StationFixed, AlreadyLifted
        StillBooked: appointments stand on these days.
    """
    today = now.astimezone(BERLIN).date()
    if not max(today, wanted.first_day) <= wanted.last_day <= wanted.first_day + LONGEST:
        raise DaysUnfit
    await conn.execute(_ONE_AT_A_TIME, {"station": wanted.station})
    offer = await load_offer(conn, today, wanted.station, [])
    if not offer.stations:
        raise UnknownChoice
    known = await find(conn, wanted.id)
    if known and known.lifted:
        raise AlreadyLifted
    if known and known.station != wanted.station:
        raise StationFixed
    if known and replace(wanted, version=known.version) == known:
        return known
    closure = replace(wanted, version=known.version + 1 if known else 1, lifted=False)
    [station] = offer.stations
    await _take_seats(conn, service, closure, station, now)
    await conn.execute(
        _SAVE,
        {
            "id": closure.id,
            "version": closure.version,
            "station": closure.station,
            "first_day": closure.first_day,
            "last_day": closure.last_day,
            "reason": closure.reason,
        },
    )
    await service.outbox.record(conn, _fact(closure, station))
    return closure


async def lift(conn: AsyncConnection, service: Service, id: UUID, now: datetime) -> Closure:
    """Lift a closure: its days are offered again, and StationClosed says so. Lifted twice, nothing changes.

    Raises:
        NotFound
    """
    known = await find(conn, id)
    if known is None:
        raise NotFound
    await conn.execute(_ONE_AT_A_TIME, {"station": known.station})
    known = await find(conn, id)
    assert known is not None, "closures stay"
    if known.lifted:
        return known
    lifted = replace(known, version=known.version + 1, lifted=True)
    await conn.execute(_GIVE_BACK, {"id": id})
    await conn.execute(_LIFT, {"id": id, "version": lifted.version, "now": now})
    offer = await load_offer(conn, now.astimezone(BERLIN).date(), lifted.station, [])
    await service.outbox.record(conn, _fact(lifted, offer.stations[0]))
    return lifted


async def find(conn: AsyncConnection, id: UUID) -> Closure | None:
    """A closure, lifted ones too; None for an id nobody used."""
    row = (await conn.execute(_FIND, {"id": id})).mappings().one_or_none()
    return None if row is None else Closure(**row)


async def _take_seats(
    conn: AsyncConnection, service: Service, closure: Closure, station: Station, now: datetime
) -> None:
    grid, open_station = grid_of(service.city), replace(station, closures=())
    last = min(closure.last_day, grid.last_day(now) + timedelta(days=1))
    days = [closure.first_day + timedelta(days=n) for n in range((last - closure.first_day).days + 1)]
    starts = [start for day in days for start in slots_on(open_station, day, grid) if start > now.astimezone(UTC)]
    values = {"id": closure.id, "counters": list(station.counters), "starts": starts}
    await conn.execute(_GIVE_BACK, {"id": closure.id})
    await conn.execute(_TAKE, values)
    if appointments := (await conn.execute(_STILL_BOOKED, values)).scalar_one():
        raise StillBooked(appointments)


def _fact(closure: Closure, station: Station) -> StationClosed:
    return StationClosed(
        id=closure.id,
        version=closure.version,
        closure=ClosureState(
            status="lifted" if closure.lifted else "in_force",
            place=Place(key=station.key, name=station.name, district=station.district, address=station.address),
            first_day=closure.first_day,
            last_day=closure.last_day,
            reason=closure.reason,
        ),
    )
