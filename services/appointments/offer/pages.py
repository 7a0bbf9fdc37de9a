"""Pages of the offer: where booking begins, what for, and where."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.appointments.offer.days import load_earliest
from services.appointments.offer.domain import Service
from services.appointments.offer.queries import Offer, grid_of, load_offer
from shared.web.forms import FormErrors
from shared.web.visit import CurrentVisit, Visit

MOST_SERVICES = 5
ANYWHERE = "any"
"""The place of those to whom the time matters more."""


class Choice(BaseModel):
    """What was chosen so far, in the query of every page up to the time.

    Args:
        services: keys.
        place: a station's key, or any.
        draft: the token of a draft that gets another time, so that what was typed stays.
    """

    services: list[str] = Field(default=[], max_length=50)
    place: str = ""
    draft: str = ""


CurrentChoice = Annotated[Choice, Query()]

router = APIRouter(prefix="/appointments", include_in_schema=False)


@router.get("/")
async def start(visit: CurrentVisit) -> Response:
    """The ways in, and the next free time of each station."""
    offer = await load_offer(visit.conn, visit.today)
    earliest = await load_earliest(visit.conn, offer.stations, 1, grid_of(visit.service.city), visit.now)
    closures = [(station, station.closure_on(visit.today)) for station in offer.stations]
    closed = [(station, closure) for station, closure in closures if closure]
    return visit.render("start.html", stations=offer.stations, earliest=earliest, closed=closed)


@router.get("/book")
async def choose_services(visit: CurrentVisit, choice: CurrentChoice) -> Response:
    """What for. A link may name services and a place beforehand."""
    return services_page(visit, await load_offer(visit.conn, visit.today), choice, FormErrors())


@router.get("/book/place")
async def choose_place(visit: CurrentVisit, choice: CurrentChoice) -> Response:
    """Where, with the earliest free time of each station."""
    offer = await load_offer(visit.conn, visit.today)
    return refuse_services(visit, offer, choice) or await place_page(visit, offer, choice, FormErrors())


def services_page(visit: Visit, offer: Offer, choice: Choice, errors: FormErrors) -> Response:
    """The list of services, with what was ticked."""
    return visit.render(
        "services.html",
        status=422 if errors else 200,
        secret=bool(choice.draft),
        services=offer.services,
        chosen=choice.services,
        station=next((station for station in offer.stations if station.key == choice.place), None),
        draft=choice.draft,
        errors=errors,
    )


async def place_page(visit: Visit, offer: Offer, choice: Choice, errors: FormErrors) -> Response:
    """The list of stations for some services."""
    chosen, grid = chosen_of(offer, choice), grid_of(visit.service.city)
    return visit.render(
        "place.html",
        status=422 if errors else 200,
        secret=bool(choice.draft),
        keys=[each.key for each in chosen],
        stations=offer.stations,
        earliest=await load_earliest(visit.conn, offer.stations, grid.slots_for(chosen), grid, visit.now),
        anywhere=ANYWHERE,
        draft=choice.draft,
        errors=errors,
    )


def refuse_services(visit: Visit, offer: Offer, choice: Choice) -> Response | None:
    """The list of services again, unless these can be booked together; a link with outdated keys is no mistake."""
    chosen = chosen_of(offer, choice)
    if 1 <= len(chosen) <= MOST_SERVICES:
        return None
    _, errors = visit.gettext, FormErrors()
    if not choice.services:
        errors["services"] = _("Wählen Sie mindestens ein Anliegen.")
    elif chosen:
        errors["services"] = _("Wählen Sie höchstens fünf Anliegen. Sind es mehr, rufen Sie uns bitte an.")
    return services_page(visit, offer, choice, errors)


def chosen_of(offer: Offer, choice: Choice) -> list[Service]:
    """The services chosen, in the order of the offer."""
    return [each for each in offer.services if each.key in choice.services]
