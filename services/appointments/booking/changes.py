"""Changes of a binding appointment: moved, cancelled, its holder here or not. All run in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.domain import (
    COMING,
    AlreadyCancelled,
    AlternativeOver,
    OtherKind,
    Status,
    TimeTaken,
    TooLate,
    alternative_is_over,
)
from services.appointments.booking.facts import cancelled_fact, missed_fact, rescheduled_fact, taken_fact
from services.appointments.booking.queries import Appointment, load_appointment
from services.appointments.booking.wishes import Move, Wish, fulfil
from services.appointments.line.usecases import let_go, pass_on
from services.appointments.locks import Lock
from services.appointments.offer.domain import Audience
from services.appointments.offer.queries import grid_of, load_offer, lock_stop
from shared import retention
from shared.act import Act
from shared.due import Claim, Urgency, Work
from shared.events.appointments import AppointmentCancelled, AppointmentFact, DecidedBy, KnownReason
from shared.problems import NotFound
from shared.statements import Statement

ALTERNATIVE_END = "alternative-end"


_KEEP_SEATS = Statement("update seats set until = null where appointment = :id")


_TAKE = Statement("""
    update appointments set version = :version, status = 'confirmed', held_until = null, state = cast(:state as jsonb)
    where id = :id
""")


def end_of(fact: AppointmentFact) -> Work:
    """The end of an offered alternative, as due work of its own for each offer."""
    assert fact.appointment.instead_of is not None, "an offered appointment has one"
    return Work(ALTERNATIVE_END, f"{fact.id} {fact.version}", fact.appointment.instead_of.until, Urgency.DIRECT)


async def take_alternative(act: Act, id: UUID) -> Appointment:
    """Take the time that is kept: it is binding, AppointmentRescheduled is recorded. Sent again it changes nothing.

    Raises:
        NotFound, AlreadyCancelled
        AlternativeOver: the deadline has passed.
    """
    found = await load_appointment(act.conn, id, lock=Lock.APPOINTMENT)
    if found is None or found.state is None:
        raise NotFound
    if found.status is Status.CANCELLED:
        raise AlreadyCancelled
    if found.status is not Status.OFFERED:
        return found
    # `now` is when the request came: since then the offer may have ended and somebody else may have a seat.
    kept = await _KEEP_SEATS.run(act.conn, {"id": id})
    needed = grid_of(act.tools.city).slots_in(found.ends_at - found.starts_at)
    if alternative_is_over(found.status, found.held_until, act.now) or kept != needed:
        raise AlternativeOver
    [station] = (await load_offer(act, found.station, ())).stations
    fact = taken_fact(found, station.delay_minutes)
    await _TAKE.run(act.conn, {"id": id, "version": fact.version, "state": fact.appointment.model_dump_json()})
    await act.record(fact)
    return replace(found, version=fact.version, status=Status.CONFIRMED, held_until=None, state=fact.appointment)


async def end_alternative(act: Act, claim: Claim) -> None:
    """Cancel an appointment whose alternative was not taken in time, unless something else has become of it."""
    id, version = claim.key.split(" ")
    found = await load_appointment(act.conn, UUID(id), lock=Lock.APPOINTMENT)
    if found and found.version == int(version) and alternative_is_over(found.status, found.held_until, act.now):
        await save_cancellation(act, found, cancelled_fact(found, DecidedBy.CITY, KnownReason.NOT_TAKEN))


_RESCHEDULE = Statement("""
    with forgotten_later as (update people set delete_after = :delete_after where matter = :id)
    update appointments set version = :version, status = 'confirmed', held_until = null, station = :station,
           counter = :counter, kind = :kind, starts_at = :starts_at, ends_at = :ends_at, state = cast(:state as jsonb)
    where id = :id
