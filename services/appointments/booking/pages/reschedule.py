"""Moving an appointment: the free times once more, naming the time it has now."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response

from services.appointments.booking.api import by_token
from services.appointments.booking.changes import reschedule
from services.appointments.booking.domain import Status, is_changeable
from services.appointments.booking.facts import binding_before
from services.appointments.booking.pages.times import ShownTimes, TimeForm, shown_times, stations_at
from services.appointments.booking.queries import Appointment
from services.appointments.booking.refusals import (
    AlreadyCancelled,
    AlternativeOver,
    NotOffered,
    OtherKind,
    TimeTaken,
    TooLate,
)
from services.appointments.offer.domain import able, choose, like
from services.appointments.offer.pages import ANYWHERE
from services.appointments.offer.queries import load_offer
from shared.events.appointments import DecidedBy
from shared.idempotency import claim_key
from shared.web.visit import CurrentVisit, Visit

router = APIRouter(prefix="/appointments/m/{token}/reschedule", include_in_schema=False)

CurrentTimes = Annotated[ShownTimes, Query()]


@router.get("")
async def show_times(visit: CurrentVisit, token: str, show: CurrentTimes) -> Response:
    """The free times for the appointment's services: where it is now, unless a place is asked for."""
    found = await by_token(visit.conn, visit.service, token)
    if not is_changeable(found.status, found.held_until, found.starts_at, visit.now):
        return visit.redirect(f"/appointments/m/{token}")
    return await _times_page(visit, token, found, show)


@router.post("")
async def choose_time(
    visit: CurrentVisit, token: str, show: CurrentTimes, form: Annotated[TimeForm, Form()]
) -> Response:
    """Move it. The same press sent twice moves it once; too late, or cancelled meanwhile, it stays as it is."""
    found = await by_token(visit.conn, visit.service, token)
    station, starts_at = form.chosen()
    try:
        async with visit.conn.begin_nested():
            if await claim_key(visit.conn, "reschedule", form.einmal, form.time, str(found.id)) is None:
                by = DecidedBy.CITIZEN
                await reschedule(visit.conn, visit.service, found.id, station, starts_at, by, visit.now)
    except (TimeTaken, NotOffered) as refusal:
        return await _times_page(visit, token, found, show, refusal)
    except (AlreadyCancelled, AlternativeOver, TooLate, OtherKind):
        return visit.redirect(f"/appointments/m/{token}")
    return visit.redirect(f"/appointments/m/{token}?moved=1")


async def _times_page(
    visit: Visit, token: str, found: Appointment, show: ShownTimes, refusal: TimeTaken | NotOffered | None = None
) -> Response:
    offer = await load_offer(visit.conn, visit.today)
    services = choose(offer.services, found.services)
    of_its_kind = like(found.kind, offer.stations)
    stations = able(of_its_kind, services)
    place = next((each for each in (show.place, found.station) if stations_at(stations, each)), ANYWHERE)
    show = show.model_copy(update={"place": place})
    shown = await shown_times(visit, of_its_kind, show, services, refusal)
    return visit.render(
        "reschedule.html",
        secret=True,
        token=token,
        appointment=found,
        state=found.state,
        before=found.state and binding_before(found.state),
        offered=found.status is Status.OFFERED,
        place=place,
        anywhere=ANYWHERE,
        stations=stations,
        **shown,
    )
