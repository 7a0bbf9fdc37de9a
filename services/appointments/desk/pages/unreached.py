"""People no message reached: the number to call, a tick when somebody has, and what they said to what is offered."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Response

from services.appointments.booking.domain import ConsentMissing
from services.appointments.desk import calls
from services.appointments.desk.pages.visit import STAFF
from services.appointments.desk.queries import load_unreached
from services.appointments.line.domain import OfferEnded
from services.appointments.staff import Clerk
from shared.web.staff.visit import N_, StaffVisit

router = APIRouter(prefix=f"{STAFF}/unreached", include_in_schema=False)

PURPOSES = {
    "confirmation": N_("Bestätigung"),
    "reminder": N_("Erinnerung"),
    "rescheduling": N_("Termin verlegt"),
    "delay": N_("Bürgermobil kommt später"),
    "alternative": N_("Andere Zeit angeboten"),
    "cancellation": N_("Termin abgesagt"),
    "still-booked": N_("Antwort: Termin gilt noch"),
    "waiting": N_("Auf der Warteliste"),
    "seat-offer": N_("Freier Termin angeboten"),
}


@router.get("")
async def show(visit: Clerk) -> Response:
    """The people to be called: those with a deadline first, then the oldest first."""
    return await _page(visit)


@router.post("/{notice}/called")
async def called(visit: Clerk, notice: UUID) -> Response:
    """They have been called."""
    await calls.call(visit.act, notice)
    return visit.redirect(f"{STAFF}/unreached")


@router.post("/{notice}/answer")
async def answer(visit: Clerk, notice: UUID, said: Annotated[Literal["take", "decline"], Form()]) -> Response:
    """They take what is offered to them, or wait on. Sent twice, or too late, it changes nothing.

    A time by video is theirs to take: nobody else can consent to the video.
    """
    try:
        async with visit.act.attempt():
            await calls.answer(visit.act, notice, takes=said == "take")
    except ConsentMissing:
        return await _page(visit, refused=True)
    except OfferEnded:
        pass
    return visit.redirect(f"{STAFF}/unreached")


async def _page(visit: StaffVisit, refused: bool = False) -> Response:
    unreached = await load_unreached(visit.act)
    return visit.render(
        "staff/unreached.html",
        status=409 if refused else 200,
        refused=refused,
        urgent=[each for each in unreached if each.until],
        others=[each for each in unreached if not each.until],
        purposes=PURPOSES,
    )
