"""Use cases of the desk. Each checks the station, and writes its deed into the audit log of the same transaction.

Asked for twice, a use case changes nothing the second time.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.appointments.booking import changes
from services.appointments.booking import usecases as booking
from services.appointments.booking.domain import Status
from services.appointments.booking.queries import Appointment, load_appointment, load_by_number
from services.appointments.booking.wishes import Move, Wish
from services.appointments.desk.domain import NotNow, Reason, decision, may_arrive, may_miss
from services.appointments.locks import Lock
from services.appointments.offer.queries import lock_stop
from services.appointments.persons.domain import Details
from services.appointments.queue.refusals import StationNotOpen
from services.appointments.queue.usecases import check_in
from shared.act import Act


async def find(act: Act, number: str) -> Appointment:
    """The appointment of a number, locked.

    Raises:
        Forbidden: there is none at the caller's stations.
        NotFound: there is none at any, and the caller serves all.
    """
    return act.staff.own(await load_by_number(act.conn, number))


async def arrive(act: Act, number: str) -> Appointment:
    """Note that somebody is here, and let them wait for their turn while the station is open.

    Raises:
        NotFound, Forbidden, NotNow
    """
    found = await find(act, number)
    if found.status is Status.ARRIVED:
        return found
    if not may_arrive(found.status, found.starts_at, act.now):
        raise NotNow
    with suppress(StationNotOpen):
        await check_in(act, found)
    await changes.note_arrival(act.conn, found.id)
    await _note(act, "arrived", found)
    return replace(found, status=Status.ARRIVED)


async def take_back_arrival(act: Act, number: str) -> Appointment:
    """Correct an arrival: they are not here after all, and not called until they have arrived again.

    Raises:
        NotFound, Forbidden, NotNow
    """
    found = await find(act, number)
    if found.status is Status.CONFIRMED:
        return found
    if found.status is not Status.ARRIVED:
        raise NotNow
    await changes.take_back_arrival(act.conn, found.id)
    await _note(act, "arrival-taken-back", found)
    return replace(found, status=Status.CONFIRMED)


async def miss(act: Act, number: str) -> Appointment:
    """Note that nobody came; AppointmentMissed is recorded.

    Raises:
        NotFound, Forbidden, NotNow
    """
    found = await find(act, number)
    if found.status is Status.MISSED:
        return found
    if not may_miss(found.status, found.starts_at, act.now):
        raise NotNow
    missed = await changes.note_missed(act, found)
    await _note(act, "missed", found)
    return missed


async def take_alternative(act: Act, number: str) -> Appointment:
    """Take for somebody on the phone the time that is kept for them.

    Raises:
        NotFound, Forbidden, AlreadyCancelled, AlternativeOver
    """
    found = await find(act, number)
    taken = await changes.take_alternative(act, found.id)
    if taken.version != found.version:
        await _note(act, "alternative-taken", found)
    return taken


async def cancel(act: Act, number: str, reason: Reason) -> Appointment:
    """Cancel an appointment for a reason.

    Raises:
        NotFound, Forbidden, TooLate
    """
    found = await find(act, number)
    if found.status is Status.CANCELLED:
        return found
    by, why = decision(reason)
    cancelled = await changes.cancel(act, found.id, by, why)
    await _note(act, "cancelled", found, reason=reason)
    return cancelled


async def move(act: Act, number: str, station: str, starts_at: datetime, reason: Reason) -> Appointment:
    """Move an appointment for a reason, also to a station of others.

    Raises:
        NotFound, Forbidden, AlreadyCancelled, TooLate, UnknownChoice, NotTogether, NotOffered, TimeTaken: undo the open
            transaction, or a savepoint in it, to keep the old time.
    """
    await lock_stop(act.conn, station)
    found = await find(act, number)
    by, why = decision(reason)
    wanted = Move(found.id, station, starts_at, by, why)
    moved = await changes.reschedule(act, wanted)
    if moved.version != found.version:
        await _note(act, "moved", found, reason=reason, to=station, starts_at=moved.starts_at.isoformat())
    return moved


async def book(act: Act, id: UUID, wish: Wish, details: Details) -> Appointment:
    """Book for somebody at the desk or on the phone, whose channels may be none.

    Args:
        id: chosen by the caller, so that a repeated request can be recognised by it.

    Raises:
        Forbidden, UnknownChoice, TooMany, NotTogether, NotOffered, TimeTaken
    """
    act.staff.must_serve(wish.station)
    booked = await booking.book(act, id, wish, details)
    await _note(act, "booked", booked)
    return booked


async def confirm(act: Act, id: UUID, details: Details) -> Appointment:
    """Make a time that is held for somebody their appointment; their channels may be none.

    Raises:
        NotFound, Forbidden, HoldOver
    """
    act.staff.own(await load_appointment(act.conn, id, lock=Lock.HOLD))
    booked = await booking.confirm(act, id, details)
    await _note(act, "booked", booked)
    return booked


async def _note(act: Act, action: str, appointment: Appointment, **details: object) -> None:
    named = {"number": appointment.number, **details}
    await act.note(action, matter=appointment.id, station=appointment.station, **named)
