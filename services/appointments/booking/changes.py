"""Changes of a binding appointment: moved, cancelled, its holder here or not. All run in the caller's transaction."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.domain import COMING, Status, alternative_is_over
from services.appointments.booking.facts import cancelled_fact, missed_fact, rescheduled_fact
from services.appointments.booking.queries import Appointment, load_appointment
from services.appointments.booking.refusals import AlreadyCancelled, AlternativeOver, OtherKind, TimeTaken, TooLate
from services.appointments.booking.wishes import Move, Wish, fulfil
from services.appointments.line.usecases import let_go, pass_on
from services.appointments.offer.domain import Audience
from services.appointments.offer.queries import lock_stop
from shared import retention
from shared.act import Act
from shared.events.appointments import AppointmentCancelled, DecidedBy, KnownReason
from shared.problems import NotFound

_RESCHEDULE = text("""
    with forgotten_later as (update people set delete_after = :delete_after where matter = :id)
    update appointments set version = :version, status = 'confirmed', held_until = null, station = :station,
           counter = :counter, kind = :kind, starts_at = :starts_at, ends_at = :ends_at, state = cast(:state as jsonb)
    where id = :id
""")
_CANCEL = text("""
    with forgotten_later as (update people set delete_after = :delete_after where matter = :id)
    update appointments set version = :version, status = 'cancelled', state = cast(:state as jsonb),
           cancelled_by = :by, cancelled_at = :now
    where id = :id
""")
_ARRIVED = text("update appointments set status = 'arrived' where id = :id and status = 'confirmed'")
_NOT_ARRIVED = text("update appointments set status = 'confirmed' where id = :id and status = 'arrived'")
_MISSED = text("""
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
    found = await _changeable(act, move.id)
    if is_at(found, move.station, move.starts_at):
        return found
    freed = await let_go(act.conn, found.id)
    audience = Audience.PUBLIC if move.by is DecidedBy.CITIZEN else Audience.STAFF
    wish = Wish(move.station, found.services, move.starts_at, found.interpreter)
    try:
        seating, _ = await fulfil(act, found.id, wish, None, audience)
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
    await act.conn.execute(
        _RESCHEDULE,
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
    found = await _changeable(act, id)
    return await save_cancellation(act, found, cancelled_fact(found, by, reason))


async def save_cancellation(act: Act, found: Appointment, fact: AppointmentCancelled) -> Appointment:
    """Save that an appointment was cancelled, free its seats, and record the fact that says so."""
    await act.conn.execute(
        _CANCEL,
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
    await conn.execute(_ARRIVED, {"id": id})


async def take_back_arrival(conn: AsyncConnection, id: UUID) -> None:
    """Note that somebody is not here after all, and expected again; nothing is told to anybody."""
    await conn.execute(_NOT_ARRIVED, {"id": id})


async def note_missed(act: Act, found: Appointment) -> Appointment:
    """Note that nobody came; AppointmentMissed is recorded. The seats stay taken: their time has passed.

    Args:
        found: somebody we expected, locked in the open transaction.
    """
    fact = missed_fact(found)
    values = {"id": found.id, "version": fact.version, "state": fact.appointment.model_dump_json()}
    await act.conn.execute(_MISSED, values)
    await act.record(fact)
    return replace(found, status=Status.MISSED, version=fact.version, state=fact.appointment)


async def _changeable(act: Act, id: UUID) -> Appointment:
    """A binding or offered appointment that has not begun, locked in the open transaction."""
    found = await load_appointment(act.conn, id, for_update=True)
    if found is None or found.state is None:
        raise NotFound
    if found.status is Status.CANCELLED:
        raise AlreadyCancelled
    if alternative_is_over(found.status, found.held_until, act.now):
        raise AlternativeOver
    if found.status not in COMING | {Status.OFFERED} or found.starts_at <= act.now:
        raise TooLate
    return found
