"""Holds: a time is kept while a person fills in the forms."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from services.appointments.booking.domain import HoldOver, NoMoreExtensions, Status, extended, held_until, hold_is_over
from services.appointments.booking.limits import audience_of, check_takings
from services.appointments.booking.numbering import numbering_of
from services.appointments.booking.queries import Appointment, load_appointment
from services.appointments.booking.wishes import Wish, counters_for, fulfil
from services.appointments.line.usecases import let_go, lock_line, pass_on
from services.appointments.locks import Lock
from services.appointments.offer.domain import Audience, keys_of
from services.appointments.offer.queries import grid_of, load_offer, lock_stop
from services.appointments.persons.domain import PersonInput, TypedDetails
from services.appointments.seats.domain import SeatRow
from services.appointments.seats.usecases import load_seats, release_seats, take_seats
from shared.act import Act
from shared.due import Claim, Urgency, Work
from shared.locks import note_lock
from shared.people import Person
from shared.problems import NotFound
from shared.statements import Query, Statement
from shared.takings import COUNT_TAKINGS, NOTE_TAKING, values_of

_MOVE = Query(
    SeatRow,
    """
    with moved as (update appointments set counter = :counter where id = :id)
    delete from seats where appointment = :id and counter <> :counter returning counter, starts_at
""",
)


async def seat_where_spoken(act: Act, held: Appointment, language: str, audience: Audience) -> None:
    """Move a hold to a counter where a language is spoken, if one is free at its time; its old seats pass on.

    Args:
        held: locked in the open transaction.
        audience: which counters are open to whoever asks; staff keep to those kept for them.
    """
    await lock_stop(act.conn, held.station)
    offer, grid = (
        await load_offer(act, held.station, held.services),
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
    freed = await _MOVE.all(act.conn, {"id": held.id, "counter": taken[0]})
    await pass_on(act, [each.seat for each in freed])


HOLD_END = "hold-end"
AGAIN = timedelta(seconds=1)
DRAFT_LIFE = timedelta(hours=2)
"""How long after the end of a hold what was typed is kept, so that another time can be chosen."""

_HOLD = Query(
    list[datetime],
    f"""
    with {NOTE_TAKING}
    insert into appointments (id, version, status, number, station, counter, services, starts_at, ends_at, held_until,
                              kind)
    values (:id, 0, 'held', :number, :station, :counter, :services, :starts_at, :ends_at, :held_until, :kind)
    on conflict (id) do update
    set station = excluded.station, counter = excluded.counter, services = excluded.services,
        starts_at = excluded.starts_at, ends_at = excluded.ends_at, held_until = excluded.held_until,
        kind = excluded.kind
    returning {COUNT_TAKINGS} as takings
""",  # noqa: S608 - no input in it
)
_DETAILS = Statement("""
    update appointments
    set language = :language, interpreter = :interpreter, channels = :channels, page_language = :page_language,
        consent = cast(:consent as text),
        consented_at = case when cast(:consent as text) is null then null
                            when consent = cast(:consent as text) then consented_at
                            else cast(:now as timestamptz) end
    where id = :id
""")
_EXTEND = Statement("""
    with held as (update appointments set held_until = :until, extensions = extensions + 1 where id = :id)
    update seats set until = :until where appointment = :id
""")
_HELD_UNTIL = Query(
    datetime,
    "select held_until from appointments where id = :id and status = 'held' and held_until is not null",
)
_HELD_UNTIL_LOCKED = Query(
    datetime,
    """
    select held_until from appointments where id = :id and status = 'held' and held_until is not null
    for update skip locked
""",
)
_FORGET_DRAFT = Statement("""
    with gone as (delete from appointments where id = :id returning id)
    delete from people where matter in (select id from gone)
