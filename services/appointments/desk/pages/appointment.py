"""One appointment: what can be done about it, and the slip to take home."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel

from services.appointments.booking.domain import (
    AlreadyCancelled,
    AlternativeOver,
    NotOffered,
    OtherKind,
    Status,
    TimeTaken,
    TooLate,
    alternative_is_over,
)
from services.appointments.booking.facts import manage_url
from services.appointments.booking.pages.times import (
    AskedTime,
    ShownTimes,
    TimeForm,
    question_before_moving,
    times_to_move_to,
)
from services.appointments.booking.queries import Appointment
from services.appointments.desk import usecases
from services.appointments.desk.domain import Reason, may_arrive, may_change, may_miss, may_take_back
from services.appointments.desk.pages.visit import REASONS, STAFF, Number, day_path, to_day
from services.appointments.offer.queries import load_offer
from services.appointments.staff import Clerk
from shared.web.formats import own_name, qr_code
from shared.web.forms import FormErrors
from shared.web.i18n import message_language
from shared.web.staff.visit import StaffVisit

router = APIRouter(prefix=f"{STAFF}/appointments/{{number}}", include_in_schema=False)


class Why(BaseModel):
    """The reason that was chosen, if one was."""

    reason: Reason | None = None


class MoveTo(ShownTimes, Why):
    """Which times to move an appointment to are shown, and why it moves."""


class AskedMove(AskedTime, Why):
    """The time that was pressed, and why the appointment moves."""


@router.get("")
async def show(visit: Clerk, number: Number) -> Response:
    """The appointment with what can be done now."""
    found = await usecases.find(visit.act, number)
    status, starts_at, now = found.status, found.starts_at, visit.act.now
    offer = await load_offer(visit.act, found.station, ())
    return await _page(
        visit,
        "staff/appointment.html",
        found,
        may_arrive=may_arrive(status, starts_at, now),
        may_take_back=may_take_back(status),
        may_miss=may_miss(status, starts_at, now),
        may_change=may_change(status, starts_at, now),
        alternative_until=_alternative_until(found, now),
        message_language=own_name(message_language(found.language)),
        languages=visit.act.tools.city.interpreter_languages,
        is_spoken=offer.stations[0].speaks(found.counter, found.interpreter),
    )


@router.get("/slip")
async def slip(visit: Clerk, number: Number) -> Response:
    """To print: number, time, place, what to bring, and the secret link as a QR code."""
    found = await usecases.find(visit.act, number)
    address = manage_url(visit.act.tools, found.id, found.generation, found.language)
    return await _page(visit, "staff/slip.html", found, address=address, code=qr_code(address))


@router.get("/missed")
async def ask_missed(visit: Clerk, number: Number) -> Response:
    """One question, one button: it cannot be undone."""
    return await _page(visit, "staff/missed.html", await usecases.find(visit.act, number))


@router.post("/missed")
async def missed(visit: Clerk, number: Number) -> Response:
    """They did not come."""
    return to_day(visit, await usecases.miss(visit.act, number))


@router.post("/take-alternative")
async def take_alternative(visit: Clerk, number: Number) -> Response:
    """They take the other time. Sent twice, or too late, it changes nothing and shows how things stand."""
    with suppress(AlreadyCancelled, AlternativeOver):
        async with visit.act.attempt():
            await usecases.take_alternative(visit.act, number)
    return visit.redirect(f"{STAFF}/appointments/{number}")


@router.get("/cancel")
async def ask_cancel(visit: Clerk, number: Number) -> Response:
    """Why, and one button."""
    found = await usecases.find(visit.act, number)
    return await _page(visit, "staff/cancel.html", found, reasons=REASONS, errors=FormErrors())


@router.post("/cancel")
async def cancel(visit: Clerk, number: Number, why: Annotated[Why, Form()]) -> Response:
    """Cancel. Sent twice, or too late, it changes nothing and shows the list as it is."""
    desk = visit.act
    found = await usecases.find(desk, number)
    if why.reason is None:
        errors = _reason_missing(visit)
        return await _page(visit, "staff/cancel.html", found, status=422, reasons=REASONS, errors=errors)
    with suppress(TooLate, AlternativeOver):
        await usecases.cancel(desk, number, why.reason)
    return to_day(visit, found)


@router.get("/move")
async def show_times(visit: Clerk, number: Number, to: Annotated[MoveTo, Query()]) -> Response:
    """Why first, then the free times: at the appointment's station, unless another place is asked for."""
    return await _times_page(visit, await usecases.find(visit.act, number), to)


@router.get("/move/check")
async def ask_move(visit: Clerk, number: Number, asked: Annotated[AskedMove, Query()]) -> Response:
    """From when to when: one question, one button."""
    found = await usecases.find(visit.act, number)
    question = await question_before_moving(visit, found, asked)
    if question is None or not may_change(found.status, found.starts_at, visit.act.now):
        return visit.redirect(f"{STAFF}/appointments/{number}")
    return await _page(visit, "staff/move_check.html", found, **question)


@router.post("/move")
async def move(
    visit: Clerk, number: Number, to: Annotated[MoveTo, Query()], form: Annotated[TimeForm, Form()]
) -> Response:
    """Move it. The same press sent twice moves it once; too late, or cancelled meanwhile, it stays as it is."""
    act = visit.act
    if to.reason is None:
        return await _times_page(visit, await usecases.find(act, number), to)
    station, starts_at = form.chosen()
    try:
        async with act.attempt():
            await usecases.move(act, number, station, starts_at, to.reason)
    except (TimeTaken, NotOffered) as refusal:
        return await _times_page(visit, await usecases.find(act, number), to, refusal)
    except (AlreadyCancelled, AlternativeOver, TooLate, OtherKind):
        pass
    return visit.redirect(f"{STAFF}/appointments/{number}")


async def _times_page(
    visit: StaffVisit, found: Appointment, to: MoveTo, refusal: TimeTaken | NotOffered | None = None
) -> Response:
    return await _page(
        visit,
        "staff/move.html",
        found,
        reasons=REASONS,
        reason=to.reason,
        may_change=may_change(found.status, found.starts_at, visit.act.now),
        **await times_to_move_to(visit, found, to, refusal),
    )


async def _page(visit: StaffVisit, template: str, found: Appointment, **context: object) -> Response:
    """A page about an appointment."""
    return visit.render(
        template,
        appointment=found,
        state=found.state,
        person=await visit.act.tools.people.load(visit.act.conn, found.id),
        this=f"{STAFF}/appointments/{found.number}",
        day_path=day_path(found),
        **context,
    )


def _alternative_until(found: Appointment, now: datetime) -> datetime | None:
    """How long another time is kept that was offered instead; None where there is none to take."""
    offered = found.status is Status.OFFERED and not alternative_is_over(found.status, found.held_until, now)
    return found.held_until if offered else None


def _reason_missing(visit: StaffVisit) -> FormErrors:
    _ = visit.gettext
    return FormErrors(reason=_("Wählen Sie einen Grund."))
