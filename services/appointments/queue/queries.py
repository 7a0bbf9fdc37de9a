"""Reads of the queue: tickets as rows, their order in SQL, and what a statement that changes one returns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.queue.domain import DUE_WITHIN, RECENT, Estimate, Status, estimate
from shared.act import Act
from shared.clock import BERLIN
from shared.events.tickets import TicketOutcome
from shared.problems import NotFound
from shared.statements import Query

_DUE_WITHIN = f"interval '{DUE_WITHIN.total_seconds():.0f} seconds'"


IN_LINE = """
    t.status = 'waiting' and (t.back_at is null or t.back_at <= :now)
    and (t.appointment is null or exists (
        select from appointments a where a.id = t.appointment and a.station = t.station
        and a.status in ('arrived', 'offered') and cast(a.starts_at at time zone 'Europe/Berlin' as date) = t.day))
"""
"""Which tickets `t` can be called at the moment `:now`: not the parked, nor those whose appointment is not here now."""


TURN = f"""
    case when t.back_at is not null then 0 when t.due_at is null then 2
         when t.due_at <= cast(:now as timestamptz) + {_DUE_WITHIN} then 1 else 3 end,
    coalesce(t.back_at, t.due_at, t.issued_at), t.issued_at, t.number
"""
"""The order of tickets `t` that are in line: `domain.turn` in SQL; a test compares the two."""


_BUT_PARTICULARS = """
    t.id, t.version, t.status, t.station, t.day, t.number, t.services, t.language, t.interpreter, t.appointment,
    t.issued_at, t.due_at, t.back_at, t.for_counter, t.counter, t.calls, t.first_called_at, t.called_at, t.begun_at,
    t.closed_at, t.outcome, (select c.number from counters c where c.key = t.counter) as counter_number
"""


COLUMNS = f"{_BUT_PARTICULARS}, t.particulars"
"""What is read of tickets `t`."""


SOMEBODY_TO_TELL = """
    exists (select from tickets w where w.station = t.station and w.day = t.day and w.to_be_told
            and w.status = 'waiting') as somebody_to_tell
"""
"""Whether somebody waits who wants to be told; what a statement that takes a ticket out of the line also returns."""


CLOSING = "particulars = jsonb_set(particulars - 'contact', '{person_key}', '\"\"'), to_be_told = false"
"""What else happens to a ticket that is closed: nothing is kept of anybody."""


CLOSED = f"{_BUT_PARTICULARS}, old.particulars - 'contact' as particulars"
"""What a statement that closes tickets returns: the fact still says whose ticket it was."""


CLOSED_TO_TELL = f"{_BUT_PARTICULARS}, old.particulars"
"""The same where whoever wanted an SMS is told of the end: the fact still says how to reach them."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in the queue of a station on one day.

    `particulars` is the part of its public state that calling does not change. `somebody_to_tell` says whether somebody
    else waits who wants to be told when it is nearly their turn.
    """

    id: UUID
    version: int
    status: Status
    station: str
    day: date
    number: str
    services: tuple[str, ...]
    language: str
    interpreter: str | None
    appointment: UUID | None
    particulars: dict[str, Any]
    issued_at: datetime
    due_at: datetime | None
    back_at: datetime | None
    for_counter: str | None
    counter: str | None
    calls: int
    first_called_at: datetime | None
    called_at: datetime | None
    begun_at: datetime | None
    closed_at: datetime | None
    outcome: TicketOutcome | None
    counter_number: int | None
    somebody_to_tell: bool = False


SHOWN_IN_HALL = 5

_TICKET = Query(Ticket, f"select {COLUMNS} from tickets t where t.id = :id")
_STATION_OF_TICKET = Query(str, "select station from tickets where id = :id")
_STATION_OF_COUNTER = Query(str, "select station from counters where key = :counter")
_AT_COUNTER = Query(
    Ticket,
    f"select {COLUMNS} from tickets t where t.counter = :counter and t.status in ('called', 'serving')",
)
_LINE = Query(
    Ticket,
    f"""
    select {COLUMNS} from tickets t
    where t.station = :station and t.day = :day and {IN_LINE} order by {TURN}
""",
)
_AWAY = Query(
    Ticket,
    f"""
    select {COLUMNS} from tickets t
    where t.station = :station and t.day = :day
      and (t.status = 'papers' or t.status = 'waiting' and t.back_at > :now)
    order by t.back_at nulls last, t.number
""",
)
_HALL = Query(
    Ticket,
    f"""
    select {COLUMNS} from tickets t
    where t.station = :station and t.day = :day and t.called_at is not null and t.status not in ('waiting', 'papers')
    order by t.called_at desc limit {SHOWN_IN_HALL}
