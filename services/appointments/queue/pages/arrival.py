"""Arriving for an appointment: at the screen in the hall by its number and time, or on one's own phone by its link."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field

from services.appointments.booking.api import by_token
from services.appointments.booking.domain import COMING
from services.appointments.booking.limits import note_taking
from services.appointments.booking.queries import Appointment, load_by_number
from services.appointments.locks import Lock
from services.appointments.offer.domain import Kind, Station
from services.appointments.offer.queries import load_offer
from services.appointments.queue.domain import is_time_of, is_today, may_check_in
from services.appointments.queue.facts import TICKET
from services.appointments.queue.queries import load_situation
from services.appointments.queue.refusals import NotNow, StationNotOpen
from services.appointments.queue.usecases import check_in
from shared.arriving import CHECK_IN_BEFORE
from shared.problems import NotFound
from shared.web.formats import hhmm
from shared.web.forms import FormErrors
from shared.web.visit import CurrentVisit, Visit

router = APIRouter(prefix="/appointments", include_in_schema=False)

Place = Annotated[str, Query(max_length=60)]


class ArrivalForm(BaseModel):
    """The number and the time of an appointment, as typed."""

    number: str = Field(default="", max_length=100)
    time: str = Field(default="", max_length=40)


@router.get("/arrival")
async def ask(visit: CurrentVisit, place: Place) -> Response:
    """The screen in the hall of a station."""
    return visit.render("arrival.html", station=await _station(visit, place), form=ArrivalForm())


@router.post("/arrival")
async def arrive(visit: CurrentVisit, place: Place, form: Annotated[ArrivalForm, Form()]) -> Response:
    """Let somebody wait under the number of their appointment; sent again it changes nothing.

    A number alone, as others may have seen or guessed it, says nothing: it goes with the time of the appointment, which
    everybody who comes knows and can type in any script. Every try counts against the limit of the network address.
    The answer is not kept at an address of its own: at a screen in a hall the next person could go back to it.
    """
    station = await _station(visit, place)
    await note_taking(visit.act)
    found = await load_by_number(visit.act.conn, form.number)
    errors = FormErrors()
    if wrong := _refusal(visit, station, found, form.time):
        errors["number"] = wrong
    if errors or found is None:
        return visit.render(
            "arrival.html", status=422, secret=True, kept=False, station=station, form=form, errors=errors
        )
    ticket = await check_in(visit.act, found)
    situation = await load_situation(visit.act, ticket.station, ticket)
    return visit.render("arrived.html", secret=True, kept=False, station=station, ticket=ticket, situation=situation)


@router.post("/m/{token}/arrive")
async def arrive_by_link(visit: CurrentVisit, token: str) -> Response:
    """Say "I am here" on one's own phone; sent again it leads to the same place in the queue."""
    found = await by_token(visit.act, token, lock=Lock.APPOINTMENT)
    if found.kind is not Kind.COUNTER or not may_check_in(found.starts_at, visit.act.now):
        return visit.redirect(f"/appointments/m/{token}")
    try:
        ticket = await check_in(visit.act, found)
    except (NotNow, StationNotOpen):
        return visit.redirect(f"/appointments/m/{token}")
    return visit.redirect(f"/appointments/ticket/{visit.act.tools.links.token(TICKET, ticket.id, 1)}")


async def _station(visit: Visit, key: str) -> Station:
    offer = await load_offer(visit.act, key, services=())
    if not offer.stations:
        raise NotFound
    return offer.stations[0]


def _refusal(visit: Visit, station: Station, found: Appointment | None, time: str) -> str | None:
    """Why somebody cannot say here and now that they have come; None where they can."""
    _ = visit.gettext
    if (
        found is None
        or found.status not in COMING
        or found.station != station.key
        or not is_time_of(time, found.starts_at)
        or not is_today(found.starts_at, visit.act.now)
    ):
        return _("Prüfen Sie die Nummer und die Uhrzeit. Dazu gibt es hier heute keinen Termin.")
    if may_check_in(found.starts_at, visit.act.now):
        return None
    if visit.act.now < found.starts_at:
        opens = found.starts_at - CHECK_IN_BEFORE
        return _("Melden Sie sich ab %(time)s Uhr an. Ihr Termin ist später.") % {"time": hhmm(opens)}
    return _("Melden Sie sich bitte am Schalter. Die Zeit Ihres Termins ist vorbei.")
