"""Pages of the offer: where booking begins, what for, and where."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.appointments.offer.days import load_earliest
from services.appointments.offer.domain import Service
from services.appointments.offer.queries import Offer, grid_of, load_offer
from shared.web.forms import FormErrors
from shared.web.visit import CurrentVisit, Visit

MOST_SERVICES = 5
ANYWHERE = "any"
"""The place of those to whom the time matters more."""

Keys = Annotated[list[str], Query(alias="services", default_factory=list, max_length=50)]

router = APIRouter(prefix="/appointments", include_in_schema=False)


@router.get("/")
async def start(visit: CurrentVisit) -> Response:
    """The ways in, and the next free time of each station."""
    offer = await load_offer(visit.conn, visit.today)
    earliest = await load_earliest(visit.conn, offer.stations, 1, grid_of(visit.service.city), visit.now)
    return visit.render("start.html", stations=offer.stations, earliest=earliest)


@router.get("/book")
async def choose_services(visit: CurrentVisit, keys: Keys, place: str = "") -> Response:
    """What for. A link may name services and a place beforehand."""
    return services_page(visit, await load_offer(visit.conn, visit.today), keys, place, FormErrors())


@router.get("/book/place")
async def choose_place(visit: CurrentVisit, keys: Keys) -> Response:
    """Where, with the earliest free time of each station."""
    offer = await load_offer(visit.conn, visit.today)
    return refuse_services(visit, offer, keys) or await place_page(visit, offer, keys, FormErrors())


def services_page(visit: Visit, offer: Offer, keys: list[str], place: str, errors: FormErrors) -> Response:
    """The list of services, with what was ticked."""
    return visit.render(
        "services.html",
        status=422 if errors else 200,
        services=offer.services,
        chosen=keys,
        place=place if place in {station.key for station in offer.stations} else "",
        errors=errors,
    )


async def place_page(visit: Visit, offer: Offer, keys: list[str], errors: FormErrors) -> Response:
    """The list of stations for some services."""
    chosen, grid = chosen_of(offer, keys), grid_of(visit.service.city)
    return visit.render(
        "place.html",
        status=422 if errors else 200,
        services=chosen,
        stations=offer.stations,
        earliest=await load_earliest(visit.conn, offer.stations, grid.slots_for(chosen), grid, visit.now),
        anywhere=ANYWHERE,
        errors=errors,
    )


def refuse_services(visit: Visit, offer: Offer, keys: list[str], place: str = "") -> Response | None:
    """The list of services again, unless these can be booked together; a link with outdated keys is no mistake."""
    chosen = chosen_of(offer, keys)
    if 1 <= len(chosen) <= MOST_SERVICES:
        return None
    _, errors = visit.gettext, FormErrors()
    if not keys:
        errors["services"] = _("Wählen Sie mindestens ein Anliegen.")
    elif chosen:
        errors["services"] = _("Wählen Sie höchstens fünf Anliegen. Sind es mehr, rufen Sie uns bitte an.")
    return services_page(visit, offer, keys, place, errors)


def chosen_of(offer: Offer, keys: list[str]) -> list[Service]:
    """The services of these keys, in the order of the offer."""
    return [each for each in offer.services if each.key in keys]
