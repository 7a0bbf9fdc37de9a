"""Carrying out what was decided: all seats in few statements."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from services.appointments.seats.free import Seat
from shared.act import Act

# In the order in which everybody takes seats. What belongs to those concerned gives way: appointments, and what is
# offered to people who wait; to a closure also what is held for forms that are being filled in. An alternative must be
# free.
_TAKE = text("""
    insert into seats (counter, starts_at, appointment, until)
    select counter, start, owner, until
    from unnest(cast(:counters as text[]), cast(:starts as timestamptz[]), cast(:owners as uuid[]),
                cast(:untils as timestamptz[])) as wanted (counter, start, owner, until)
    order by counter, start
    on conflict (counter, starts_at) do update set appointment = excluded.appointment, until = excluded.until
    where seats.until <= :now or seats.appointment = any(:concerned)
       or (seats.until is not null and excluded.appointment = cast(:closure as uuid))
""")
_GIVE_BACK = text("""
    delete from seats s where appointment = any(:concerned) and not exists (
        select from unnest(cast(:counters as text[]), cast(:starts as timestamptz[])) as wanted (counter, start)
        where wanted.counter = s.counter and wanted.start = s.starts_at
    ) returning counter, starts_at
""")
# Who is being served, or has arrived, stays. Another closure may have a seat as well, but no alternative.
_NOT_HAD = text("""
    select count(distinct s.appointment)
    from unnest(cast(:counters as text[]), cast(:starts as timestamptz[]), cast(:owners as uuid[]))
        as wanted (counter, start, owner)
    join seats s on s.counter = wanted.counter and s.starts_at = wanted.start and s.appointment <> wanted.owner
    left join appointments a on a.id = s.appointment
    where wanted.owner is distinct from cast(:closure as uuid) or (
        case when a.id is null then s.appointment not in (select key from closures)
             else a.starts_at > :now and a.status in ('confirmed', 'offered') end
    )
""")


Wanted = tuple[Seat, UUID, datetime | None]
"""A seat, who is to have it, and until when it is kept; None where that is binding."""


async def take_seats(
    act: Act, wanted: Sequence[Wanted], concerned: Sequence[UUID], closure: UUID | None = None
) -> tuple[int, list[Seat]]:
    """Give each appointment the seats it gets instead, and a closure those it takes.

    Args:
        concerned: the appointments and offers that give way: what they have is free for this.
        closure: holds give way to it.

    Returns:
        How many others have one of these seats: where there are any, undo it. Seats that were freed besides: those of
        the concerned that nobody gets.
    """
    values = {
        "counters": [counter for (counter, _), _, _ in wanted],
        "starts": [start for (_, start), _, _ in wanted],
        "owners": [owner for _, owner, _ in wanted],
    }
    given = {"now": act.now, "closure": closure, "concerned": list(concerned)}
    await act.conn.execute(_TAKE, {**values, **given, "untils": [until for _, _, until in wanted]})
    freed = [(counter, start) for counter, start in await act.conn.execute(_GIVE_BACK, {**values, **given})]
    return int((await act.conn.execute(_NOT_HAD, {**values, **given})).scalar_one()), freed
