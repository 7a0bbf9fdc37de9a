"""The planner: the stops of a week, each with what it is about to become, and forms to change them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel

from services.mobile_office.bodies import Version
from services.mobile_office.fleet.domain import Fleet
from services.mobile_office.fleet.names import load_names
from services.mobile_office.pages import STAFF, Text
from services.mobile_office.staff import Lead
from services.mobile_office.tours import usecases
from services.mobile_office.tours.domain import Stop
from services.mobile_office.tours.pages.typed_plan import STEP, TypedPlan
from services.mobile_office.tours.publishing import load_preview
from services.mobile_office.tours.queries import find_stop, load_booked, load_week
from services.mobile_office.tours.refusals import StopOver, UnknownPlan, VehicleElsewhere, WeekChanged
from services.mobile_office.tours.usecases import SeenWeek
from shared.clock import BERLIN
from shared.days import Day, Moment, of_our_time
from shared.problems import NotFound
from shared.recurrence import WEEK, monday_of
from shared.web.forms import FormErrors
from shared.web.staff.visit import StaffVisit

PAGE = f"{STAFF}/planner"

router = APIRouter(prefix=PAGE, include_in_schema=False)


class WeekButton(BaseModel):
    """A button of a week; `version` is that of the week."""

    version: Version


class Moved(WeekButton):
    """A stop at other times, as a button says."""

    arrives_at: Moment
    departs_at: Moment


class TypedStop(TypedPlan):
    """A stop as typed; `version` is that of the week, `id` that of a stop which is new if nobody knows it."""

    version: Version
    id: UUID


@dataclass(frozen=True, slots=True)
class Row:
    """A stop of the table: where it comes from, and how many minutes the way takes and there are for it."""

    stop: Stop
    from_place: str | None = None
    way: int = 0
    spare: int = 0


@router.get("")
async def show(visit: Lead, week: Text = "", done: Text = "") -> Response:
    """The plan of a week, this one unless another is asked for."""
    return await _week_page(visit, _monday(week, visit.act.today), done=done)


@router.post("/{monday}")
async def plan_week(visit: Lead, monday: Day) -> Response:
    """Plan a week as the weekly plan has it. Sent twice it is planned once."""
    try:
        await usecases.plan_week(visit.act, monday)
    except UnknownPlan:
        raise NotFound from None
    return _back(visit, monday)


@router.get("/{monday}/stop")
async def edit(visit: Lead, monday: Day, id: Annotated[UUID | None, Query()] = None) -> Response:
    """The form for a stop of the week, or for one more."""
    week = await load_week(visit.act.conn, monday)
    if week is None:
        raise NotFound
    if id is None:
        first = max(monday, visit.act.today)
        typed = TypedStop(version=week.version, id=uuid4(), day=str(first))
        return await _form_page(visit, monday, typed, FormErrors())
    stop = await _stop(visit, monday, id)
    return await _form_page(visit, monday, TypedStop.of(stop.plan, version=week.version, id=id), FormErrors())


@router.post("/{monday}/stop")
async def put_stop(visit: Lead, monday: Day, typed: Annotated[TypedStop, Form()]) -> Response:
    """Put a stop into the plan, or change it. If it cannot be, the form comes back with what was typed."""
    _, (fleet, _names) = visit.gettext, await load_names(visit)
    plan, errors = typed.read(visit.gettext, fleet)
    if plan is None:
        return await _form_page(visit, monday, typed, errors)
    try:
        async with visit.act.attempt():
            await usecases.put_stop(visit.act, SeenWeek(monday, typed.version), typed.id, plan)
    except WeekChanged:
        return await _form_page(visit, monday, await _renewed(visit, monday, typed), errors, status=409)
    except VehicleElsewhere as elsewhere:
        errors["arrives"] = await _where(visit, elsewhere)
    except UnknownPlan:
        errors["day"] = _("Wählen Sie einen Tag dieser Woche und eine Zeit, die noch nicht begonnen hat.")
    except StopOver:
        return await _week_page(visit, monday, refused=_("Dieser Halt ist schon vorbei oder abgesagt."))
    return await _form_page(visit, monday, typed, errors) if errors else _back(visit, monday)


@router.post("/{monday}/stops/{id}/times")
async def move(visit: Lead, monday: Day, id: UUID, moved: Annotated[Moved, Form()]) -> Response:
    """A stop earlier or later, as its buttons say."""
    stop = await _stop(visit, monday, id)
    plan = replace(stop.plan, arrives_at=moved.arrives_at, departs_at=moved.departs_at)
    return await _replanned(visit, SeenWeek(monday, moved.version), replace(stop, plan=plan))


@router.post("/{monday}/stops/{id}/again")
async def take_up_again(visit: Lead, monday: Day, id: UUID, pressed: Annotated[WeekButton, Form()]) -> Response:
    """A stop that was dropped takes place after all."""
    seen = SeenWeek(monday, pressed.version)
    return await _replanned(visit, seen, await _stop(visit, monday, id))


@router.post("/{monday}/stops/{id}/dropping")
async def drop(visit: Lead, monday: Day, id: UUID, pressed: Annotated[WeekButton, Form()]) -> Response:
    """Take a stop out of the plan."""
    try:
        async with visit.act.attempt():
            await usecases.drop_stop(visit.act, SeenWeek(monday, pressed.version), id)
    except (WeekChanged, StopOver):
        return await _week_page(visit, monday, refused=_meanwhile(visit))
    return _back(visit, monday)


async def _replanned(visit: StaffVisit, seen: SeenWeek, stop: Stop) -> Response:
    """What is shown after the plan of a stop has become that of `stop`, or could not."""
    _, monday = visit.gettext, seen.monday
    try:
        async with visit.act.attempt():
            await usecases.put_stop(visit.act, seen, stop.id, stop.plan)
    except (WeekChanged, StopOver):
        return await _week_page(visit, monday, refused=_meanwhile(visit))
    except VehicleElsewhere as elsewhere:
        return await _week_page(visit, monday, refused=await _where(visit, elsewhere))
    except UnknownPlan:
        return await _week_page(visit, monday, refused=_("Der Halt muss an einem Tag bleiben und noch bevorstehen."))
    return _back(visit, monday)


async def _stop(visit: StaffVisit, monday: date, id: UUID) -> Stop:
    stop = await find_stop(visit.act.conn, id)
    if stop is None or stop.week != monday:
        raise NotFound
    return stop


async def _renewed(visit: StaffVisit, monday: date, typed: TypedStop) -> TypedStop:
    """What was typed, on the plan as it is now."""
    week = await load_week(visit.act.conn, monday)
    return typed.model_copy(update={"version": week.version if week else 0})


async def _where(visit: StaffVisit, elsewhere: VehicleElsewhere) -> str:
    """In words where the vehicle is instead."""
    _, other = visit.gettext, elsewhere.other
    if other is None:
        return _("Das Fahrzeug ist zu dieser Zeit an einem anderen Halt oder unterwegs.")
    fleet, _names = await load_names(visit)
    said = {
        "place": fleet.places[other.place].name,
        "start": f"{other.arrives_at.astimezone(BERLIN):%H:%M}",
        "end": f"{other.departs_at.astimezone(BERLIN):%H:%M}",
    }
    return _("Das Fahrzeug schafft es nicht: Es steht von %(start)s bis %(end)s Uhr in %(place)s.") % said


def _meanwhile(visit: StaffVisit) -> str:
    return visit.gettext("Jemand anderes hat die Woche inzwischen geändert. So sieht sie jetzt aus.")


def _back(visit: StaffVisit, monday: date) -> Response:
    return visit.redirect(f"{PAGE}?week={monday}")


def _monday(typed: str, today: date) -> date:
    try:
        return monday_of(of_our_time(date.fromisoformat(typed)))
    except ValueError:
        return monday_of(today)


async def _week_page(visit: StaffVisit, monday: date, refused: str = "", done: str = "") -> Response:
    week = await load_week(visit.act.conn, monday)
    fleet, names = await load_names(visit)
    preview = await load_preview(visit.act, monday) if week else None
    stops = preview.stops if preview else ()
    return visit.render(
        "staff/planner.html",
        status=409 if refused else 200,
        refused=refused,
        done=done,
        monday=monday,
        sunday=monday + timedelta(days=6),
        before=monday - WEEK,
        after=monday + WEEK,
        over=monday + WEEK <= visit.act.today,
        week=week,
        preview=preview,
        rows=_rows(stops, fleet),
        stops={stop.id: stop for stop in stops},
        people=await load_booked(visit.act.conn, [stop.id for stop in stops]),
        step=STEP,
        now=visit.act.now,
        **names,
    )


def _rows(stops: Sequence[Stop], fleet: Fleet) -> list[Row]:
    """The stops in order of time, each with the way from the vehicle's last one of that day."""
    ways: dict[UUID, Row] = {}
    for vehicle in fleet.vehicles:
        tour = [stop for stop in stops if stop.plan.vehicle == vehicle and stop.takes_place]
        for last, stop in pairwise(tour):
            if last.plan.departs_at.astimezone(BERLIN).date() == stop.plan.arrives_at.astimezone(BERLIN).date():
                way = fleet.travel(last.plan.place, stop.plan.place) // timedelta(minutes=1)
                there = (stop.plan.arrives_at - last.plan.departs_at) // timedelta(minutes=1)
                ways[stop.id] = Row(stop, last.plan.place, way, there - way)
    return [ways.get(stop.id, Row(stop)) for stop in stops]


async def _form_page(
    visit: StaffVisit, monday: date, typed: TypedStop, errors: FormErrors, status: int | None = None
) -> Response:
    _fleet, names = await load_names(visit)
    return visit.render(
        "staff/planner_stop.html",
        status=status or (422 if errors else 200),
        monday=monday,
        days=[monday + timedelta(days=each) for each in range(7)],
        typed=typed,
        stop=await find_stop(visit.act.conn, typed.id),
        changed=status == 409,
        errors=errors,
        **names,
    )
