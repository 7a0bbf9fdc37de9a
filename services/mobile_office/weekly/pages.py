"""The weekly plan as pages: what comes back when, and a form for one stop of it."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Self
from uuid import UUID, uuid4

from babel.dates import get_day_names
from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel

from services.mobile_office.bodies import Version
from services.mobile_office.fleet.domain import Fleet
from services.mobile_office.fleet.names import load_names
from services.mobile_office.pages import STAFF, Text
from services.mobile_office.staff import Lead
from services.mobile_office.weekly import usecases
from services.mobile_office.weekly.domain import MOST_WEEKS, WeeklyStop
from services.mobile_office.weekly.queries import load_weekly_plan
from services.mobile_office.weekly.usecases import WeeklyStopChanged, WeeklyStopClashes
from shared.problems import NotFound
from shared.web.forms import FormErrors
from shared.web.staff.visit import StaffVisit
from shared.web.typed import Reading, read_choice, read_day, read_number, read_time

PAGE = f"{STAFF}/weekly"

router = APIRouter(prefix=PAGE, include_in_schema=False)


class TypedWeeklyStop(BaseModel):
    """A stop of the weekly plan as typed; `version` is the one it had when the form was opened, 0 for a new one."""

    id: UUID
    version: Version = 0
    vehicle: Text = ""
    place: Text = ""
    weekday: Text = ""
    arrives: Text = "09:00"
    departs: Text = "12:00"
    every_weeks: Text = "1"
    valid_from: Text = ""
    valid_until: Text = ""

    @classmethod
    def of(cls, stop: WeeklyStop) -> Self:
        """A stop as it is, to be changed."""
        return cls(
            id=stop.id,
            version=stop.version,
            vehicle=stop.vehicle,
            place=stop.place,
            weekday=str(stop.weekday),
            arrives=f"{stop.arrives:%H:%M}",
            departs=f"{stop.departs:%H:%M}",
            every_weeks=str(stop.every_weeks),
            valid_from=str(stop.valid_from),
            valid_until=str(stop.valid_until or ""),
        )

    def read(self, gettext: Callable[[str], str], fleet: Fleet) -> tuple[WeeklyStop | None, FormErrors]:
        """The stop, or what is wrong with it, in the language of a page."""
        _, form = gettext, Reading()
        clock, day = _("Geben Sie die Uhrzeit so an: 13:00."), _("Geben Sie den Tag so an: 31.12.2026.")
        place = form.field("place", self.place, partial(read_choice, known=fleet.places), _("Wählen Sie einen Platz."))
        weekday = form.field(
            "weekday", self.weekday, partial(read_number, lowest=0, highest=6), _("Wählen Sie einen Wochentag.")
        )
        arrives = form.field("arrives", self.arrives, read_time, clock)
        departs = form.field("departs", self.departs, read_time, clock)
        vehicle = form.field(
            "vehicle", self.vehicle, partial(read_choice, known=fleet.vehicles), _("Wählen Sie ein Fahrzeug.")
        )
        weeks = form.field(
            "every_weeks",
            self.every_weeks,
            partial(read_number, lowest=1, highest=MOST_WEEKS),
            _("Geben Sie den Abstand in Wochen an, höchstens 52."),
        )
        first = form.field("valid_from", self.valid_from, read_day, day)
        last = form.field("valid_until", self.valid_until, read_day, day)
        if arrives and departs and departs <= arrives:
            form.errors["departs"] = _("Geben Sie ein Ende an, das nach dem Anfang liegt.")
        if first is None:
            form.errors.setdefault("valid_from", _("Geben Sie den ersten Tag an."))
        elif last and last < first:
            form.errors["valid_until"] = _("Geben Sie einen letzten Tag an, der nicht vor dem ersten liegt.")
        if form.errors or not (place and vehicle and arrives and departs and weeks and first) or weekday is None:
            return None, form.errors
        stop = WeeklyStop(self.id, vehicle, place, weekday, arrives, departs, weeks, first, last, self.version)
        return stop, form.errors


class Removed(BaseModel):
    """The button that takes a stop out."""

    id: UUID


@router.get("")
async def show(visit: Lead) -> Response:
    """The weekly plan."""
    return visit.render("staff/weekly.html", plan=await load_weekly_plan(visit.act.conn), **await _shown(visit))


@router.get("/stop")
async def edit(visit: Lead, id: Annotated[UUID | None, Query()] = None) -> Response:
    """The form for a stop, or for one more."""
    if id is None:
        return await _form_page(visit, TypedWeeklyStop(id=uuid4(), valid_from=str(visit.act.today)), FormErrors())
    found = next((each for each in await load_weekly_plan(visit.act.conn) if each.id == id), None)
    if found is None:
        raise NotFound
    return await _form_page(visit, TypedWeeklyStop.of(found), FormErrors())


@router.post("/stop")
async def save(visit: Lead, typed: Annotated[TypedWeeklyStop, Form()]) -> Response:
    """Save a stop. Sent twice it is saved once; weeks that are planned stay as they are."""
    _, (fleet, _names) = visit.gettext, await load_names(visit)
    wanted, errors = typed.read(visit.gettext, fleet)
    if wanted is None:
        return await _form_page(visit, typed, errors)
    try:
        async with visit.act.attempt():
            await usecases.save_weekly_stop(visit.act, wanted)
    except WeeklyStopChanged as changed:
        return await _form_page(visit, typed, errors, changed)
    except WeeklyStopClashes as clashes:
        text = _("Das Fahrzeug schafft es nicht: Am %(day)s steht es um diese Zeit in %(place)s oder ist unterwegs.")
        said = {"day": f"{clashes.day:%d.%m.%Y}", "place": clashes.place}
        return await _form_page(visit, typed, FormErrors(arrives=text % said))
    return visit.redirect(PAGE)


@router.post("/removal")
async def remove(visit: Lead, removed: Annotated[Removed, Form()]) -> Response:
    """Take a stop out. Sent twice it changes nothing."""
    await usecases.remove_weekly_stop(visit.act, removed.id)
    return visit.redirect(PAGE)


async def _form_page(
    visit: StaffVisit,
    typed: TypedWeeklyStop,
    errors: FormErrors,
    changed: WeeklyStopChanged | None = None,
) -> Response:
    """The form; if somebody else was faster it shows theirs, and keeps what was typed."""
    current = changed.current if changed else None
    version = current.version if current else 0
    return visit.render(
        "staff/weekly_stop.html",
        status=409 if changed else 422 if errors else 200,
        typed=typed.model_copy(update={"version": version}) if changed else typed,
        errors=errors,
        changed=changed is not None,
        current=current,
        **await _shown(visit),
    )


async def _shown(visit: StaffVisit) -> dict[str, object]:
    _fleet, names = await load_names(visit)
    return {**names, "day_names": get_day_names("wide", locale=visit.language.locale)}
