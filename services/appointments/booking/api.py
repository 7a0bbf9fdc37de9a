"""Booking as JSON, for machines and staff tools."""

from uuid import UUID, uuid4

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking import changes, usecases
from services.appointments.booking.bodies import (
    AppointmentOut,
    BookingIn,
    HoldOut,
    NewTimeIn,
    WishIn,
    appointment_out,
    calendar_answer,
)
from services.appointments.booking.changes import take_alternative
from services.appointments.booking.facts import MANAGE
from services.appointments.booking.holds import extend_hold, hold
from services.appointments.booking.queries import Appointment, load_appointment
from services.appointments.locks import Lock
from shared.act import Act
from shared.events.appointments import DecidedBy
from shared.http import CurrentAct, api_router, problems
from shared.idempotency import IdempotencyKey, claim_key, digest
from shared.problems import FieldError, InvalidInput, NotFound

router = api_router("/appointments/api/v1", "booking")

HOLD_LINK = "hold"


@router.post("/holds", status_code=201, responses=problems(409, 422, 429))
async def hold_time(act: CurrentAct, wish: WishIn, key: IdempotencyKey = None) -> HoldOut:
    """Keep a time for ten minutes."""
    id = uuid4()
    if key and (first := await claim_key(act.conn, "hold", key, digest(wish.model_dump_json()), str(id))):
        held = await load_appointment(act.conn, UUID(first))
        if held is None or held.held_until is None:
            raise NotFound
        return HoldOut(token=act.tools.links.token(HOLD_LINK, held.id, 1), held_until=held.held_until)
    until = await hold(act, id, wish.wish())
    return HoldOut(token=act.tools.links.token(HOLD_LINK, id, 1), held_until=until)


@router.post("/holds/{token}/extension", responses=problems(404, 409))
async def extend(act: CurrentAct, token: str) -> HoldOut:
    """Keep a held time for ten more minutes."""
    id, _ = act.tools.links.read(HOLD_LINK, token)
    return HoldOut(token=token, held_until=await extend_hold(act, id))


@router.post("/appointments", status_code=201, responses=problems(404, 409, 422, 429))
async def book(act: CurrentAct, booking: BookingIn, response: Response, key: IdempotencyKey = None) -> AppointmentOut:
    """Book. Sent again with the same Idempotency-Key it answers with the first booking.

    A taken time answers 409 with the nearest free times (`nearest`), 429 means that a limit is reached.
    """
    details = booking.person.details()
    if (booking.hold is None) == (booking.time is None):
        raise InvalidInput(errors=[FieldError(field="time", message="Give either a hold or a time.")])
    id = act.tools.links.read(HOLD_LINK, booking.hold)[0] if booking.hold else uuid4()
    if key and (first := await claim_key(act.conn, "book", key, digest(booking.model_dump_json()), str(id))):
        return appointment_out(act.tools, await _known(act.conn, UUID(first)))
    if booking.time is None:
        found = await usecases.confirm(act, id, details)
    else:
        found = await usecases.book(act, id, booking.time.wish(), details)
    out = appointment_out(act.tools, found)
    response.headers["Location"] = f"/appointments/api/v1/appointments/{out.token}"
    return out


@router.get("/appointments/{token}", responses=problems(404))
async def appointment(act: CurrentAct, token: str) -> AppointmentOut:
    """An appointment, by its secret token."""
    return appointment_out(act.tools, await by_token(act, token))


@router.post("/appointments/{token}/cancellation", responses=problems(404, 409, 410))
async def cancel(act: CurrentAct, token: str) -> AppointmentOut:
    """Cancel an appointment; its time is free at once."""
    found = await by_token(act, token)
    return appointment_out(act.tools, await changes.cancel(act, found.id, DecidedBy.CITIZEN, None))


@router.post("/appointments/{token}/rescheduling", responses=problems(404, 409, 410, 422))
async def reschedule(act: CurrentAct, token: str, new: NewTimeIn) -> AppointmentOut:
    """Move an appointment to another time or place; number and link stay. Sent again it changes nothing.

    A taken time answers 409 with the nearest free times (`nearest`), and the old time is kept.
    """
    found = await by_token(act, token)
    moved = await changes.reschedule(act, new.move(found.id))
    return appointment_out(act.tools, moved)


@router.post("/appointments/{token}/acceptance", responses=problems(404, 410))
async def accept(act: CurrentAct, token: str) -> AppointmentOut:
    """Take the time that is kept instead of one that cannot be. Sent again it changes nothing.

    To decline it, cancel the appointment or move it to another time.
    """
    found = await by_token(act, token)
    return appointment_out(act.tools, await take_alternative(act, found.id))


@router.get(
    "/appointments/{token}/calendar.ics",
    response_class=Response,
    responses={200: {"content": {"text/calendar": {}}}, **problems(404)},
)
async def calendar(act: CurrentAct, token: str) -> Response:
    """An appointment as a calendar file (RFC 5545)."""
    return calendar_answer(act.tools, await by_token(act, token))


async def by_token(act: Act, token: str, lock: Lock | None = None) -> Appointment:
    """The appointment a secret token gives access to; raises NotFound for a revoked or made-up one.

    Args:
        lock: as for `load_appointment`.
    """
    id, generation = act.tools.links.read(MANAGE, token)
    found = await _known(act.conn, id, lock)
    if found.generation != generation:
        raise NotFound
    return found


async def _known(conn: AsyncConnection, id: UUID, lock: Lock | None = None) -> Appointment:
    found = await load_appointment(conn, id, lock)
    if found is None or found.state is None:
        raise NotFound
    return found
