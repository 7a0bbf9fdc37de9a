"""Booking as JSON, for machines and staff tools."""

from uuid import UUID, uuid4

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking import changes, usecases
from services.appointments.booking.alternatives import take_alternative
from services.appointments.booking.bodies import (
    AppointmentOut,
    BookingIn,
    HoldOut,
    NewTimeIn,
    WishIn,
    appointment_out,
)
from services.appointments.booking.calendar import calendar_answer
from services.appointments.booking.facts import MANAGE
from services.appointments.booking.holds import extend_hold, hold
from services.appointments.booking.limits import CurrentOrigin
from services.appointments.booking.queries import Appointment, load_appointment
from shared.db import Connection
from shared.events.appointments import DecidedBy
from shared.http import CurrentTools, Now, api_router, problems
from shared.idempotency import IdempotencyKey, claim_key, digest
from shared.problems import FieldError, InvalidInput, NotFound
from shared.tools import Tools

router = api_router("/appointments/api/v1", "booking")

HOLD_LINK = "hold"


@router.post("/holds", status_code=201, responses=problems(409, 422, 429))
async def hold_time(
    wish: WishIn,
    conn: Connection,
    tools: CurrentTools,
    now: Now,
    origin: CurrentOrigin,
    key: IdempotencyKey = None,
) -> HoldOut:
    """Keep a time for ten minutes."""
    id = uuid4()
    if key and (first := await claim_key(conn, "hold", key, digest(wish.model_dump_json()), str(id))):
        held = await load_appointment(conn, UUID(first))
        if held is None or held.held_until is None:
            raise NotFound
        return HoldOut(token=tools.links.token(HOLD_LINK, held.id, 1), held_until=held.held_until)
    until = await hold(conn, tools, id, wish.wish(), now, origin)
    return HoldOut(token=tools.links.token(HOLD_LINK, id, 1), held_until=until)


@router.post("/holds/{token}/extension", responses=problems(404, 409))
async def extend(token: str, conn: Connection, tools: CurrentTools, now: Now) -> HoldOut:
    """Keep a held time for ten more minutes."""
    id, _ = tools.links.read(HOLD_LINK, token)
    return HoldOut(token=token, held_until=await extend_hold(conn, tools, id, now))


@router.post("/appointments", status_code=201, responses=problems(404, 409, 422, 429))
async def book(
    booking: BookingIn,
    response: Response,
    conn: Connection,
    tools: CurrentTools,
    now: Now,
    origin: CurrentOrigin,
    key: IdempotencyKey = None,
) -> AppointmentOut:
    """Book. Sent again with the same Idempotency-Key it answers with the first booking.

    A taken time answers 409 with the nearest free times (`nearest`), 429 means that a limit is reached.
    """
    details = booking.person.details()
    if (booking.hold is None) == (booking.time is None):
        raise InvalidInput(errors=[FieldError(field="time", message="Give either a hold or a time.")])
    id = tools.links.read(HOLD_LINK, booking.hold)[0] if booking.hold else uuid4()
    if key and (first := await claim_key(conn, "book", key, digest(booking.model_dump_json()), str(id))):
        return appointment_out(tools, await _known(conn, UUID(first)))
    if booking.time is None:
        found = await usecases.confirm(conn, tools, id, details, now, origin)
    else:
        found = await usecases.book(conn, tools, id, booking.time.wish(), details, now, origin)
    out = appointment_out(tools, found)
    response.headers["Location"] = f"/appointments/api/v1/appointments/{out.token}"
    return out


@router.get("/appointments/{token}", responses=problems(404))
async def appointment(token: str, conn: Connection, tools: CurrentTools) -> AppointmentOut:
    """An appointment, by its secret token."""
    return appointment_out(tools, await by_token(conn, tools, token))


@router.post("/appointments/{token}/cancellation", responses=problems(404, 409, 410))
async def cancel(token: str, conn: Connection, tools: CurrentTools, now: Now) -> AppointmentOut:
    """Cancel an appointment; its time is free at once."""
    found = await by_token(conn, tools, token)
    return appointment_out(tools, await changes.cancel(conn, tools, found.id, DecidedBy.CITIZEN, None, now))


@router.post("/appointments/{token}/rescheduling", responses=problems(404, 409, 410, 422))
async def reschedule(token: str, new: NewTimeIn, conn: Connection, tools: CurrentTools, now: Now) -> AppointmentOut:
    """Move an appointment to another time or place; number and link stay. Sent again it changes nothing.

    A taken time answers 409 with the nearest free times (`nearest`), and the old time is kept.
    """
    found = await by_token(conn, tools, token)
    moved = await changes.reschedule(conn, tools, new.move(found.id), now)
    return appointment_out(tools, moved)


@router.post("/appointments/{token}/acceptance", responses=problems(404, 410))
async def accept(token: str, conn: Connection, tools: CurrentTools, now: Now) -> AppointmentOut:
    """Take the time that is kept instead of one that cannot be. Sent again it changes nothing.

    To decline it, cancel the appointment or move it to another time.
    """
    found = await by_token(conn, tools, token)
    return appointment_out(tools, await take_alternative(conn, tools, found.id, now))


@router.get(
    "/appointments/{token}/calendar.ics",
    response_class=Response,
    responses={200: {"content": {"text/calendar": {}}}, **problems(404)},
)
async def calendar(token: str, conn: Connection, tools: CurrentTools) -> Response:
    """An appointment as a calendar file (RFC 5545)."""
    return calendar_answer(tools, await by_token(conn, tools, token))


async def by_token(conn: AsyncConnection, tools: Tools, token: str) -> Appointment:
    """The appointment a secret token gives access to; raises NotFound for a revoked or made-up one."""
    id, generation = tools.links.read(MANAGE, token)
    found = await _known(conn, id)
    if found.generation != generation:
        raise NotFound
    return found


async def _known(conn: AsyncConnection, id: UUID) -> Appointment:
    found = await load_appointment(conn, id)
    if found is None or found.state is None:
        raise NotFound
    return found
