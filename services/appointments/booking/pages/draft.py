"""A draft and the way on from it."""

from contextlib import suppress
from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import Field

from services.appointments.booking.api import HOLD_LINK
from services.appointments.booking.domain import HoldOver, NoMoreExtensions, Status
from services.appointments.booking.facts import MANAGE
from services.appointments.booking.holds import extend_hold
from services.appointments.booking.queries import Appointment, load_appointment
from services.appointments.locks import Lock
from shared.idempotency import claim_key
from shared.tools import Tools
from shared.web.visit import Visit

EXTEND = "extend"
"""The value of the button that holds a time longer."""

OneTimeKey = Annotated[str, Field(pattern=r"^[\w-]{8,100}$")]
"""The hidden field `einmal` of a form."""


def draft_path(tools: Tools, id: UUID) -> str:
    """Where the pages of a draft are."""
    return f"/appointments/book/{tools.links.token(HOLD_LINK, id, 1)}"


def to_appointment(visit: Visit, appointment: Appointment) -> Response:
    """Go to the page of an appointment; it says "booked" to whoever pressed a button, the second time too."""
    token = visit.act.tools.links.token(MANAGE, appointment.id, appointment.generation)
    return visit.redirect(f"/appointments/m/{token}{'?new=1' if visit.request.method == 'POST' else ''}")


async def open_draft(visit: Visit, token: str) -> Appointment | Response:
    """The draft of a token; or where to go instead: its appointment once booked, a page that says it was forgotten.

    Raises:
        LinkInvalid: no token of ours.
    """
    id, _ = visit.act.tools.links.read(HOLD_LINK, token)
    found = await load_appointment(visit.act.conn, id, lock=Lock.HOLD if visit.request.method == "POST" else None)
    if found is None:
        return visit.render("draft_gone.html", status=410, secret=True)
    return found if found.status is Status.HELD else to_appointment(visit, found)


async def extend_draft(visit: Visit, draft: Appointment, key: str) -> None:
    """Hold the time longer, where that is still possible; the same press sent twice counts once."""
    if await claim_key(visit.act.conn, "extend hold", key, "", str(draft.id)) is None:
        with suppress(HoldOver, NoMoreExtensions):
            await extend_hold(visit.act, draft.id)