""")


async def hold(act: Act, id: UUID, wish: Wish) -> datetime:
    """Keep a time for ten minutes, or until it begins.

    An id that holds another time lets go of it, for those who wait first.

    Args:

    Returns:
        Until when the time is held.

    Raises:
        UnknownChoice, TooMany, NotTogether, NotOffered, TimeTaken, TimesUsedUp
    """
    before = await load_appointment(act.conn, id, lock=Lock.HOLD)
    if before and before.status is not Status.HELD:
        raise HoldOver
    await lock_stop(act.conn, wish.station)
    freed = await let_go(act.conn, id)
    until = held_until(wish.starts_at, act.now)
    wish = replace(wish, language=before.interpreter if before else None)
    seating, count = await fulfil(act, id, replace(wish, audience=audience_of(act)), until)
    await pass_on(act, freed)
    takings = await _HOLD.one(
        act.conn,
        {
            **values_of(act.origin, act.now),
            "id": id,
            "number": before.number if before else numbering_of(act.tools).number(count),
            "station": wish.station,
            "counter": seating.counter,
            "services": keys_of(seating.offer.services),
            "starts_at": seating.starts_at,
            "ends_at": seating.ends_at,
            "held_until": until,
            "kind": seating.kind,
        },
    )
    check_takings(act, takings)
    await act.schedule(Work(HOLD_END, str(id), until, Urgency.DIRECT))
    return until


async def extend_hold(act: Act, id: UUID) -> datetime:
    """Hold a time for ten more minutes, at least ten times (WCAG 2.2, 2.2.1); returns until when.

    Raises:
        NotFound, HoldOver, NoMoreExtensions
    """
    held = await load_held(act, id)
    until = extended(held.held_until or act.now, held.extensions, held.starts_at)
    if until is None:
        raise NoMoreExtensions
    await _EXTEND.run(act.conn, {"id": id, "until": until})
    await act.schedule(Work(HOLD_END, str(id), until, Urgency.DIRECT))
    return until


async def save_details(act: Act, id: UUID, details: TypedDetails, audience: Audience = Audience.PUBLIC) -> None:
    """Keep what was typed with the hold, right or wrong and even when it is over: nothing has to be typed twice.

    Somebody that needs help with a language gets a counter where it is spoken, if one is free.
    """
    draft = await load_appointment(act.conn, id, lock=Lock.HOLD)
    if draft is None or draft.status is not Status.HELD:
        raise NotFound
    typed = details.person
    person = Person(name=typed.name, mail=typed.mail, phone=typed.phone, remarks=typed.remarks)
    await act.tools.people.save(act.conn, id, person)
    await _DETAILS.run(
        act.conn,
        {
            "id": id,
            "language": details.language,
            "interpreter": details.interpreter,
            "channels": list(typed.channels),
            "page_language": details.page_language,
            "consent": details.consent,
            "now": act.now,
        },
    )
    if details.interpreter and not hold_is_over(draft.held_until, act.now):
        await seat_where_spoken(act, draft, details.interpreter, audience)


async def load_details(act: Act, draft: Appointment) -> TypedDetails | None:
    """What was typed into a draft; None when nothing was yet."""
    person = await act.tools.people.load(act.conn, draft.id)
    if person is None:
        return None
    typed = PersonInput(person.name, person.mail or "", person.phone or "", draft.channels, person.remarks or "")
    return TypedDetails(typed, draft.language, draft.interpreter, draft.page_language, draft.consent)


async def end_hold(act: Act, claim: Claim) -> None:
    """Pass on the seats of a hold that ended; a while later, forget it with who was typed into it."""
    id = UUID(claim.key)
    if await _HELD_UNTIL.first(act.conn, {"id": id}) is None:
        return
    note_lock(act.conn, Lock.HOLD)
    until = await _HELD_UNTIL_LOCKED.first(act.conn, {"id": id})
    if until is None:
        # Somebody is at it. Waiting for them would be a deadlock: they may be about to schedule this very work.
        await act.schedule(Work(HOLD_END, claim.key, act.now + AGAIN, Urgency.DIRECT))
        return
    if act.now < until:
        await act.schedule(Work(HOLD_END, claim.key, until, Urgency.DIRECT))
        return
    if seats := await load_seats(act.conn, id):
        await lock_line(act.conn)
        # Until they are passed on the seats stay as they are, free for everybody since the hold ended: a booking of
        # several takes them in order of time, and so does this.
        await pass_on(act, seats)
        await release_seats(act.conn, id)
    if act.now < until + DRAFT_LIFE:
        await act.schedule(Work(HOLD_END, claim.key, until + DRAFT_LIFE, Urgency.BULK))
    else:
        await _FORGET_DRAFT.run(act.conn, {"id": id})


async def load_held(act: Act, id: UUID) -> Appointment:
    """A hold that still lasts; raises NotFound or HoldOver."""
    found = await load_appointment(act.conn, id, lock=Lock.HOLD)
    if found is None:
        raise NotFound
    if found.status is not Status.HELD or hold_is_over(found.held_until, act.now):
        raise HoldOver
    return found
