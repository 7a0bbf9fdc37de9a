"""The page of a stop: what has become of it, how to find it, and what else there is if it does not take place."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.mobile_office.tours.announced import AnnouncedStop, as_announced
from services.mobile_office.tours.calendar import calendar_of
from services.mobile_office.tours.nearby import Whereabouts, nearest
from services.mobile_office.tours.pages.plan import MOST_NEAR, load_to_come, names
from services.mobile_office.tours.queries import find_stop
from shared.problems import NotFound
from shared.web.visit import CurrentVisit, Visit

router = APIRouter(prefix="/mobile_office/stops", include_in_schema=False)


@router.get("/{id}")
async def show(visit: CurrentVisit, id: UUID) -> Response:
    """A stop people know of; one that was cancelled, or is over, stays reachable with what comes instead."""
    stop = await _announced(visit, id)
    over = stop.departs_at <= visit.act.now
    others: list[AnnouncedStop] = []
    if over or not stop.takes_place:
        known = await load_to_come(visit)
        others = nearest((each for each in known if each.id != id), Whereabouts.at(stop.state.place), MOST_NEAR)
    address = f"{visit.act.tools.settings.platform.public_url}{visit.language.prefix}/mobile_office/stops/{id}"
    return visit.render("stop.html", stop=stop, over=over, others=others, address=address, **names(visit))


@router.get("/{id}/stop.ics")
async def calendar(visit: CurrentVisit, id: UUID) -> Response:
    """The stop as a calendar file."""
    return calendar_of(visit.act.tools, [await _announced(visit, id)], visit.language.prefix)


async def _announced(visit: Visit, id: UUID) -> AnnouncedStop:
    """A stop people know of; what is only planned is nobody's business yet."""
    stop = await find_stop(visit.act.conn, id)
    known = as_announced([stop] if stop else [])
    if not known:
        raise NotFound
    return known[0]
