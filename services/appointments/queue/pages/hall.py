"""The screen in the hall: the numbers called last. It says nothing about anybody, so it needs no sign-in."""

from fastapi import APIRouter, Response

from services.appointments.offer.queries import load_offer
from services.appointments.queue.queries import load_hall
from shared.problems import NotFound
from shared.web.visit import CurrentVisit

RELOAD_S = 5

router = APIRouter(prefix="/appointments/staff/hall", include_in_schema=False)


@router.get("/{place}")
async def hall(visit: CurrentVisit, place: str) -> Response:
    """The last numbers and their counters, in large letters; the page reloads itself."""
    offer = await load_offer(visit.conn, visit.today, place, services=())
    if not offer.stations:
        raise NotFound
    called = await load_hall(visit.conn, place, visit.now)
    return visit.render("hall.html", station=offer.stations[0], called=called, headers={"Refresh": str(RELOAD_S)})
