"""The page of an appointment, reached by its secret link: look, take an alternative, put it into a calendar, cancel."""

from contextlib import suppress
from datetime import timedelta

from fastapi import APIRouter, Response

from services.appointments.booking.api import by_token
from services.appointments.booking.bodies import calendar_answer
from services.appointments.booking.changes import cancel, take_alternative
from services.appointments.booking.domain import (
    COMING,
    AlreadyCancelled,
    AlternativeOver,
    Status,
    TooLate,
    alternative_is_over,
    is_changeable,
    will_be_reminded,
)
from services.appointments.booking.queries import Appointment
from services.appointments.displaced.queries import load_further
from services.appointments.displaced.usecases import entry_instead_of
from services.appointments.line.facts import entry_path
from services.appointments.line.queries import load_entry
from services.appointments.offer.domain import Kind
from services.appointments.offer.queries import load_offer
from services.appointments.offer.windows import public_hours
from services.appointments.queue.domain import may_check_in
from shared.events.appointments import DecidedBy
from shared.web.formats import own_name
from shared.web.i18n import message_language
from shared.web.visit import CurrentVisit, Visit

router = APIRouter(prefix="/appointments/m/{token}", include_in_schema=False)


@router.get("")
async def show(visit: CurrentVisit, token: str, new: bool = False, moved: bool = False, same: bool = False) -> Response:
    """The appointment; right after booking (`new`) or moving it says so, or that it was there already (`same`)."""
    found = await by_token(visit.act, token)
    return await _appointment_page(visit, token, found, new=new, moved=moved, same=same)


@router.get("/cancel")
async def ask(visit: CurrentVisit, token: str) -> Response:
    """One question, one button."""
    found = await by_token(visit.act, token)
    if not _changeable(visit, found):
        return visit.redirect(f"/appointments/m/{token}")
    return visit.render("cancel.html", secret=True, token=token, appointment=found, state=found.state)


@router.post("/cancel")
async def cancel_it(visit: CurrentVisit, token: str) -> Response:
    """Cancel. Sent twice, or too late, it changes nothing and shows how the appointment stands."""
    found = await by_token(visit.act, token)
    with suppress(AlreadyCancelled, AlternativeOver, TooLate):
        await cancel(visit.act, found.id, DecidedBy.CITIZEN, None)
    return visit.redirect(f"/appointments/m/{token}")


@router.post("/alternative")
async def take(visit: CurrentVisit, token: str) -> Response:
    """Take the time that is kept. Sent twice, or too late, it changes nothing and shows how the appointment stands."""
    found = await by_token(visit.act, token)
    try:
        async with visit.act.attempt():
            await take_alternative(visit.act, found.id)
    except (AlreadyCancelled, AlternativeOver):
        return visit.redirect(f"/appointments/m/{token}")
    return visit.redirect(f"/appointments/m/{token}?moved=1")


@router.get("/termin.ics")
async def calendar(visit: CurrentVisit, token: str) -> Response:
    """The appointment for a calendar."""
    return calendar_answer(visit.act.tools, await by_token(visit.act, token))


async def _appointment_page(visit: Visit, token: str, found: Appointment, **just: bool) -> Response:
    over = alternative_is_over(found.status, found.held_until, visit.act.now)
    if over or found.status is Status.CANCELLED:
        entry = await load_entry(visit.act.conn, entry_instead_of(found.id))
        return visit.render(
            "cancelled.html",
            status=410,
            secret=True,
            appointment=found,
            state=found.state,
            over=over,
            waiting=entry_path(visit.act.tools, entry) if entry and entry.status.is_open else None,
        )
    if found.status is Status.OFFERED:
        further = await load_further(visit.act, found)
        return visit.render("offered.html", secret=True, token=token, state=found.state, further=further)
    offer = await load_offer(visit.act, found.station, found.services)
    [station] = offer.stations
    return visit.render(
        "appointment.html",
        secret=True,
        **just,
        over=found.ends_at + timedelta(minutes=station.delay_minutes) <= visit.act.now or found.status is Status.MISSED,
        missed=found.status is Status.MISSED,
        reminded=will_be_reminded(found.starts_at, visit.act.now),
        changeable=_changeable(visit, found),
        here=found.kind is Kind.COUNTER and found.status in COMING and may_check_in(found.starts_at, visit.act.now),
        token=token,
        appointment=found,
        state=found.state,
        delay_minutes=station.delay_minutes,
        services=offer.services,
        hours=[] if found.kind is Kind.STOP else public_hours(station.hours, visit.act.today),
        message_language=own_name(message_language(found.language)),
        interpreter=visit.act.tools.city.interpreter_languages.get(found.interpreter or "", found.interpreter),
        address=f"{visit.act.tools.settings.platform.public_url}{visit.request.url.path}",
    )


def _changeable(visit: Visit, found: Appointment) -> bool:
    return is_changeable(found.status, found.held_until, found.starts_at, visit.act.now)
