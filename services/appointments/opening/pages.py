"""Opening hours as pages for those who lead the stations: what holds, a form for one window, and what it would do."""

from datetime import timedelta
from typing import Annotated, Any

from babel.dates import get_day_names
from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel

from services.appointments.booking.pages.draft import OneTimeKey
from services.appointments.closing.queries import closures_in_force
from services.appointments.desk.queries import load_stations
from services.appointments.offer.pages import a_to_z
from services.appointments.offer.queries import grid_of
from services.appointments.offer.windows import MOST_WEEKS, Window, rows_of
from services.appointments.opening import usecases
from services.appointments.opening.domain import mistakes, outside
from services.appointments.opening.typed import TypedWindow
from services.appointments.opening.usecases import HoursChanged, StationHours, load_booked, load_hours
from services.appointments.persons.domain import Wrong
from services.appointments.staff import Lead
from shared.calendar import public_holidays
from shared.idempotency import claim_key
from shared.problems import InvalidInput, NotFound
from shared.web.forms import FormErrors
from shared.web.staff.visit import StaffVisit

PAGE = "/appointments/staff/hours"
SHOWN = timedelta(weeks=8)
"""How far ahead holidays and closures are shown."""

router = APIRouter(prefix=PAGE, include_in_schema=False)

CurrentWindow = Annotated[TypedWindow, Query()]
Place = Annotated[str, Query(max_length=60)]


class Press(BaseModel):
    """The button that confirms a change."""

    einmal: OneTimeKey


@router.get("")
async def show(visit: Lead, place: Place = "") -> Response:
    """The hours of a station, and when it is closed nevertheless."""
    stations = await load_stations(visit.act)
    key = place if place in stations else next(iter(stations), "")
    if not key:
        return visit.render("staff/hours.html", stations=stations)
    known, last = await load_hours(visit.act, key), visit.act.today + SHOWN
    grid = grid_of(visit.act.tools.city)
    booked = await load_booked(visit.act, key, grid)
    in_force = await closures_in_force(visit.act.conn, [key], visit.act.today)
    return visit.render(
        "staff/hours.html",
        stations=stations,
        place=key,
        windows=known.windows,
        left_out=outside(booked, known.station, known.station, known.services, grid),
        holidays=public_holidays(visit.act.today, last),
        closures=[each for each in in_force if each.first_day <= last],
        **_shown(visit, known),
    )


@router.get("/window")
async def edit(visit: Lead, place: Place, number: Annotated[int, Query(ge=0)] = 0) -> Response:
    """The form for a window, by its number, or for one more."""
    known = await _known(visit, place)
    typed = TypedWindow(place=place, version=known.version)
    if number:
        typed = TypedWindow.of(place, known.version, number, _numbered(known, number))
    return _form_page(visit, known, typed, FormErrors())


@router.get("/preview")
async def show_preview(visit: Lead, typed: CurrentWindow) -> Response:
    """Which appointments the change would leave out."""
    return await _preview_page(visit, typed)


@router.post("/preview")
async def confirm(visit: Lead, typed: CurrentWindow, press: Annotated[Press, Form()]) -> Response:
    """Change the hours. The same press sent twice changes them once."""
    try:
        async with visit.act.attempt():
            if await claim_key(visit.act.conn, "opening hours", press.einmal, "", typed.place) is None:
                wanted = _wanted(visit, await _known(visit, typed.place), typed)
                await usecases.change(visit.act, typed.place, typed.version, wanted)
    except (HoursChanged, InvalidInput):
        return await _preview_page(visit, typed)
    return visit.redirect(f"{PAGE}?place={typed.place}")


async def _known(visit: StaffVisit, place: str) -> StationHours:
    visit.who.must_serve(place)
    return await load_hours(visit.act, place)


def _numbered(known: StationHours, number: int) -> Window:
    """A window by its number, counted from 1; raises NotFound."""
    if not 1 <= number <= len(known.windows):
        raise NotFound
    return known.windows[number - 1]


