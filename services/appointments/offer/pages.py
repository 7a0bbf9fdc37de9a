"""Pages of the offer: where booking begins, what for, and where."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.offer.days import load_earliest
from services.appointments.offer.domain import Service as BookableService
from services.appointments.offer.queries import Offer, grid_of, load_offer
from shared.clock import BERLIN
from shared.db import Connection
from shared.http import CurrentService, Now
from shared.web.forms import FormErrors
from shared.web.i18n import language_of
from shared.web.pages import Pages

MOST_SERVICES = 5
ANYWHERE = "any"
"""The place of those to whom the time matters more."""

Keys = Annotated[list[str], Query(alias="services", max_length=50)]
Place = Annotated[str, Query(max_length=60)]


def current_pages(request: Request) -> Pages:
    """FastAPI dependency: the pages of the application that answers."""
    pages: Pages = request.app.state.pages
    return pages


CurrentPages = Annotated[Pages, Depends(current_pages)]

router = APIRouter(prefix="/appointments", include_in_schema=False)


@router.get("/")
async def start(request: Request, conn: Connection, service: CurrentService, now: Now, pages: CurrentPages) -> Response:
    """The ways in, and the next free time of each station."""
    offer = await load_offer(conn, now.astimezone(BERLIN).date())
    earliest = await load_earliest(conn, offer.stations, 1, grid_of(service.city), now)
    return pages.render(request, "start.html", stations=offer.stations, earliest=earliest)


@router.get("/book")
async def choose_services(
    request: Request, conn: Connection, now: Now, pages: CurrentPages, keys: Keys = [], place: Place = ""
) -> Response:
    """What for. A link may name services and a place beforehand."""
    offer = await load_offer(conn, now.astimezone(BERLIN).date())
    return services_page(request, pages, offer, keys, place, FormErrors())


@router.get("/book/place")
async def choose_place(
    request: Request, conn: Connection, service: CurrentService, now: Now, pages: CurrentPages, keys: Keys = []
) -> Response:
    """Where, with the earliest free time of each station."""
    offer = await load_offer(conn, now.astimezone(BERLIN).date())
    return check_services(request, pages, offer, keys) or await place_page(
        request, pages, conn, service, offer, keys, now, FormErrors()
    )


def services_page(
    request: Request, pages: Pages, offer: Offer, keys: list[str], place: str, errors: FormErrors
) -> Response:
    """The list of services, with what was ticked."""
    status = 422 if errors else 200
    known = place if place in {station.key for station in offer.stations} else ""
    return pages.render(
        request, "services.html", status=status, services=offer.services, chosen=keys, place=known, errors=errors
    )


async def place_page(
    request: Request,
    pages: Pages,
    conn: AsyncConnection,
    service: CurrentService,
    offer: Offer,
    keys: list[str],
    now: Now,
    errors: FormErrors,
) -> Response:
    """The list of stations for some services."""
    chosen, grid = chosen_of(offer, keys), grid_of(service.city)
    return pages.render(
        request,
        "place.html",
        status=422 if errors else 200,
        services=chosen,
        stations=offer.stations,
        earliest=await load_earliest(conn, offer.stations, grid.slots_for(chosen), grid, now),
        anywhere=ANYWHERE,
        errors=errors,
    )


def check_services(request: Request, pages: Pages, offer: Offer, keys: list[str], place: str = "") -> Response | None:
    """The list of services again, if these cannot be booked together; a link with outdated keys is no mistake."""
    chosen = chosen_of(offer, keys)
    if 1 <= len(chosen) <= MOST_SERVICES:
        return None
    _ = pages.gettext(request)
    errors = FormErrors()
    if not keys:
        errors["services"] = _("Wählen Sie mindestens ein Anliegen.")
    elif chosen:
        errors["services"] = _("Wählen Sie höchstens fünf Anliegen. Sind es mehr, rufen Sie uns bitte an.")
    return services_page(request, pages, offer, keys, place, errors)


def chosen_of(offer: Offer, keys: list[str]) -> list[BookableService]:
    """The services of these keys, in the order of the offer."""
    return [each for each in offer.services if each.key in keys]


def redirect(request: Request, path: str) -> Response:
    """After a post: to a page that may be reloaded, in the language of the request."""
    return RedirectResponse(language_of(request).prefix + path, 303)
