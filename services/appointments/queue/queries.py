"""Reads of the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.queue.domain import RECENT, Estimate, Status, estimate
from services.appointments.queue.rows import COLUMNS, IN_LINE, TURN, Ticket, ticket_of
from shared.act import Act
from shared.clock import BERLIN
from shared.problems import NotFound
from shared.statements import Statement

SHOWN_IN_HALL = 5

_TICKET = Statement(f"select {COLUMNS} from tickets t where t.id = :id")
_STATION_OF_TICKET = Statement("select station from tickets where id = :id")
_STATION_OF_COUNTER = Statement("select station from counters where key = :counter")
_COUNTER = Statement("""
    select c.key, c.number, c.station, s.name as station_name,
           coalesce(f.active_at >= :midnight, false) as staffed, coalesce(f.paused, false) as paused
    from counters c join stations s on s.key = c.station left join staffed_counters f on f.counter = c.key
    where c.key = :counter
""")
_AT_COUNTER = Statement(f"""
    select {COLUMNS} from tickets t where t.counter = :counter and t.status in ('called', 'serving')
""")
_LINE = Statement(f"""
    select {COLUMNS} from tickets t
    where t.station = :station and t.day = :day and {IN_LINE} order by {TURN}
""")
_AWAY = Statement(f"""
    select {COLUMNS} from tickets t
    where t.station = :station and t.day = :day
      and (t.status = 'papers' or t.status = 'waiting' and t.back_at > :now)
    order by t.back_at nulls last, t.number
""")
_SITUATION = Statement(f"""
    with line as (
        select t.id, row_number() over (order by {TURN}) - 1 as ahead
        from tickets t where t.station = :station and t.day = :day and {IN_LINE}
    )
    select (select ahead from line where id = :id) as ahead,
           (select count(*) from line) as waiting,
           (select count(*) from staffed_counters f join counters c on c.key = f.counter
            where c.station = :station and f.active_at >= :midnight and not f.paused) as counters,
           (select array_agg(lasted) from (
                select closed_at - called_at as lasted from tickets
                where station = :station and day = :day and called_at is not null and outcome in ('served', 'missed')
                order by called_at desc limit {RECENT}) recent) as recent
""")
_HALL = Statement(f"""
    select {COLUMNS} from tickets t
    where t.station = :station and t.day = :day and t.called_at is not null and t.status not in ('waiting', 'papers')
    order by t.called_at desc limit {SHOWN_IN_HALL}
""")
_ARE_LEFT = Statement("""
    select coalesce(d.issued < d.contingent, s.daily_tickets > 0) as are_left
    from stations s left join queue_days d on d.station = s.key and d.day = :day where s.key = :station
""")
_FIGURES = Statement("""
    select day, station, count(*) filter (where appointment is null) as walk_ins,
           count(*) filter (where appointment is not null) as appointments,
           count(*) filter (where outcome = 'served') as served, count(*) filter (where outcome = 'missed') as missed,
           count(*) filter (where outcome = 'returned') as returned,
           count(*) filter (where outcome in ('not_called', 'station_closed')) as not_called,
           avg(first_called_at - issued_at) as wait,
           percentile_cont(0.9) within group (order by first_called_at - issued_at) as long_wait,
           avg(way) as way, avg(processing) as processing
    from tickets where station = :station and day between :first and :last
    group by day, station order by day
""")


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter as it is now; `ticket` is who is there."""

    key: str
    number: int
    station: str
    station_name: str
    staffed: bool
    paused: bool
    ticket: Ticket | None


@dataclass(frozen=True, slots=True)
class Situation:
    """How a queue stands for a ticket; `ahead` is None while it is not in line."""

    ahead: int | None
    waiting: int
    counters: int
    estimate: Estimate | None


async def load_ticket(conn: AsyncConnection, id: UUID) -> Ticket:
    """A ticket; raises NotFound."""
    row = await _TICKET.row(conn, {"id": id})
    if row is None:
        raise NotFound
    return ticket_of(row)


async def station_of_ticket(conn: AsyncConnection, id: UUID) -> str | None:
    """The station of a ticket; None where there is no such ticket."""
    row = await _STATION_OF_TICKET.row(conn, {"id": id})
    return None if row is None else str(row["station"])


async def station_of_counter(conn: AsyncConnection, counter: str) -> str | None:
    """The station of a counter; None where there is no such counter."""
    row = await _STATION_OF_COUNTER.row(conn, {"counter": counter})
    return None if row is None else str(row["station"])


async def load_counter(act: Act, counter: str) -> Counter:
    """A counter and who is there; raises NotFound."""
    row = await _COUNTER.row(act.conn, {"counter": counter, "midnight": _midnight(act.now)})
    if row is None:
        raise NotFound
    ticket = await _AT_COUNTER.row(act.conn, {"counter": counter})
    return Counter(**row, ticket=ticket_of(ticket) if ticket else None)


async def load_line(act: Act, station: str) -> list[Ticket]:
    """The people that can be called at a station now, in order."""
    return [ticket_of(row) for row in await _LINE.rows(act.conn, _today(station, act.now) | {"now": act.now})]


async def load_away(act: Act, station: str) -> list[Ticket]:
    """The people parked or fetching papers at a station now."""
    return [ticket_of(row) for row in await _AWAY.rows(act.conn, _today(station, act.now) | {"now": act.now})]


async def load_situation(act: Act, station: str, ticket: Ticket | None = None) -> Situation:
    """How the queue of a station stands, for a ticket or for whoever would take the next one."""
    values = _today(station, act.now) | {
        "now": act.now,
        "midnight": _midnight(act.now),
        "id": ticket.id if ticket else None,
    }
    row = await _SITUATION.row(act.conn, values)
    ahead = row["ahead"] if ticket else row["waiting"]
    waits = ticket is None or (ticket.status is Status.WAITING and ahead is not None)
    expected = estimate(ahead, row["counters"], row["recent"] or []) if waits else None
    return Situation(ahead if waits else None, row["waiting"], row["counters"], expected)


async def are_left(conn: AsyncConnection, station: str, day: date) -> bool:
    """Whether a station, which exists, has tickets left on a day."""
    return bool((await _ARE_LEFT.row(conn, {"station": station, "day": day}))["are_left"])


async def load_hall(act: Act, station: str) -> Sequence[Ticket]:
    """The numbers called last at a station, newest first."""
    return [ticket_of(row) for row in await _HALL.rows(act.conn, _today(station, act.now))]


async def load_figures(conn: AsyncConnection, station: str, first: date, last: date) -> list[dict[str, object]]:
    """Counts and times per day of a station, made from what the tickets say when asked.

    Times are averages as timedelta: `wait` from the number to the first call (`long_wait`: nine in ten wait less),
    `way` from call to counter, `processing` at counters. None where there is nothing to count.
    """
    rows = await _FIGURES.rows(conn, {"station": station, "first": first, "last": last})
    return [dict(row) for row in rows]


def _today(station: str, now: datetime) -> dict[str, object]:
    return {"station": station, "day": now.astimezone(BERLIN).date()}


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(BERLIN).date(), time(), BERLIN)
