"""Pages of the offer: where booking begins, what for (services as people look for them), and where."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.appointments.offer.days import FreeTime, load_earliest, load_earliest_by_service
from services.appointments.offer.domain import (
    MOST_SERVICES,
    Kind,
    Service,
    Station,
    able,
    choose,
    duration_of,
    keys_of,
    of_kind,
    slots_on,
    staying,
    too_many,
)
from services.appointments.offer.queries import Offer, grid_of, load_offer
from services.appointments.offer.searching import Found, Vocabulary, fold, search
from shared.clock import BERLIN
from shared.web.forms import FormErrors
from shared.web.visit import CurrentVisit, Visit

MOST_ASKED = 6
"""How many of the services stand first; the city's data begin with those that are asked for most."""


DOCUMENTS = "documents"


NEAR = "near"


TICKED = "ticked"
"""The heading of what is ticked already; above, those of what a search found besides."""


@dataclass(frozen=True, slots=True)
class Section:
    """Services under a heading: the key of a life situation, one for what a search found, or None for no heading."""

    heading: str | None
    services: Sequence[Service]


def by_situation(services: Sequence[Service], situations: Iterable[str]) -> list[Section]:
    """The services asked for most, then the others by life situation, in the order of the situations."""
    others = services[MOST_ASKED:]
    sections = [Section(key, [each for each in others if each.situation == key]) for key in situations]
    return [Section(None, services[:MOST_ASKED]), *(each for each in sections if each.services)]


def a_to_z(services: Iterable[Service], language: str) -> list[Service]:
    """The services by their names in a language; umlauts stand with their vowels."""
    return sorted(services, key=lambda each: fold(_name(each, language)))


def found_sections(found: Found, ticked: Iterable[Service]) -> list[Section]:
    """What a search found under headings of its own; what is ticked stays in the list whatever is searched for."""
    shown = {each.key for each in found.services}
    sections = [
        Section(None, found.hits),
        Section(DOCUMENTS, found.documents),
        Section(NEAR, found.near),
        Section(TICKED, [each for each in ticked if each.key not in shown]),
    ]
    return [each for each in sections if each.services]


def _name(service: Service, language: str) -> str:
    return service.names.get(language, service.names["de"])


ANYWHERE = "any"
"""The place of those to whom the time matters more."""
A_TO_Z = "a-z"
"""The order of those who know what it is called."""
_KEY = re.compile(r"[a-z0-9-]{1,60}")


class Choice(BaseModel):
    """What was chosen so far, in the query of every page up to the time.

    Args:
        services: keys, each as often as it is wanted.
        counts: "key number" beside the ticked box of a service of which several can be wanted.
        place: a station's key, or any.
        draft: the token of a draft that gets another time, so that what was typed stays.
        q: what the list of services is searched for.
        order: of that list; by life situation unless a-z.
    """

    services: list[str] = Field(default=[], max_length=50)
    counts: list[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60} [1-9]$")]] = Field(default=[], max_length=50)
    place: str = ""
    draft: str = ""
    q: str = Field(default="", max_length=100)
    order: str = ""

    @property
    def keys(self) -> list[str]:
        """What can be keys, each as often as it is wanted; a count without a tick is none."""
        counts = {key: int(number) for key, number in (each.split(" ") for each in self.counts)}
        return [
            key
            for key, times in Counter(filter(_KEY.fullmatch, self.services)).items()
            for _ in range(counts.get(key, times))
        ]


CurrentChoice = Annotated[Choice, Query()]


@dataclass(frozen=True, slots=True)
class Way:
    """What services are chosen for.

    Args:
        here: the address of the list of services.
        onward: where a choice leads; `at_place` where a place is chosen already.
        steps: how many pages the way has.
    """

    here: str
    onward: str
    at_place: str
    steps: int


TO_BOOK = Way("/appointments/book", "/appointments/book/place", "/appointments/book/time", 5)

router = APIRouter(prefix="/appointments", include_in_schema=False)


@router.get("/")
async def start(visit: CurrentVisit) -> Response:
    """The ways in, the next free time of each station and of what is asked for most, what is closed or taken today."""
    offer, grid = await load_offer(visit.act), grid_of(visit.act.tools.city)
    stations = able(staying(offer.stations), [])
    earliest = await load_earliest(visit.act, stations, 1)
    counters, most_asked = of_kind(stations, Kind.COUNTER), offer.services[:MOST_ASKED]
    by_service = await load_earliest_by_service(visit.act, counters, most_asked)
    today = {key for key, start in earliest.items() if start and start.astimezone(BERLIN).date() == visit.act.today}
    to_come = [each for each in stations if any(slot > visit.act.now for slot in slots_on(each, visit.act.today, grid))]
    return visit.render(
        "start.html",
        stations=stations,
        earliest=earliest,
        most_asked=[(each, _first_of(by_service[each.key], counters)) for each in most_asked],
        closed=[(station, closure) for station in stations for closure in station.closures_on(visit.act.today)],
        all_taken_today=bool(to_come) and not today,
        stops_come=bool(of_kind(offer.stations, Kind.STOP)),
    )


@router.get("/book")
async def choose_services(visit: CurrentVisit, choice: CurrentChoice) -> Response:
    """What for. A link may name services and a place beforehand."""
    return services_page(visit, await load_offer(visit.act), choice, FormErrors())


