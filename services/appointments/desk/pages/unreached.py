"""Whom no message reached: the number to call, and a tick when somebody has."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.appointments.desk import usecases
from services.appointments.desk.pages.visit import STAFF, Clerk, desk_of
from services.appointments.desk.queries import load_unreached
from shared.web.staff.visit import N_

router = APIRouter(prefix=f"{STAFF}/unreached", include_in_schema=False)

PURPOSES = {
    "confirmation": N_("Bestätigung"),
    "reminder": N_("Erinnerung"),
    "rescheduling": N_("Termin verlegt"),
    "alternative": N_("Andere Zeit angeboten"),
    "cancellation": N_("Termin abgesagt"),
    "still-booked": N_("Antwort: Termin gilt noch"),
}


@router.get("")
async def show(visit: Clerk) -> Response:
    """Who is to be called, oldest first."""
    unreached = await load_unreached(visit.conn, visit.service, visit.who)
    return visit.render("staff/unreached.html", unreached=unreached, purposes=PURPOSES)


@router.post("/{notice}/called")
async def called(visit: Clerk, notice: UUID) -> Response:
    """They have been called."""
    await usecases.call(desk_of(visit), notice)
    return visit.redirect(f"{STAFF}/unreached")
