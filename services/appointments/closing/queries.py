"""Reads of closures, and of the appointments they concern."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.queries import Appointment
from services.appointments.closing.domain import Closure
from services.appointments.locks import Lock
from services.appointments.seats.domain import Seat, SeatRow
from shared.act import Act
from shared.clock import BERLIN
from shared.locks import note_lock
from shared.people import Person
from shared.statements import Query, Statement

_CLOSURE = """
    select key as id, version, station, first_day, last_day, reason, lifted_at is not null as lifted, counter,
           from_time, until_time
    from closures
"""
_FIND = Query(Closure, f"{_CLOSURE} where key = :id")
_IN_FORCE = Query(
    Closure,
    f"""
    {_CLOSURE} where lifted_at is null and last_day >= :today and station = any(:stations)
    order by first_day, from_time nulls first, key
""",
)


@dataclass(frozen=True, slots=True)
class Became:
    """What has become of the appointments a closure concerned: how many have another time, were asked, ended."""

    settled: int
    asked: int
    ended: int


_BECAME = Query(
    Became,
    """
    select count(*) filter (where status not in ('offered', 'cancelled')) as settled,
           count(*) filter (where status = 'offered') as asked, count(*) filter (where status = 'cancelled') as ended
    from appointments where closure = :id
""",
)


async def find(conn: AsyncConnection, id: UUID) -> Closure | None:
    """A closure, lifted ones too; None for an id nobody used."""
    return await _FIND.first(conn, {"id": id})


async def closures_in_force(conn: AsyncConnection, stations: Collection[str], today: date) -> list[Closure]:
    """The closures of some stations that are not over, the earliest first."""
    return await _IN_FORCE.all(conn, {"stations": list(stations), "today": today})


async def load_became(conn: AsyncConnection, id: UUID) -> Became:
    """What has become, so far, of the appointments a closure concerned."""
    return await _BECAME.one(conn, {"id": id})


@dataclass(frozen=True, slots=True)
class Concerned:
    """An appointment a closure concerns, and whose it is; `person` is None once forgotten."""

    appointment: Appointment
    person: Person | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Concerned(Appointment):
    box: bytes | None


_LOCK = Statement("""
    select from appointments
    where status in ('confirmed', 'offered') and starts_at > :now and id in (
        select appointment from seats
        where counter = any(:counters) and starts_at = any(:starts) and (until is null or until > :now)
    ) order by id for update
""")
_READ = Query(
    _Concerned,
    """
    select a.*, p.box from appointments a left join people p on p.matter = a.id
    where status in ('confirmed', 'offered') and starts_at > :now and id in (
        select appointment from seats
        where counter = any(:counters) and starts_at = any(:starts) and (until is null or until > :now)
    ) order by starts_at, number
""",
)


async def load_concerned(
    act: Act, counters: Sequence[str], starts: Sequence[datetime], for_update: bool = False
) -> list[Concerned]:
    """The appointments to come, or offered, that have one of some seats, in order of time.

    `for_update` locks them in the order of their ids, before their seats: as everybody does who changes one.
    """
    values = {"counters": list(counters), "starts": list(starts), "now": act.now}
    if for_update:
        note_lock(act.conn, Lock.APPOINTMENT)
        await _LOCK.run(act.conn, values)
    found = await _READ.all(act.conn, values)
    return [Concerned(each, act.tools.people.open(each.box) if each.box else None) for each in found]


_BOOKED_STARTS = Query(
    datetime,
    """
    select distinct s.starts_at from seats s join appointments a on a.id = s.appointment
    where s.counter = any(:counters) and s.starts_at >= :first and s.starts_at < :last
      and a.status in ('confirmed', 'offered')
""",
)


async def load_booked_starts(conn: AsyncConnection, closure: Closure, counters: Sequence[str]) -> list[datetime]:
    """The starts of the seats of appointments at some counters on the days of a closure."""
    first = datetime.combine(closure.first_day, time(), BERLIN)
    last = datetime.combine(closure.last_day + timedelta(days=1), time(), BERLIN)
    return await _BOOKED_STARTS.all(conn, {"counters": list(counters), "first": first, "last": last})


_TAKEN = Query(
    SeatRow,
    """
    select counter, starts_at from seats
    where starts_at >= :first and starts_at < :last and (until is null or until > :now)
""",
)


async def load_taken(act: Act, first: datetime, last: datetime, but: Iterable[Seat] = ()) -> set[Seat]:
    """The seats of all stations that are not free between two moments, and some more (`but`)."""
    taken = await _TAKEN.all(act.conn, {"first": first, "last": last, "now": act.now})
    return {each.seat for each in taken} | set(but)
