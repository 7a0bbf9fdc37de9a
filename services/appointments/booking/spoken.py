"""A counter where a person's language is spoken, found once they have said which that is."""

from sqlalchemy import text

from services.appointments.booking.queries import Appointment
from services.appointments.booking.wishes import counters_for
from services.appointments.line.usecases import lock_line, pass_on
from services.appointments.offer.domain import Audience
from services.appointments.offer.queries import grid_of, load_offer, lock_stop
from services.appointments.seats.usecases import load_seats, take_seats
from shared.act import Act

_MOVE = text("""
    with moved as (update appointments set counter = :counter where id = :id)
    delete from seats where appointment = :id and counter <> :counter returning counter, starts_at
""")


async def seat_where_spoken(act: Act, held: Appointment, language: str, audience: Audience) -> None:
    """Move a hold to a counter where a language is spoken, if one is free at its time; its old seats pass on.

    Args:
        held: locked in the open transaction.
        audience: which counters are open to whoever asks; staff keep to those kept for them.
    """
    await lock_stop(act.conn, held.station)
    offer, grid = (
        await load_offer(act.conn, act.today, held.station, held.services),
        grid_of(act.tools.city),
    )
    order = counters_for(offer, held.starts_at, language, audience, grid, act.now)
    better = {counter: rank for counter, rank in order.items() if rank < order.get(held.counter, 0)}
    if not better:
        return
    await lock_line(act.conn)
    starts = [start for _, start in await load_seats(act.conn, held.id)]
    if not starts or (taken := await take_seats(act, held.id, better, starts, held.held_until)) is None:
        return
    freed = await act.conn.execute(_MOVE, {"id": held.id, "counter": taken[0]})
    await pass_on(act, [(counter, start) for counter, start in freed])
