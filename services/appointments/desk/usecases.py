"""Use cases of the desk. Each checks the station, and writes its deed into the audit log of the same transaction.

Asked for twice, a use case changes nothing the second time.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking import alternatives, changes
from services.appointments.booking import usecases as booking
from services.appointments.booking.domain import Status
from services.appointments.booking.queries import Appointment, load_appointment, load_by_number
from services.appointments.booking.wishes import Details, Move, Wish
from services.appointments.desk.domain import Reason, decision, may_arrive, may_miss
from services.appointments.desk.refusals import NotNow
from services.appointments.queue.refusals import StationNotOpen
from services.appointments.queue.usecases import check_in
from shared import audit
from shared.auth import Caller
from shared.tools import Tools


class Desk(NamedTuple):
    """The member of staff that does something, when, and in which transaction."""

    conn: AsyncConnection
    tools: Tools
    who: Caller
    now: datetime

    async def note(self, action: str, appointment: Appointment, **details: object) -> None:
        """Write a deed into the audit log."""
        await audit.note(
            self.conn,
            self.who,
            action,
            self.now,
            matter=appointment.id,
            station=appointment.station,
            number=appointment.number,
            **details,
        )


async def find(desk: Desk, number: str) -> Appointment:
    """The appointment of a number, locked.

    Raises:
        Forbidden: there is none at the caller's stations.
        NotFound: there is none at any, and the caller serves all.
    """
    return desk.who.own(await load_by_number(desk.conn, number))


async def arrive(desk: Desk, number: str) -> Appointment:
    """Note that somebody is here, and let them wait for their turn while the station is open.

    Raises:
        NotFound, Forbidden, NotNow
    """
    found = await find(desk, number)
    if found.status is Status.ARRIVED:
        return found
    if not may_arrive(found.status, found.starts_at, desk.now):
        raise NotNow
    with suppress(StationNotOpen):
        await check_in(desk.conn, desk.tools, found, desk.now)
    await changes.note_arrival(desk.conn, found.id)
    await desk.note("arrived", found)
    return replace(found, status=Status.ARRIVED)


async def take_back_arrival(desk: Desk, number: str) -> Appointment:
    """Correct an arrival: they are not here after all, and not called until they have arrived again.

    Raises:
        NotFound, Forbidden, NotNow
    """
    found = await find(desk, number)
    if found.status is Status.CONFIRMED:
        return found
    if found.status is not Status.ARRIVED:
        raise NotNow
    await changes.take_back_arrival(desk.conn, found.id)
    await desk.note("arrival-taken-back", found)
    return replace(found, status=Status.CONFIRMED)


async def miss(desk: Desk, number: str) -> Appointment:
    """Note that nobody came; AppointmentMissed is recorded.

    Raises:
        NotFound, Forbidden, NotNow
    """
    found = await find(desk, number)
    if found.status is Status.MISSED:
        return found
    if not may_miss(found.status, found.starts_at, desk.now):
        raise NotNow
    missed = await changes.note_missed(desk.conn, desk.tools, found)
    await desk.note("missed", found)
    return missed


async def take_alternative(desk: Desk, number: str) -> Appointment:
    """Take for somebody on the phone the time that is kept for them.

    Raises:
        NotFound, Forbidden, AlreadyCancelled, AlternativeOver
    """
    found = await find(desk, number)
    taken = await alternatives.take_alternative(desk.conn, desk.tools, found.id, desk.now)
    if taken.version != found.version:
        await desk.note("alternative-taken", found)
    return taken


async def cancel(desk: Desk, number: str, reason: Reason) -> Appointment:
    """Cancel an appointment for a reason.

    Raises:
        NotFound, Forbidden, TooLate
    """
    found = await find(desk, number)
    if found.status is Status.CANCELLED:
        return found
    by, why = decision(reason)
    cancelled = await changes.cancel(desk.conn, desk.tools, found.id, by, why, desk.now)
    await desk.note("cancelled", found, reason=reason)
    return cancelled


async def move(desk: Desk, number: str, station: str, starts_at: datetime, reason: Reason) -> Appointment:
    """Move an appointment for a reason, also to a station of others.

    Raises:
        NotFound, Forbidden, AlreadyCancelled, TooLate, UnknownChoice, NotTogether, NotOffered, TimeTaken: undo the open
            transaction, or a savepoint in it, to keep the old time.
    """
    found = await find(desk, number)
    by, why = decision(reason)
    wanted = Move(found.id, station, starts_at, by, why)
    moved = await changes.reschedule(desk.conn, desk.tools, wanted, desk.now)
    if moved.version != found.version:
        await desk.note("moved", found, reason=reason, to=station, starts_at=moved.starts_at.isoformat())
    return moved


async def book(desk: Desk, id: UUID, wish: Wish, details: Details) -> Appointment:
    """Book for somebody at the desk or on the phone, whose channels may be none.

    Args:
        id: chosen by the caller, so that a repeated request can be recognised by it.

    Raises:
        Forbidden, UnknownChoice, TooMany, NotTogether, NotOffered, TimeTaken
    """
    desk.who.must_serve(wish.station)
    booked = await booking.book(desk.conn, desk.tools, id, wish, details, desk.now)
    await desk.note("booked", booked)
    return booked


async def confirm(desk: Desk, id: UUID, details: Details) -> Appointment:
    """Make a time that is held for somebody their appointment; their channels may be none.

    Raises:
        NotFound, Forbidden, HoldOver
    """
    desk.who.own(await load_appointment(desk.conn, id, for_update=True))
    booked = await booking.confirm(desk.conn, desk.tools, id, details, desk.now)
    await desk.note("booked", booked)
    return booked
