"""Taking seats, one run for somebody or many at once: an upsert decides who gets them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.locks import Lock
from services.appointments.seats.domain import Seat, SeatRow, WantedSeat
from shared.act import Act
from shared.locks import note_lock
from shared.statements import Query, Statement


@dataclass(frozen=True, slots=True)
class _Taking:
    counter: str | None
    won: int
    counted: int


# Bookings of one person wait for each other, so that each finds the others when they are counted.
# Of the counters of the best rank one is picked by the appointment's id, so that people who book at the same moment
# spread over them.
# An absent seat and one whose hold is over are free; everything else is not, whatever was read before.
_TAKE = Query(
    _Taking,
    """
    with alone as materialized (select pg_advisory_xact_lock(hashtextextended(cast(:person_key as text), 0))),
    chosen as (
        select key from alone, unnest(cast(:counters as text[]), cast(:ranks as int[])) as open (key, rank)
        where not exists (
            select from seats s
            where s.counter = key and s.starts_at = any(:starts) and (s.until is null or s.until > :now)
        )
        order by rank, hashtext(key || cast(cast(:appointment as uuid) as text)) limit 1
    ), taken as (
        insert into seats (counter, starts_at, appointment, until)
        select chosen.key, start, cast(:appointment as uuid), cast(:until as timestamptz)
        from chosen, unnest(cast(:starts as timestamptz[])) with ordinality wanted (start, place) order by place
        on conflict (counter, starts_at) do update set appointment = excluded.appointment, until = excluded.until
        where seats.until <= :now
        returning counter
    )
    select (select key from chosen) as counter, (select count(*) from taken) as won,
           case when exists (select from taken) then nextval('appointment_numbers') else 0 end as counted
""",
)
_BEFORE = Statement("savepoint before_seats")
_BACK = Statement("rollback to savepoint before_seats")
_OWNED = Query(SeatRow, "select counter, starts_at from seats where appointment = :appointment order by starts_at")
_RELEASE = Query(SeatRow, "delete from seats where appointment = :appointment returning counter, starts_at")


async def take_seats(
    act: Act,
    appointment: UUID,
    counters: Mapping[str, int],
    starts: Sequence[datetime],
    until: datetime | None,
    person_key: str | None = None,
) -> tuple[str, int] | None:
    """Take consecutive seats at one of some counters, all or none.

    Args:
        counters: with their ranks; the smallest is taken first.
        starts: the seats, in order of time, so that two who compete wait for each other instead of deadlocking.
        until: when a hold ends; None books, or offers to one who waits.
        person_key: whose booking it is, if that is known yet.

    Returns:
        The counter and a new count for the appointment's number; None when no counter has all seats free.
    """
    values = {
        "appointment": appointment,
        "counters": list(counters),
        "ranks": list(counters.values()),
        "starts": list(starts),
        "until": until,
        "now": act.now,
        "person_key": person_key,
    }
    if person_key is not None:
        note_lock(act.conn, Lock.PERSON)
    if len(starts) > 1:
        await _BEFORE.run(act.conn)
    while True:
        taking = await _TAKE.one(act.conn, values)
        if taking.counter is None:
            return None
        if taking.won == len(starts):
            return taking.counter, taking.counted
        if taking.won:
            # Somebody was faster at one of the seats. Going back to the savepoint frees the others for those who wait
            # for them; deleting the rows would keep them locked, and two such losers could block each other.
            await _BACK.run(act.conn)


async def load_seats(conn: AsyncConnection, owner: UUID) -> list[Seat]:
    """The seats of an appointment, hold or offer, in order of time."""
    return [each.seat for each in await _OWNED.all(conn, {"appointment": owner})]


async def release_seats(conn: AsyncConnection, owner: UUID) -> list[Seat]:
    """Free all seats of an appointment, hold or offer at once.

    Nobody else sees them free before the transaction ends; until then they can be passed on to who waits for them
    (`services/appointments/line/usecases.py`).
    """
    return [each.seat for each in await _RELEASE.all(conn, {"appointment": owner})]


# In the order in which everybody takes seats. What belongs to those concerned gives way: appointments, and what is
# offered to people who wait; to a closure also what is held for forms that are being filled in. An alternative must be
# free.
_GIVE = Statement("""
    insert into seats (counter, starts_at, appointment, until)
    select counter, start, owner, until
    from unnest(cast(:counters as text[]), cast(:starts as timestamptz[]), cast(:owners as uuid[]),
                cast(:untils as timestamptz[])) as wanted (counter, start, owner, until)
    order by counter, start
    on conflict (counter, starts_at) do update set appointment = excluded.appointment, until = excluded.until
    where seats.until <= :now or seats.appointment = any(:concerned)
       or (seats.until is not null and excluded.appointment = cast(:closure as uuid))
""")


_GIVE_BACK = Query(
    SeatRow,
    """
    delete from seats s where appointment = any(:concerned) and not exists (
        select from unnest(cast(:counters as text[]), cast(:starts as timestamptz[])) as wanted (counter, start)
        where wanted.counter = s.counter and wanted.start = s.starts_at
    ) returning counter, starts_at
""",
)


# Who is being served, or has arrived, stays. Another closure may have a seat as well, but no alternative.
_NOT_HAD = Query(
    int,
    """
    select count(distinct s.appointment)
    from unnest(cast(:counters as text[]), cast(:starts as timestamptz[]), cast(:owners as uuid[]))
        as wanted (counter, start, owner)
    join seats s on s.counter = wanted.counter and s.starts_at = wanted.start and s.appointment <> wanted.owner
    left join appointments a on a.id = s.appointment
    where wanted.owner is distinct from cast(:closure as uuid) or (
        case when a.id is null then s.appointment not in (select key from closures)
             else a.starts_at > :now and a.status in ('confirmed', 'offered') end
    )
""",
)


async def give_seats(
    act: Act, wanted: Sequence[WantedSeat], concerned: Sequence[UUID], closure: UUID | None = None
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
    await _GIVE.run(act.conn, {**values, **given, "untils": [until for _, _, until in wanted]})
    freed = await _GIVE_BACK.all(act.conn, {**values, **given})
    return await _NOT_HAD.one(act.conn, {**values, **given}), [each.seat for each in freed]
