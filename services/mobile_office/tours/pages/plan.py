"""The tour plan: which stops a week has, by Stadtbezirk; and as a calendar to subscribe to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.mobile_office.city import MobileOffice
from services.mobile_office.pages import names_of
from services.mobile_office.tours.announced import AnnouncedStop, as_announced
from services.mobile_office.tours.calendar import RENEWAL, calendar_of
from services.mobile_office.tours.nearby import Whereabouts, nearest
from services.mobile_office.tours.queries import load_announced
from services.mobile_office.tours.reasons import WORDS
from shared.city import City, District
from shared.recurrence import WEEK, monday_of
from shared.web.visit import CurrentVisit, Visit

AHEAD = 26 * WEEK
"""How far ahead the plan can be leafed through."""
FEED_BACK = 4 * WEEK
"""How long stops that are over stay in the calendar."""
MOST_NEAR = 3

Choice = Annotated[str, Field(max_length=60)]

router = APIRouter(prefix="/mobile_office", include_in_schema=False)


class Filter(BaseModel):
    """What of the plan is wanted, as chosen; what is unknown counts as not chosen.

    Args:
        week: a day of it.
        district: a Stadtbezirk by its number, `quarter` an Ortsteil.
        service: its key.
    """

    week: Choice = ""
    district: Choice = ""
    quarter: Choice = ""
    service: Choice = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the city: all of it, a Stadtbezirk, or some of its Ortsteile."""

    name: str | None
    district: District | None
    quarters: frozenset[int]

    def holds(self, stop: AnnouncedStop) -> bool:
        """Whether a stop is there."""
        return stop.state.place.quarter in self.quarters


@router.get("/")
async def show(visit: CurrentVisit, wanted: Annotated[Filter, Query()]) -> Response:
    """The stops of a week, where none is asked for the first that has some; without any, what is next and near."""
    this = monday_of(visit.act.today)
    part, service = _part(visit.act.tools.city, wanted), _service(visit.act.tools.city, wanted.service)
    known = [stop for stop in await load_to_come(visit) if service is None or service in stop.state.services]
    monday = _week(wanted.week, this) if wanted.week else _first_week(known, part, this)
    of_week = [stop for stop in known if stop.monday == monday]
    stops = [stop for stop in of_week if part.holds(stop)]
    next_there: AnnouncedStop | None = None
    near: list[AnnouncedStop] = []
    if not any(stop.takes_place for stop in stops):
        later = (stop for stop in known if stop.monday > monday and stop.takes_place and part.holds(stop))
        next_there = next(later, None)
        if part.district:
            here = Whereabouts.amid(visit.act.tools.city, part.district.number, part.quarters)
            near = nearest((stop for stop in of_week if not part.holds(stop)), here, MOST_NEAR)
    return visit.render(
        "plan.html",
        wanted=wanted,
        part=part,
        service=service,
        offered=visit.act.tools.city.part(MobileOffice).services,
        monday=monday,
        sunday=monday + timedelta(days=6),
        this_week=monday == this,
        begins=stops[0].arrives_at if stops and monday != this and not wanted.week else None,
        before=monday - WEEK if monday > this else None,
        after=monday + WEEK if monday < this + AHEAD else None,
        sections=_by_district(visit.act.tools.city, stops),
        next_there=next_there,
        near=near,
        common=_common_services(visit.act.tools.city, [*stops, *near, *([next_there] if next_there else [])]),
        **names(visit),
    )


@router.get("/calendar.ics")
async def calendar(visit: CurrentVisit, wanted: Annotated[Filter, Query()]) -> Response:
    """The stops of a district, an Ortsteil or the whole city for calendars that subscribe, the cancelled ones too."""
    part = _part(visit.act.tools.city, wanted)
    known = as_announced(await load_announced(visit.act.conn, visit.act.now - FEED_BACK, visit.act.now + AHEAD))
    stops = [stop for stop in known if part.holds(stop)]
    name = f"Bürgermobil {part.name or visit.act.tools.city.name}"
    properties: dict[str, object] = {
        "method": "PUBLISH",
        "name": name,
        "x-wr-calname": name,
        "refresh-interval": RENEWAL,
    }
    return calendar_of(visit.act.tools, stops, visit.language.prefix, **properties)


async def load_to_come(visit: Visit) -> list[AnnouncedStop]:
    """The stops people know of that are not over, in order of time."""
    return as_announced(await load_announced(visit.act.conn, visit.act.now, visit.act.now + AHEAD))


def names(visit: Visit) -> dict[str, object]:
    """What pages need to call places, services and reasons by their names."""
    city = visit.act.tools.city
    return {**names_of(city), "reasons": WORDS, "services": {each.key: each for each in city.services}}


def _week(typed: str, this: date) -> date:
    """The Monday of the week that is asked for, of those there are."""
    try:
        asked = monday_of(date.fromisoformat(typed))
    except (ValueError, OverflowError):
        return this
    return min(max(asked, this), this + AHEAD)


def _first_week(known: list[AnnouncedStop], part: Part, this: date) -> date:
    """The Monday the plan begins with: of this week, or where nothing is left of it, of the next with stops."""
    if any(stop.monday == this for stop in known):
        return this
    coming = [stop for stop in known if stop.takes_place]
    there = [stop for stop in coming if part.holds(stop)]
    return next((stop.monday for stop in [*there, *coming]), this)


def _part(city: City, wanted: Filter) -> Part:
    for district in city.districts:
        for quarter in district.quarters:
            if str(quarter.number) == wanted.quarter:
                return Part(quarter.name, district, frozenset({quarter.number}))
    for district in city.districts:
        if str(district.number) == wanted.district:
            return Part(district.name, district, frozenset(each.number for each in district.quarters))
    return Part(None, None, frozenset(quarter.number for each in city.districts for quarter in each.quarters))


def _service(city: City, key: str) -> str | None:
    return key if key in city.part(MobileOffice).services else None


def _by_district(city: City, stops: Iterable[AnnouncedStop]) -> list[tuple[District, list[AnnouncedStop]]]:
    """The districts that have stops, in the city's order."""
    by_district: dict[int, list[AnnouncedStop]] = {}
    for stop in stops:
        by_district.setdefault(stop.state.place.district, []).append(stop)
    return [(each, by_district[each.number]) for each in city.districts if each.number in by_district]


def _common_services(city: City, stops: list[AnnouncedStop]) -> list[str]:
    """The services every one of some stops offers that take place: they are said once."""
    offered = [set(stop.state.services) for stop in stops if stop.takes_place]
    common = set.intersection(*offered) if offered else set()
    return [key for key in city.part(MobileOffice).services if key in common]