@router.get("/book/place")
async def choose_place(visit: CurrentVisit, choice: CurrentChoice) -> Response:
    """Where, with the earliest free time of each station."""
    offer = await load_offer(visit.act)
    return refuse_services(visit, offer, choice) or await place_page(visit, offer, choice, FormErrors())


def services_page(visit: Visit, offer: Offer, choice: Choice, errors: FormErrors, way: Way = TO_BOOK) -> Response:
    """The list of services, with what was ticked, or what a search finds in it."""
    chosen = chosen_of(offer, choice)
    return visit.render(
        "services.html",
        status=422 if errors else 200,
        secret=bool(choice.draft),
        choice=choice,
        chosen={each.key: each for each in chosen},
        keys=keys_of(chosen),
        minutes=_minutes(chosen),
        situations=visit.act.tools.city.life_situations,
        places={station.key: station for station in offer.stations},
        errors=errors,
        way=way,
        **_listed(visit, offer, choice, chosen),
    )


async def place_page(visit: Visit, offer: Offer, choice: Choice, errors: FormErrors) -> Response:
    """The stations that offer all that is chosen, with the earliest time, and what the others lack."""
    chosen, grid = chosen_of(offer, choice), grid_of(visit.act.tools.city)
    stations = able(offer.stations, chosen)
    counters = of_kind(stations, Kind.COUNTER)
    earliest = await load_earliest(visit.act, stations, grid.slots_for(chosen))
    return visit.render(
        "place.html",
        status=422 if errors else 200,
        secret=bool(choice.draft),
        chosen=chosen,
        keys=keys_of(chosen),
        stations=counters,
        stops=_by_district(visit, of_kind(stations, Kind.STOP), earliest),
        video=of_kind(stations, Kind.VIDEO),
        lacking=[(each, lacks) for each in of_kind(offer.stations, Kind.COUNTER) if (lacks := each.lacks(chosen))],
        spoken=spoken_at(visit, stations),
        earliest=earliest,
        earliest_anywhere=min((start for each in counters if (start := earliest[each.key])), default=None),
        anywhere=ANYWHERE,
        draft=choice.draft,
        errors=errors,
    )


def _by_district(
    visit: Visit, stops: Iterable[Station], earliest: Mapping[str, datetime | None]
) -> list[tuple[str, list[Station]]]:
    """The stops with something free, by the names of their districts, the earliest first."""
    free = sorted((start, each.key, each) for each in stops if (start := earliest[each.key]))
    names = ((each.name, each.number) for each in visit.act.tools.city.districts)
    found = ((name, [stop for _, _, stop in free if stop.district == number]) for name, number in names)
    return [(name, there) for name, there in found if there]


def _first_of(earliest: Mapping[str, datetime | None], stations: Sequence[Station]) -> FreeTime | None:
    """The earliest of the free starts at some stations, and where it is."""
    found = [FreeTime(start, each) for each in stations if (start := earliest.get(each.key))]
    return min(found, key=lambda time: (time.start, time.station.key), default=None)


def spoken_at(visit: Visit, stations: Iterable[Station]) -> dict[str, dict[str, str]]:
    """The languages spoken at some counter of each station besides German, by tag, each in its own spelling."""
    names = visit.act.tools.city.interpreter_languages
    return {station.key: {tag: names[tag] for tag in station.languages} for station in stations}


def refuse_services(visit: Visit, offer: Offer, choice: Choice, way: Way = TO_BOOK) -> Response | None:
    """The list of services again, unless these can be booked together; a link with outdated keys is no mistake."""
    chosen = chosen_of(offer, choice)
    excess = too_many(chosen)
    if 1 <= len(chosen) <= MOST_SERVICES and not excess:
        return None
    _, errors = visit.gettext, FormErrors()
    if not choice.services:
        errors["services"] = _("Wählen Sie mindestens ein Anliegen.")
    elif len(chosen) > MOST_SERVICES:
        errors["services"] = _("Wählen Sie höchstens fünf Anliegen. Sind es mehr, rufen Sie uns bitte an.")
    elif excess:
        name = excess[0].names.get(visit.language.code, excess[0].names["de"])
        errors["services"] = _("%(service)s: Wählen Sie höchstens %(most)s für einen Termin.") % {
            "service": name,
            "most": excess[0].most,
        }
    return services_page(visit, offer, choice, errors, way)


def chosen_of(offer: Offer, choice: Choice) -> list[Service]:
    """The services chosen, in the order of the offer and the quantity wanted."""
    return choose(offer.services, choice.keys)


def _listed(visit: Visit, offer: Offer, choice: Choice, chosen: list[Service]) -> dict[str, Any]:
    """The services to show: all of them in an order, or what a search finds."""
    city, alphabetical = visit.act.tools.city, choice.order == A_TO_Z
    if not (wanted := choice.q.strip()):
        sections = (
            [Section(None, a_to_z(offer.services, visit.language.code))]
            if alphabetical
            else by_situation(offer.services, city.life_situations)
        )
        return {"sections": sections, "alphabetical": alphabetical, "missed": False}
    vocabulary = Vocabulary({each.key: each.words for each in city.services}, city.life_situations)
    found = search(offer.services, vocabulary, wanted)
    return {"sections": found_sections(found, chosen), "alphabetical": False, "missed": not found.services}


def _minutes(services: list[Service]) -> int:
    return duration_of(services) // timedelta(minutes=1)
