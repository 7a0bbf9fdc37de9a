"""The page of the stations: where they are, how to call them, when they are open."""

from fastapi import APIRouter, Response

from services.appointments.offer.domain import Kind, of_kind
from services.appointments.offer.queries import load_offer
from services.appointments.offer.windows import public_hours
from shared.web.visit import CurrentVisit

router = APIRouter(prefix="/appointments/stations", include_in_schema=False)


@router.get("")
async def show(visit: CurrentVisit) -> Response:
    """Every station with address, map, phone number, opening hours, and when it is closed nevertheless."""
    offer = await load_offer(visit.act)
    stations = of_kind(offer.stations, Kind.COUNTER, Kind.VIDEO)
    return visit.render(
        "stations.html",
        stations=stations,
        hours={each.key: public_hours(each.hours, visit.act.today) for each in stations},
    )
