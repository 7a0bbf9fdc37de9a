"""A counter where a person's language is spoken, found once they have said which that is."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.queries import Appointment
from services.appointments.booking.seats import load_seats, take_seats
from services.appointments.booking.wishes import counters_for
from services.appointments.offer.domain import Audience
from services.appointments.offer.queries import grid_of, load_offer, lock_stop
from services.appointments.waiting.line import lock_line, pass_on
from shared.clock import BERLIN
from shared.tools import Tools

_MOVE = text("""
    with moved as (update appointments set counter = :counter where id = :id)
    delete from seats where appointment = :id and counter <> :counter returning counter, starts_at
""")


async def seat_where_spoken(
    conn: AsyncConnection, tools: Tools, held: Appointment, language: str, audience: Audience, now: datetime
) -> None:
    """Move a hold to a counter where a language is spoken, if one is free at its time; its old seats pass on.

    Args:
        held: locked in the open transaction.
        audience: which counters are open to whoever asks; staff keep to those kept for them.
    """
    await lock_stop(conn, held.station)
    offer, grid = (
        await load_offer(conn, now.astimezone(BERLIN).date(), held.station, held.services),
        grid_of(tools.city),
    )
    order = counters_for(offer, held.starts_at, language, audience, grid, now)
    better = {counter: rank for counter, rank in order.items() if rank < order.get(held.counter, 0)}
    if not better:
        return
    await lock_line(conn)
    starts = [start for _, start in await load_seats(conn, held.id)]
    if not starts or (taken := await take_seats(conn, held.id, better, starts, held.held_until, now)) is None:
        return
    freed = await conn.execute(_MOVE, {"id": held.id, "counter": taken[0]})
    await pass_on(conn, tools, [(counter, start) for counter, start in freed], now)