""")
_CANCEL = Statement("""
    with forgotten_later as (update people set delete_after = :delete_after where matter = :id)
    update appointments set version = :version, status = 'cancelled', state = cast(:state as jsonb),
           cancelled_by = :by, cancelled_at = :now
    where id = :id
""")
_ARRIVED = Statement("update appointments set status = 'arrived' where id = :id and status = 'confirmed'")
_NOT_ARRIVED = Statement("update appointments set status = 'confirmed' where id = :id and status = 'arrived'")
_MISSED = Statement("""
    update appointments set status = 'missed', version = :version, state = cast(:state as jsonb) where id = :id
""")


async def reschedule(act: Act, move: Move) -> Appointment:
    """Move an appointment, which keeps its number and its link; AppointmentRescheduled is recorded.

    Its old seats are free at once, for the new time as well; those not needed for it pass on to who waits for them.
    Moved to where it is already (`is_at`), nothing happens.

    Raises:
        NotFound, AlreadyCancelled, AlternativeOver, TooLate, UnknownChoice, NotTogether, NotOffered, TimeTaken,
            OtherKind: undo the open transaction, or a savepoint in it, to keep the old time.
    """
    await lock_stop(act.conn, move.station)
    found = await changeable(act, move.id)
    if is_at(found, move.station, move.starts_at):
        return found
    freed = await let_go(act.conn, found.id)
    audience = Audience.PUBLIC if move.by is DecidedBy.CITIZEN else Audience.STAFF
    wish = Wish(move.station, found.services, move.starts_at, found.interpreter, audience)
    try:
        seating, _ = await fulfil(act, found.id, wish, None)
    except TimeTaken as taken:
        raise TimeTaken([time for time in taken.nearest if not is_at(found, *time)]) from taken
    if seating.kind.in_person != found.kind.in_person:
        raise OtherKind
    fact = rescheduled_fact(found, seating, move.by, move.reason)
    moved = replace(
        found,
        version=fact.version,
        status=Status.CONFIRMED,
        held_until=None,
        station=move.station,
        counter=seating.counter,
        kind=seating.kind,
        starts_at=seating.starts_at,
        ends_at=seating.ends_at,
        state=fact.appointment,
    )
    await _RESCHEDULE.run(
        act.conn,
        {
            "id": found.id,
            "version": moved.version,
            "station": moved.station,
            "counter": moved.counter,
            "kind": moved.kind,
            "starts_at": moved.starts_at,
            "ends_at": moved.ends_at,
            "state": fact.appointment.model_dump_json(),
            "delete_after": moved.ends_at + retention.PERSON_AFTER_MATTER,
        },
    )
    await act.record(fact)
    await pass_on(act, freed)
    return moved


def is_at(found: Appointment, station: str, starts_at: datetime) -> bool:
    """Whether an appointment takes place there and then already, so that moving it there changes nothing.

    A time that is only kept for somebody is not theirs yet.
    """
    return found.status is not Status.OFFERED and (found.station, found.starts_at) == (station, starts_at)


async def cancel(act: Act, id: UUID, by: DecidedBy, reason: KnownReason | None) -> Appointment:
    """Cancel an appointment: its seats pass on to who waits for them, or are free at once.

    AppointmentCancelled is recorded.

    Args:
        reason: which of the city's; it is published, so never what a citizen wrote.

    Raises:
        NotFound, AlreadyCancelled, AlternativeOver, TooLate
    """
    found = await changeable(act, id)
    return await save_cancellation(act, found, cancelled_fact(found, by, reason))


async def save_cancellation(act: Act, found: Appointment, fact: AppointmentCancelled) -> Appointment:
    """Save that an appointment was cancelled, free its seats, and record the fact that says so."""
    await _CANCEL.run(
        act.conn,
        {
            "id": found.id,
            "version": fact.version,
            "state": fact.appointment.model_dump_json(),
            "by": fact.by,
            "now": act.now,
            "delete_after": act.now + retention.PERSON_AFTER_MATTER,
        },
    )
    await act.record(fact)
    await pass_on(act, await let_go(act.conn, found.id))
    return replace(
        found,
        version=fact.version,
        status=Status.CANCELLED,
        state=fact.appointment,
        cancelled_by=fact.by,
        cancelled_at=act.now,
    )


async def note_arrival(conn: AsyncConnection, id: UUID) -> None:
    """Note that somebody whom we expect is here; nothing is told to anybody."""
    await _ARRIVED.run(conn, {"id": id})


async def take_back_arrival(conn: AsyncConnection, id: UUID) -> None:
    """Note that somebody is not here after all, and expected again; nothing is told to anybody."""
    await _NOT_ARRIVED.run(conn, {"id": id})


async def note_missed(act: Act, found: Appointment) -> Appointment:
    """Note that nobody came; AppointmentMissed is recorded. The seats stay taken: their time has passed.

    Args:
        found: somebody we expected, locked in the open transaction.
    """
    fact = missed_fact(found)
    values = {"id": found.id, "version": fact.version, "state": fact.appointment.model_dump_json()}
    await _MISSED.run(act.conn, values)
    await act.record(fact)
    return replace(found, status=Status.MISSED, version=fact.version, state=fact.appointment)


async def changeable(act: Act, id: UUID) -> Appointment:
    """A binding or offered appointment that has not begun, locked in the open transaction."""
    found = await load_appointment(act.conn, id, lock=Lock.APPOINTMENT)
    if found is None or found.state is None:
        raise NotFound
    if found.status is Status.CANCELLED:
        raise AlreadyCancelled
    if alternative_is_over(found.status, found.held_until, act.now):
        raise AlternativeOver
    if found.status not in COMING | {Status.OFFERED} or found.starts_at <= act.now:
        raise TooLate
    return found


_CHANGE = Statement("""
    with changed as (
        select * from unnest(
            cast(:ids as uuid[]), cast(:versions as integer[]), cast(:statuses as text[]), cast(:stations as text[]),
            cast(:at_counters as text[]), cast(:kinds as text[]), cast(:starts_at as timestamptz[]),
            cast(:ends_at as timestamptz[]), cast(:held_until as timestamptz[]), cast(:states as text[]),
            cast(:delete_after as timestamptz[])
        ) as changed (id, version, status, station, counter, kind, starts_at, ends_at, held_until, state, delete_after)
    ), forgotten_later as (
        update people set delete_after = changed.delete_after from changed where matter = changed.id
    )
    update appointments a
    set version = changed.version, status = changed.status, station = changed.station, counter = changed.counter,
        kind = changed.kind, starts_at = changed.starts_at, ends_at = changed.ends_at, held_until = changed.held_until,
        state = cast(changed.state as jsonb), closure = coalesce(:closure, closure),
        cancelled_by = case when changed.status = 'cancelled' then 'city' end,
        cancelled_at = case when changed.status = 'cancelled' then cast(:now as timestamptz) end
    from changed where a.id = changed.id
""")


async def change_appointments(act: Act, facts: Sequence[AppointmentFact], closure: UUID | None = None) -> None:
    """Save what becomes of some appointments, and record the facts that say so.

    Args:
        facts: of appointments that are locked in the open transaction.
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
        "kinds": [state.kind for state in states],
        "starts_at": [state.starts_at for state in states],
        "ends_at": [state.ends_at for state in states],
        "held_until": [state.instead_of and state.instead_of.until for state in states],
        "states": [state.model_dump_json() for state in states],
        "delete_after": [
            (act.now if state.status == "cancelled" else state.ends_at) + retention.PERSON_AFTER_MATTER
            for state in states
        ],
        "closure": closure,
        "now": act.now,
    }
    await _CHANGE.run(act.conn, values)
    await act.record_all(list(facts))
    await act.schedule(*[end_of(fact) for fact in facts if fact.appointment.status == "offered"])
