"""Telling who wants to know that it is nearly their turn."""

from sqlalchemy import text

from services.appointments.queue.domain import NEAR
from services.appointments.queue.facts import fact_of
from services.appointments.queue.rows import COLUMNS, IN_LINE, TURN, Ticket, ticket_of
from shared.act import Act
from shared.events.tickets import TicketNear
from shared.statements import Statement

# Of two counters that call at once, each would count the other's ticket as waiting still, and nobody would be told.
_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended('queue ' || :station, 0))")
# A row that is locked is being called at this moment, and needs no telling.
_NEAR = Statement(f"""
    with line as (
        select t.id, row_number() over (order by {TURN}) - 1 as ahead
        from tickets t where t.station = :station and t.day = :day and {IN_LINE}
    ), near as (
        select w.id, line.ahead from line join tickets w on w.id = line.id
        where line.ahead <= {NEAR} and w.to_be_told
        for update of w skip locked
    )
    update tickets t set to_be_told = false, version = version + 1
    from near where t.id = near.id
    returning {COLUMNS}, near.ahead
""")


async def tell_who_is_near(act: Act, gone: Ticket) -> None:
    """Record TicketNear for everybody who now has at most `domain.NEAR` people ahead, once each.

    Args:
        gone: the ticket that left the line in the open transaction.
    """
    if not gone.somebody_to_tell:
        return
    await act.conn.execute(_ONE_AT_A_TIME, {"station": gone.station})
    rows = await _NEAR.rows(act.conn, {"station": gone.station, "day": gone.day, "now": act.now})
    await act.record_all([fact_of(TicketNear, ticket_of(row), ahead=row["ahead"]) for row in rows])
