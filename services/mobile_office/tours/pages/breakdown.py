"""A breakdown, in three small pages: which vehicle, what becomes of each stop, and one confirmation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Response
from pydantic import Field

from services.mobile_office.fleet.domain import Fleet
from services.mobile_office.fleet.names import load_names
from services.mobile_office.pages import STAFF, UUID_PATTERN, Text
from services.mobile_office.staff import Clerk
from services.mobile_office.tours.announced import AnnouncedStop, as_announced
from services.mobile_office.tours.breakdown import Answer, Decision
from services.mobile_office.tours.breaking_down import HORIZON, Breakdown, Concerned, break_down, load_concerned
from services.mobile_office.tours.domain import made_late
from services.mobile_office.tours.pages.today import PAGE as TODAY
from services.mobile_office.tours.pages.typed_reason import TypedReason, read_reason
from services.mobile_office.tours.reasons import WORDS
from services.mobile_office.tours.refusals import AnswerMissing, DelayUnfit, OthersVehicle, VehicleElsewhere
from shared.clock import BERLIN
from shared.web.forms import FormErrors
from shared.web.staff.visit import StaffVisit
from shared.web.typed import Reading, read_choice, read_day, read_time

MINUTES = (15, 30, 45, 60, 90, 120)
"""The delays that can be chosen for a stop."""

router = APIRouter(prefix=f"{STAFF}/breakdown", include_in_schema=False)


class TypedBreakdown(TypedReason):
    """Which vehicle has broken down, from when on (local time), and why."""

    vehicle: Text = ""
    day: Text = ""
    time: Text = ""


class Chosen(TypedBreakdown):
    """What becomes of stops, each as "id decision", with minutes or a vehicle where it takes them; "id" alone stays."""

    stops: Annotated[
        list[
            Annotated[str, Field(pattern=rf"^{UUID_PATTERN}( (cancel|delay [0-9]{{1,3}}|replace [a-z0-9-]{{1,60}}))?$")]
        ],
        Field(max_length=50),
    ] = []

    def answers(self) -> dict[UUID, Answer]:
        """What was said of the stops that are concerned."""
        found: dict[UUID, Answer] = {}
        for id, decision, value in (f"{each}  ".split(" ")[:3] for each in self.stops):
            if decision == Decision.DELAY:
                found[UUID(id)] = Answer(Decision.DELAY, minutes=int(value))
            elif decision == Decision.REPLACE:
                found[UUID(id)] = Answer(Decision.REPLACE, vehicle=value)
            elif decision:
                found[UUID(id)] = Answer(Decision(decision))
        return found


class ConfirmedBreakdown(Chosen):
    """The button; `id` is that of the breakdown, made for this page."""

    id: UUID


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a stop that people know of."""

    stop: AnnouncedStop
    answer: Answer
    people: int


@router.get("")
async def ask(visit: Clerk) -> Response:
    """Which vehicle, from when on, and why."""
    now = visit.act.now.astimezone(BERLIN)
    typed = TypedBreakdown(day=str(now.date()), time=f"{now:%H:%M}", reason="breakdown")
    return await _form_page(visit, typed, FormErrors())


@router.get("/stops")
async def show_stops(visit: Clerk, typed: Annotated[Chosen, Query()]) -> Response:
    """The stops it still has, each with a proposal, or with what was chosen before."""
    from_time, errors = await _read(visit, typed)
    return await _form_page(visit, typed, errors) if from_time is None else await _stops_page(visit, typed, from_time)


@router.get("/preview")
async def show_preview(visit: Clerk, typed: Annotated[Chosen, Query()]) -> Response:
    """How many people that concerns, and which other stops it makes late."""
    return await _preview_page(visit, typed)


@router.post("/preview")
async def confirm(visit: Clerk, typed: Annotated[ConfirmedBreakdown, Form()]) -> Response:
    """Announce it all at once. Sent again, over a bad line, it announces nothing more."""
    from_time, errors = await _read(visit, typed)
    reason = read_reason(visit, typed, errors)
    if errors or from_time is None or reason is None:
        return await _form_page(visit, typed, errors)
    answers = typed.answers()
    try:
        async with visit.act.attempt():
            await break_down(visit.act, Breakdown(typed.id, typed.vehicle, from_time, reason), answers)
    except (AnswerMissing, DelayUnfit, OthersVehicle, VehicleElsewhere):
        return await _stops_page(visit, typed, from_time, status=409)
    return visit.redirect(f"{TODAY}?day={from_time.astimezone(BERLIN).date()}&done=breakdown")


