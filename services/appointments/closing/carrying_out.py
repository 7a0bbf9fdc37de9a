"""Carrying out what was decided: all seats, all appointments and all facts in one statement each."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.alternatives import end_of
from services.appointments.closing.domain import Proposal, answer_until
from services.appointments.closing.free_seats import Seat
from shared import retention
from shared.events.appointments import AppointmentFact
from shared.service import Service

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
_CHANGE = text("""
    with changed as (
        select * from unnest(
            cast(:ids as uuid[]), cast(:versions as integer[]), cast(:statuses as text[]), cast(:stations as text[]),
            cast(:at_counters as text[]), cast(:starts_at as timestamptz[]), cast(:ends_at as timestamptz[]),
            cast(:held_until as timestamptz[]), cast(:kinds as text[]), cast(:states as text[]),
            cast(:delete_after as timestamptz[])
        ) as changed (id, version, status, station, counter, starts_at, ends_at, held_until, kind, state, delete_after)
    ), forgotten_later as (
        update people set delete_after = changed.delete_after from changed where matter = changed.id
    )
    update appointments a
    set version = changed.version, status = changed.status, station = changed.station, counter = changed.counter,
        starts_at = changed.starts_at, ends_at = changed.ends_at, held_until = changed.held_until,
        kind = changed.kind, state = cast(changed.state as jsonb),
        closure = coalesce(cast(:closure as uuid), a.closure),
        cancelled_by = case when changed.status = 'cancelled' then 'city' end,
        cancelled_at = case when changed.status = 'cancelled' then cast(:now as timestamptz) end
    from changed where a.id = changed.id
""")


Wanted = tuple[Seat, UUID, datetime | None]
"""A seat, who is to have it, and until when it is kept; None where that is binding."""


def wanted_instead(appointments: Iterable[UUID], decided: Iterable[Proposal], now: datetime) -> list[Wanted]:
    """The seats each appointment gets instead of its own."""
    wanted: list[Wanted] = []
    for id, proposal in zip(appointments, decided, strict=True):
        if run := proposal.run:
            until = answer_until(run.starts[0], now) if proposal.is_offer else None
            wanted += [((run.counter, start), id, until) for start in run.starts]
    return wanted


async def take_seats(
    conn: AsyncConnection,
    wanted: Sequence[Wanted],
    concerned: Sequence[UUID],
    now: datetime,
    closure: UUID | None = None,
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
    given = {"now": now, "closure": closure, "concerned": list(concerned)}
    await conn.execute(_TAKE, {**values, **given, "untils": [until for _, _, until in wanted]})
    freed = [(counter, start) for counter, start in await conn.execute(_GIVE_BACK, {**values, **given})]
    return int((await conn.execute(_NOT_HAD, {**values, **given})).scalar_one()), freed


async def change_appointments(
    conn: AsyncConnection,
    service: Service,
    facts: Sequence[AppointmentFact],
    cause: UUID,
    now: datetime,
    closure: UUID | None = None,
) -> None:
    """Save what becomes of appointments that cannot take place as booked, and record the facts that say so.

    Args:
        cause: the fact they follow from.
        closure: the closure that concerns them, if it is one.
    """
    if not facts:
        return
    states = [fact.appointment for fact in facts]
    values = {
        "ids": [fact.id for fact in facts],
        "versions": [fact.version for fact in facts],
        "statuses": [state.status for state in states],
        "stations": [state.place.key for state in states],
        "at_counters": [state.counter for state in states],
        "starts_at": [state.starts_at for state in states],
        "ends_at": [state.ends_at for state in states],
        "held_until": [state.instead_of and state.instead_of.until for state in states],
        "kinds": [state.kind for state in states],
        "states": [state.model_dump_json() for state in states],
        "delete_after": [
            (now if state.status == "cancelled" else state.ends_at) + retention.PERSON_AFTER_MATTER for state in states
        ],
        "closure": closure,
        "now": now,
    }
    await conn.execute(_CHANGE, values)
    await service.outbox.record_all(conn, [(fact, cause) for fact in facts])
    await service.due.schedule(conn, *[end_of(fact) for fact in facts if fact.appointment.status == "offered"])
