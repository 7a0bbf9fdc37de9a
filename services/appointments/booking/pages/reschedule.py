"""Moving an appointment: the free times once more, naming the time it has now, and one question before it moves."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response

from services.appointments.booking.api import by_token
from services.appointments.booking.changes import is_at, reschedule
from services.appointments.booking.domain import (
    AlreadyCancelled,
    AlternativeOver,
    NotOffered,
    OtherKind,
    Status,
    TimeTaken,
    TooLate,
    is_changeable,
)
from services.appointments.booking.facts import binding_before
from services.appointments.booking.pages.times import (
    AskedTime,
    ShownTimes,
    TimeForm,
    question_before_moving,
    times_to_move_to,
)
from services.appointments.booking.queries import Appointment
from services.appointments.booking.wishes import Move
from shared.events.appointments import DecidedBy
from shared.idempotency import claim_key
from shared.web.visit import CurrentVisit, Visit

router = APIRouter(prefix="/appointments/m/{token}/reschedule", include_in_schema=False)

CurrentTimes = Annotated[ShownTimes, Query()]
MOVED, SAME = "moved", "same"
"""What came of a press: the appointment moved, or it was there already."""


@router.get("")
async def show_times(visit: CurrentVisit, token: str, show: CurrentTimes) -> Response:
    """The free times for the appointment's services: where it is now, unless a place is asked for."""
    found = await by_token(visit.act, token)
    if not is_changeable(found.status, found.held_until, found.starts_at, visit.act.now):
        return visit.redirect(f"/appointments/m/{token}")
    return await _times_page(visit, token, found, show)


@router.get("/check")
async def ask(visit: CurrentVisit, token: str, asked: Annotated[AskedTime, Query()]) -> Response:
    """From when to when: one question, one button."""
    found = await by_token(visit.act, token)
    if not is_changeable(found.status, found.held_until, found.starts_at, visit.act.now):
        return visit.redirect(f"/appointments/m/{token}")
    question = await question_before_moving(visit, found, asked)
    if question is None and is_at(found, *asked.chosen()):
        return visit.redirect(f"/appointments/m/{token}?{SAME}=1")
    if question is None:
        return visit.redirect(f"/appointments/m/{token}/reschedule")
    return visit.render("reschedule_check.html", secret=True, token=token, state=found.state, **question)


@router.post("")
async def move(visit: CurrentVisit, token: str, show: CurrentTimes, form: Annotated[TimeForm, Form()]) -> Response:
    """Move it. The same press sent twice moves it once; too late, or cancelled meanwhile, it stays as it is."""
    found = await by_token(visit.act, token)
    station, starts_at = form.chosen()
    outcome = SAME if is_at(found, station, starts_at) else MOVED
    try:
        async with visit.act.attempt():
            first = await claim_key(visit.act.conn, "reschedule", form.einmal, form.time, outcome)
            if first is None:
                by = DecidedBy.CITIZEN
                await reschedule(visit.act, Move(found.id, station, starts_at, by))
    except (TimeTaken, NotOffered) as refusal:
        return await _times_page(visit, token, found, show, refusal)
    except (AlreadyCancelled, AlternativeOver, TooLate, OtherKind):
        return visit.redirect(f"/appointments/m/{token}")
    return visit.redirect(f"/appointments/m/{token}?{first or outcome}=1")


async def _times_page(
    visit: Visit, token: str, found: Appointment, show: ShownTimes, refusal: TimeTaken | NotOffered | None = None
) -> Response:
    return visit.render(
        "reschedule.html",
        secret=True,
        token=token,
        appointment=found,
        state=found.state,
        before=found.state and binding_before(found.state),
        offered=found.status is Status.OFFERED,
        **await times_to_move_to(visit, found, show, refusal),
    )