""",
)
_ARE_LEFT = Query(
    bool,
    """
    select coalesce(d.issued < d.contingent, s.daily_tickets > 0)
    from stations s left join queue_days d on d.station = s.key and d.day = :day where s.key = :station
""",
)


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter as it is now; `ticket` is who is there."""

    key: str
    number: int
    station: str
    station_name: str
    staffed: bool
    paused: bool
    ticket: Ticket | None = None


_COUNTER = Query(
    Counter,
    """
    select c.key, c.number, c.station, s.name as station_name,
           coalesce(f.active_at >= :midnight, false) as staffed, coalesce(f.paused, false) as paused
    from counters c join stations s on s.key = c.station left join staffed_counters f on f.counter = c.key
    where c.key = :counter
""",
)


@dataclass(frozen=True, slots=True)
class Situation:
    """How a queue stands for a ticket; `ahead` is None while it is not in line."""

    ahead: int | None
    waiting: int
    counters: int
    estimate: Estimate | None


@dataclass(frozen=True, slots=True)
class _Situation:
    """The same before it is worked out; `recent` is how long the people served last took."""

    ahead: int | None
    waiting: int
    counters: int
    recent: list[timedelta]


_SITUATION = Query(
    _Situation,
    f"""
    with line as (
        select t.id, row_number() over (order by {TURN}) - 1 as ahead
        from tickets t where t.station = :station and t.day = :day and {IN_LINE}
    )
    select (select ahead from line where id = :id) as ahead,
           (select count(*) from line) as waiting,
           (select count(*) from staffed_counters f join counters c on c.key = f.counter
            where c.station = :station and f.active_at >= :midnight and not f.paused) as counters,
           (select coalesce(array_agg(lasted), '{{}}') from (
                select closed_at - called_at as lasted from tickets
                where station = :station and day = :day and called_at is not null and outcome in ('served', 'missed')
                order by called_at desc limit {RECENT}) recent) as recent
""",
)


async def load_ticket(conn: AsyncConnection, id: UUID) -> Ticket:
    """A ticket; raises NotFound."""
    found = await _TICKET.first(conn, {"id": id})
    if found is None:
        raise NotFound
    return found


async def station_of_ticket(conn: AsyncConnection, id: UUID) -> str | None:
    """The station of a ticket; None where there is no such ticket."""
    return await _STATION_OF_TICKET.first(conn, {"id": id})


async def station_of_counter(conn: AsyncConnection, counter: str) -> str | None:
    """The station of a counter; None where there is no such counter."""
    return await _STATION_OF_COUNTER.first(conn, {"counter": counter})


async def load_counter(act: Act, counter: str) -> Counter:
    """A counter and who is there; raises NotFound."""
    found = await _COUNTER.first(act.conn, {"counter": counter, "midnight": _midnight(act.now)})
    if found is None:
        raise NotFound
    return replace(found, ticket=await _AT_COUNTER.first(act.conn, {"counter": counter}))


async def load_line(act: Act, station: str) -> list[Ticket]:
    """The people that can be called at a station now, in order."""
    return await _LINE.all(act.conn, _today(station, act.now) | {"now": act.now})


async def load_away(act: Act, station: str) -> list[Ticket]:
    """The people parked or fetching papers at a station now."""
    return await _AWAY.all(act.conn, _today(station, act.now) | {"now": act.now})


async def load_situation(act: Act, station: str, ticket: Ticket | None = None) -> Situation:
    """How the queue of a station stands, for a ticket or for whoever would take the next one."""
    values = _today(station, act.now) | {
        "now": act.now,
        "midnight": _midnight(act.now),
        "id": ticket.id if ticket else None,
    }
    found = await _SITUATION.one(act.conn, values)
    ahead = found.ahead if ticket else found.waiting
    if ahead is None or (ticket and ticket.status is not Status.WAITING):
        return Situation(None, found.waiting, found.counters, None)
    return Situation(ahead, found.waiting, found.counters, estimate(ahead, found.counters, found.recent))


async def are_left(conn: AsyncConnection, station: str, day: date) -> bool:
    """Whether a station, which exists, has tickets left on a day."""
    return await _ARE_LEFT.one(conn, {"station": station, "day": day})


async def load_hall(act: Act, station: str) -> Sequence[Ticket]:
    """The numbers called last at a station, newest first."""
    return await _HALL.all(act.conn, _today(station, act.now))


def _today(station: str, now: datetime) -> dict[str, object]:
    return {"station": station, "day": now.astimezone(BERLIN).date()}


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(BERLIN).date(), time(), BERLIN)
