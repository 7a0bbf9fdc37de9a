"""The end of a day: people not called go home, and what is known of tickets is forgotten in time."""

from datetime import date, datetime

from services.appointments.offer.domain import Station
from services.appointments.queue.domain import AFTER_HOURS, last_closing
from services.appointments.queue.facts import fact_of
from services.appointments.queue.queries import CLOSED, CLOSED_TO_TELL, CLOSING, Ticket
from shared import retention
from shared.act import Act
from shared.due import Claim, Urgency, Work
from shared.events.base import About
from shared.events.tickets import TicketClosed
from shared.statements import Query, Statement

QUEUE_END = "queue-end"
QUEUE_TIDYING = "queue-tidying"
QUEUE_FORGETTING = "queue-forgetting"

_NOT_CALLED = Query(
    Ticket,
    f"""
    update tickets t
    set status = 'closed', outcome = 'not_called', closed_at = :now, version = version + 1, {CLOSING}
    where t.station = :station and t.day = :day and t.status in ('waiting', 'papers')
    returning {CLOSED}
""",
)
_SERVED = Query(
    Ticket,
    f"""
    update tickets t
    set status = 'closed', outcome = 'served', closed_at = :now, version = version + 1, {CLOSING}
    where t.station = :station and t.day = :day and t.status in ('called', 'serving')
    returning {CLOSED}
""",
)
_STATION_CLOSED = Query(
    Ticket,
    f"""
    update tickets t
    set status = 'closed', outcome = 'station_closed', closed_at = :now, version = version + 1, {CLOSING}
    where t.station = :station and t.day = :day and t.status in ('waiting', 'papers')
    returning {CLOSED_TO_TELL}
""",
)
_WAITING = Query(
    int,
    "select count(*) from tickets where station = :station and day = :day and status in ('waiting', 'papers')",
)
_FORGET = Statement("""
    with gone as (delete from tickets where station = :station and day = :day)
    delete from queue_days where station = :station and day = :day
""")


async def schedule_end(act: Act, station: str, closes_at: datetime) -> None:
    """See to it that the day of a station's queue ends when the station closes."""
    key = _key(station, closes_at)
    await act.schedule(
        Work(QUEUE_END, key, closes_at, Urgency.REMINDER),
        Work(QUEUE_TIDYING, key, closes_at + AFTER_HOURS, Urgency.BULK),
        Work(QUEUE_FORGETTING, key, closes_at + retention.LEDGER, Urgency.BULK),
        once=True,
    )


async def move_end(act: Act, station: Station) -> None:
    """Let today's queue end when the station closes now that its hours are others; one that is over stays so."""
    closes_at = last_closing(station, act.now)
    if closes_at and closes_at > act.now:
        await act.schedule(Work(QUEUE_END, _key(station.key, closes_at), closes_at, Urgency.REMINDER))


async def end_queue(act: Act, claim: Claim) -> None:
    """Close the tickets nobody called; TicketClosed is recorded for each."""
    await _close(act, claim, _NOT_CALLED)


async def tidy_up(act: Act, claim: Claim) -> None:
    """Close what still stands at a counter hours after closing time: the people there have long been served."""
    await _close(act, claim, _SERVED)


async def count_waiting(act: Act, station: str) -> int:
    """How many wait at a station today, or fetch papers."""
    return await _WAITING.one(act.conn, {"station": station, "day": act.today})


async def send_home(act: Act, station: str, about: About) -> None:
    """Close the tickets of everybody who waits at a station that has to close; TicketClosed is recorded for each.

    Args:
        about: the closure.
    """
    values = {"station": station, "day": act.today, "now": act.now}
    closed = await _STATION_CLOSED.all(act.conn, values)
    await act.record_all([fact_of(TicketClosed, each, about=about) for each in closed])


async def forget_queue(act: Act, claim: Claim) -> None:
    """Forget the tickets of a day, and with them the figures made of them."""
    await _FORGET.run(act.conn, _which(claim))


async def _close(act: Act, claim: Claim, query: Query[Ticket]) -> None:
    closed = await query.all(act.conn, _which(claim) | {"now": act.now})
    await act.record_all([fact_of(TicketClosed, each) for each in closed])


def _key(station: str, closes_at: datetime) -> str:
    return f"{station} {closes_at.date()}"


def _which(claim: Claim) -> dict[str, object]:
    station, day = claim.key.split(" ")
    return {"station": station, "day": date.fromisoformat(day)}
