"""The screen in the hall: the numbers called last. It says nothing about anybody, so it needs no sign-in."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from services.appointments.offer.domain import Kind
from services.appointments.offer.queries import load_offer
from services.appointments.queue.queries import load_hall
from shared.problems import NotFound, Problem
from shared.web.i18n import language_of
from shared.web.visit import CurrentVisit

RELOAD_S = 5

HALL = "/appointments/staff/hall"

ErrorPage = Callable[[Request, Problem], Awaitable[Response]]

router = APIRouter(prefix=HALL, include_in_schema=False)


@router.get("/{place}")
async def hall(visit: CurrentVisit, place: str) -> Response:
    """The last numbers and their counters, in large letters; the page reloads itself."""
    offer = await load_offer(visit.act, place, services=())
    if not offer.stations or offer.stations[0].kind is not Kind.COUNTER:
        raise NotFound
    called = await load_hall(visit.act, place)
    page = visit.render("hall.html", station=offer.stations[0], called=called)
    page.headers["Refresh"] = str(RELOAD_S)
    return page


def reloading(error_page: ErrorPage) -> ErrorPage:
    """The error page of an application, which in the hall reloads itself as well: nobody stands there to do it."""

    async def answer(request: Request, problem: Problem) -> Response:
        response = await error_page(request, problem)
        if request.url.path.removeprefix(language_of(request).prefix).startswith(HALL):
            response.headers["Refresh"] = str(RELOAD_S)
        return response

    return answer
