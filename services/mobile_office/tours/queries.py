"""Reads of weeks and of stops."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobile_office.fleet.domain import Plan
from services.mobile_office.locks import Lock
from services.mobile_office.tours.domain import Stop, StopStatus
from shared.clock import BERLIN
from shared.events.mobile_office import StopState
from shared.locks import note_lock
from shared.recurrence import monday_of
from shared.statements import Query


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    version: int
    week: date
    status: StopStatus
    vehicle: str
    place: str
    arrives_at: datetime
    departs_at: datetime
    counters: int
    dropped: bool
    announced: StopState | None

    @property
    def stop(self) -> Stop:
        plan = Plan(self.vehicle, self.place, self.arrives_at, self.departs_at, self.counters)
        return Stop(self.id, self.version, self.week, self.status, plan, self.dropped, self.announced)


_COLUMNS = """
    select id, version, week, status, vehicle, place, arrives_at, departs_at, counters, dropped, announced from stops
"""
_BY_WEEK = Query(_Row, f"{_COLUMNS} where week = :monday order by arrives_at, id")
_BY_WEEKS = Query(_Row, f"{_COLUMNS} where week between :first and :last order by arrives_at, id")
_LOCK_WEEK = Query(_Row, f"{_COLUMNS} where week = :monday order by id for update")
_ONE = Query(_Row, f"{_COLUMNS} where id = :id")
_LOCK = Query(_Row, f"{_COLUMNS} where id = any(:ids) order by id for update")
_ANNOUNCED = Query(
    _Row,
    f"""
    {_COLUMNS} where announced is not null and week between :first and :last order by announced ->> 'arrives_at', id
""",
)
_ELSEWHERE = Query(
    Plan,
    """
    select vehicle, place, arrives_at, departs_at, counters from stops
    where status <> 'cancelled' and not dropped and id <> all(:but)
      and departs_at > cast(:first as timestamptz) - interval '1 day'
      and arrives_at < cast(:last as timestamptz) + interval '1 day'
    order by arrives_at, id
""",
)


@dataclass(frozen=True, slots=True)
class _Booked:
    stop: UUID
    people: int


_BOOKED = Query(_Booked, "select stop, count(*) as people from bookings where stop = any(:stops) group by stop")


@dataclass(frozen=True, slots=True)
class _LastVisit:
    quarter: int
    day: date


_LAST_VISITS = Query(
    _LastVisit,
    """
    select p.quarter, max((s.arrives_at at time zone 'Europe/Berlin')::date) as day
    from stops s join places p on p.key = s.place
    where s.status <> 'cancelled' and not s.dropped and s.arrives_at < :before
    group by p.quarter
""",
)


@dataclass(frozen=True, slots=True)
class Week:
    """A week that is planned; `version` counts the changes of its plan."""

    monday: date
    version: int
    published_at: datetime | None


_WEEK = Query(Week, "select monday, version, published_at from weeks where monday = :monday")


async def load_week(conn: AsyncConnection, monday: date) -> Week | None:
    """A week, if it is planned."""
    return await _WEEK.first(conn, {"monday": monday})


async def load_stops(conn: AsyncConnection, monday: date, for_update: bool = False) -> list[Stop]:
    """The stops of a week, in order of time; locked in the order of their ids if they are to change."""
    if for_update:
        note_lock(conn, Lock.STOPS)
    rows = await (_LOCK_WEEK if for_update else _BY_WEEK).all(conn, {"monday": monday})
    return sorted((row.stop for row in rows), key=lambda stop: (stop.plan.arrives_at, stop.id))


async def load_weeks(conn: AsyncConnection, first: date, last: date) -> list[Stop]:
    """The stops of the weeks from one Monday to another, in order of time."""
    return [row.stop for row in await _BY_WEEKS.all(conn, {"first": first, "last": last})]


async def find_stop(conn: AsyncConnection, id: UUID) -> Stop | None:
    """A stop, whether it is announced or not."""
    row = await _ONE.first(conn, {"id": id})
    return None if row is None else row.stop


async def lock_stops(conn: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Stop]:
    """Some stops that are to change, locked in the order of their ids."""
    note_lock(conn, Lock.STOPS)
    return {row.id: row.stop for row in await _LOCK.all(conn, {"ids": list(ids)})}


async def load_announced(conn: AsyncConnection, first: datetime, last: datetime) -> list[Stop]:
    """The stops people were told of that are between two moments, the cancelled ones too, in order of time.

    They are looked for where they were announced, which may not be where they are planned by now.
    """
    weeks = {"first": monday_of(first.astimezone(BERLIN).date()), "last": monday_of(last.astimezone(BERLIN).date())}
    stops = [row.stop for row in await _ANNOUNCED.all(conn, weeks)]
    return [
        stop
        for stop in stops
        if stop.announced
        and stop.announced.arrives_at < last
        and first < stop.announced.departs_at + stop.announced.delay
    ]


async def load_elsewhere(
    conn: AsyncConnection, first: datetime, last: datetime, but: Sequence[UUID] = ()
) -> list[Plan]:
    """Where vehicles are between two moments and around them, apart from some stops (`but`)."""
    return await _ELSEWHERE.all(conn, {"first": first, "last": last, "but": list(but)})


async def load_booked(conn: AsyncConnection, stops: Collection[UUID]) -> dict[UUID, int]:
    """How many people have an appointment at each of some stops; those without any are left out."""
    return {row.stop: row.people for row in await _BOOKED.all(conn, {"stops": list(stops)})}


async def load_last_visits(conn: AsyncConnection, before: datetime) -> dict[int, date]:
    """Per quarter the last day with a stop that begins before a moment."""
    return {row.quarter: row.day for row in await _LAST_VISITS.all(conn, {"before": before})}