def _wanted(visit: StaffVisit, known: StationHours, typed: TypedWindow) -> list[Window]:
    """All windows of the station as they are to be.

    Raises:
        HoursChanged: the form is about others.
        InvalidInput: something about the one that was typed is wrong.
        NotFound
    """
    if typed.version != known.version:
        raise HoursChanged(known)
    windows = list(known.windows)
    if typed.window:
        windows.remove(_numbered(known, typed.window))
    if typed.remove:
        return windows
    if _wrong(visit, known, typed):
        raise InvalidInput
    window, _ = typed.read()
    return [*windows, window]


def _wrong(visit: StaffVisit, known: StationHours, typed: TypedWindow) -> list[Wrong]:
    """All that is wrong with what was typed; a field that cannot be read has no other mistake."""
    window, unreadable = typed.read()
    fields = {each.field for each in unreadable}
    found = mistakes(window, known.station, known.services, grid_of(visit.act.tools.city))
    return unreadable + [each for each in found if each.field not in fields]


async def _preview_page(visit: StaffVisit, typed: TypedWindow) -> Response:
    known = await _known(visit, typed.place)
    try:
        wanted = _wanted(visit, known, typed)
    except HoursChanged:
        again = typed.model_copy(update={"version": known.version, "window": 0})
        return _form_page(visit, known, again, FormErrors(), status=409)
    except InvalidInput:
        return _form_page(visit, known, typed, _errors(visit, _wrong(visit, known, typed)), status=422)
    left_out = await usecases.preview(visit.act, typed.place, typed.version, wanted)
    return visit.render(
        "staff/hours_preview.html",
        query=visit.request.url.query,
        typed=typed,
        before=_numbered(known, typed.window) if typed.window else None,
        after=None if typed.remove else typed.read()[0],
        left_out=left_out,
        **_shown(visit, known),
    )


def _form_page(
    visit: StaffVisit, known: StationHours, typed: TypedWindow, errors: FormErrors, status: int = 200
) -> Response:
    return visit.render(
        "staff/hours_window.html",
        status=status,
        typed=typed,
        errors=errors,
        windows=known.windows,
        changed=status == 409,
        most_weeks=MOST_WEEKS,
        choices_of_services=a_to_z(known.services, visit.language.code),
        **_shown(visit, known),
    )


def _shown(visit: StaffVisit, known: StationHours) -> dict[str, Any]:
    """What every page of hours says of a station, and needs to say it in words."""
    return {
        "station": known.station,
        "version": known.version,
        "services": {each.key: each for each in known.services},
        "day_names": get_day_names("wide", locale=visit.language.locale),
        "rows_of": rows_of,
    }


def _errors(visit: StaffVisit, wrong: list[Wrong]) -> FormErrors:
    _ = visit.gettext
    slot = visit.act.tools.city.slot_minutes
    clock = _("Geben Sie die Uhrzeit so an: 13:00.")
    grid = _("Geben Sie eine Uhrzeit an, die durch %(minutes)s Minuten teilbar ist.") % {"minutes": slot}
    day = _("Geben Sie den Tag so an: 31.12.2026.")
    messages = {
        "weekdays_missing": _("Wählen Sie mindestens einen Wochentag."),
        "opens_unreadable": clock,
        "opens_off_grid": grid,
        "closes_unreadable": clock,
        "closes_too_early": _("Geben Sie ein Ende an, das nach dem Anfang liegt."),
        "closes_off_grid": grid,
        "repeat_unreadable": _("Wählen Sie, wie oft diese Zeiten gelten."),
        "repeat_unknown": _("Wählen Sie, wie oft diese Zeiten gelten."),
        "valid_from_unreadable": day,
        "valid_from_missing": _("Geben Sie an, ab welchem Tag die Wochen zählen."),
        "valid_until_unreadable": day,
        "valid_until_too_early": _("Geben Sie einen letzten Tag an, der nicht vor dem ersten liegt."),
        "staff_counters_unreadable": _("Geben Sie eine Zahl an."),
        "staff_counters_too_many": _("Geben Sie höchstens so viele Schalter an, wie die Station hat."),
        "services_unknown": _("Wählen Sie Anliegen aus der Liste."),
    }
    found = {each.code: each.field for each in wrong}
    errors = FormErrors()
    for code, message in messages.items():
        if code in found:
            errors.setdefault(found[code], message)
    return errors