async def _read(visit: StaffVisit, typed: TypedBreakdown) -> tuple[datetime | None, FormErrors]:
    """From when on the vehicle does not drive, or what is wrong with what was typed."""
    _, form = visit.gettext, Reading()
    fleet, _names = await load_names(visit)
    form.field("vehicle", typed.vehicle, partial(read_choice, known=fleet.vehicles), _("Wählen Sie ein Fahrzeug."))
    wrong_day = _("Wählen Sie heute oder einen der nächsten sieben Tage.")
    day = form.field("day", typed.day, read_day, wrong_day)
    if day is None or not timedelta() <= day - visit.act.today <= HORIZON:
        form.errors["day"] = wrong_day
    hour = form.field("time", typed.time, read_time, _("Geben Sie die Uhrzeit so an: 13:00."))
    read_reason(visit, typed, form.errors)
    if form.errors or day is None or hour is None:
        return None, form.errors
    return datetime.combine(day, hour, BERLIN), form.errors


async def _form_page(visit: StaffVisit, typed: TypedBreakdown, errors: FormErrors) -> Response:
    _fleet, names = await load_names(visit)
    return visit.render(
        "staff/breakdown.html", status=422 if errors else 200, typed=typed, errors=errors, reasons=WORDS, **names
    )


async def _stops_page(visit: StaffVisit, typed: Chosen, from_time: datetime, status: int = 200) -> Response:
    """The stops with what was chosen; status 409: they have changed meanwhile, 422: nothing was chosen."""
    fleet, names = await load_names(visit)
    concerned = await load_concerned(visit.act, typed.vehicle, from_time)
    said = {each.partition(" ")[0]: each for each in typed.stops}
    return visit.render(
        "staff/breakdown_stops.html",
        status=status,
        changed=status == 409,
        nothing=status == 422,
        typed=typed,
        rows=[
            (stop, each.people, said.get(str(stop.id), _said(stop.id, each.proposal)))
            for each in concerned
            for stop in as_announced([each.stop])
        ],
        choices=_choices(visit, fleet, typed.vehicle),
        **names,
    )


async def _preview_page(visit: StaffVisit, typed: Chosen) -> Response:
    from_time, errors = await _read(visit, typed)
    if from_time is None:
        return await _form_page(visit, typed, errors)
    answers = typed.answers()
    if not answers:
        return await _stops_page(visit, typed, from_time, status=422)
    fleet, names = await load_names(visit)
    concerned = await load_concerned(visit.act, typed.vehicle, from_time)
    outcomes = [
        Outcome(stop, answers[stop.id], each.people)
        for each in concerned
        for stop in as_announced([each.stop])
        if stop.id in answers
    ]
    return visit.render(
        "staff/breakdown_preview.html",
        typed=typed,
        id=uuid4(),
        outcomes=outcomes,
        people=sum(each.people for each in outcomes),
        later=_made_late(concerned, answers, fleet),
        query=urlencode(typed.model_dump(), doseq=True),
        **names,
    )


def _made_late(
    concerned: Iterable[Concerned], answers: Mapping[UUID, Answer], fleet: Fleet
) -> list[tuple[AnnouncedStop, int]]:
    """The stops the vehicle reaches later than is to be announced, by how many minutes."""
    delays = {id: each.minutes for id, each in answers.items() if each.decision is Decision.DELAY}
    kept = {each.stop.id: each.stop for each in concerned if each.stop.id in delays or each.stop.id not in answers}
    later = made_late(kept.values(), delays, fleet)
    return [(stop, later[stop.id]) for stop in as_announced(kept[id] for id in later)]


def _said(id: UUID, answer: Answer) -> str:
    """An answer as the form says it."""
    value = answer.vehicle or (str(answer.minutes) if answer.minutes else "")
    return f"{id} {answer.decision} {value}".strip()


def _choices(visit: StaffVisit, fleet: Fleet, broken: str) -> list[tuple[str, str]]:
    """What can become of a stop: what follows its id in the form, and its name."""
    _ = visit.gettext
    others = [each for each in fleet.vehicles.values() if each.key != broken]
    return [
        ("", _("Nicht betroffen, bleibt wie veröffentlicht")),
        *((f" replace {each.key}", _("%(vehicle)s kommt stattdessen") % {"vehicle": each.name}) for each in others),
        *((f" delay {each}", _("%(minutes)s Minuten später") % {"minutes": each}) for each in MINUTES),
        (" cancel", _("Fällt aus")),
    ]
