"""The services of the city as staff look them up: what belongs to each, and which values have no source yet."""

from fastapi import APIRouter, Response

from services.appointments.desk.pages.visit import STAFF
from services.appointments.offer.pages import a_to_z
from services.appointments.offer.queries import load_offer
from services.appointments.staff import Clerk
from shared.web.formats import own_name
from shared.web.i18n import MESSAGE_LANGUAGES

router = APIRouter(prefix=f"{STAFF}/services", include_in_schema=False)


@router.get("")
async def show(visit: Clerk) -> Response:
    """All services, from A to Z. They are changed in the city's file."""
    offer, city = await load_offer(visit.act), visit.act.tools.city
    return visit.render(
        "staff/services.html",
        services=a_to_z(offer.services, visit.language.code),
        places={each.key: each for each in offer.stations},
        situations=city.life_situations,
        language_names={each.code: own_name(each) for each in MESSAGE_LANGUAGES},
        is_example=lambda value: city.is_example("services", value),
    )
