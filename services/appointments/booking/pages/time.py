"""When: the earliest time, the next free days, the times of one day; choosing one holds it."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Response

from services.appointments.booking.api import HOLD_LINK
from services.appointments.booking.domain import HOLD, NotOffered, Status, TimeTaken, hold_is_over
from services.appointments.booking.holds import hold
from services.appointments.booking.pages.draft import draft_path, to_appointment
from services.appointments.booking.pages.times import ShownTimes, TimeForm, shown_times, stations_at
from services.appointments.booking.queries import load_appointment
from services.appointments.booking.wishes import Wish
from services.appointments.locks import Lock
from services.appointments.offer.domain import able, duration_of, keys_of
from services.appointments.offer.pages import ANYWHERE, Choice, chosen_of, place_page, refuse_services
from services.appointments.offer.queries import Offer, load_offer
from shared.idempotency import claim_key
from shared.web.forms import FormErrors
from shared.web.visit import CurrentVisit, Visit

router = APIRouter(prefix="/appointments", include_in_schema=False)


class TimeChoice(Choice, ShownTimes):
    """What the page of times is about."""


@router.get("/book/time")
async def show_times(visit: CurrentVisit, choice: Annotated[TimeChoice, Query()]) -> Response:
    """The free times for some services at a place."""
    return await _time_page(visit, choice)


@router.post("/book/time")
async def choose_time(
    visit: CurrentVisit,
    choice: Annotated[TimeChoice, Query()],
    form: Annotated[TimeForm, Form()],
) -> Response:
    """Hold a time. The same press sent twice, or another time chosen after going back, use the same draft."""
    station, starts_at = form.chosen()
    wish = Wish(station, tuple(choice.keys), starts_at)
    id = await _draft_of(visit, choice.draft, form.einmal)
    before = await load_appointment(visit.act.conn, id, lock=Lock.HOLD)
    if before and before.status is not Status.HELD:
        return to_appointment(visit, before)
    holds_it = (
        before is not None
        and (before.station, before.starts_at, before.services) == (wish.station, wish.starts_at, wish.services)
        and not hold_is_over(before.held_until, visit.act.now)
    )
    if not holds_it:
        try:
            async with visit.act.attempt():
                await hold(visit.act, id, wish)
        except (TimeTaken, NotOffered) as refusal:
            return await _time_page(visit, choice, refusal)
    return visit.redirect(f"{draft_path(visit.act.tools, id)}/details")


async def _draft_of(visit: Visit, token: str, key: str) -> UUID:
    """The draft a time is for: the one of the token, the one this form made before, or a new one."""
    if token:
        return visit.act.tools.links.read(HOLD_LINK, token)[0]
    new = uuid4()
    first = await claim_key(visit.act.conn, "choose time", key, "", str(new))
    return UUID(first) if first else new


async def _time_page(visit: Visit, choice: TimeChoice, refusal: TimeTaken | NotOffered | None = None) -> Response:
    """The free times; or the page before, where the place has nothing for these services, or is gone by now."""
    offer = await load_offer(visit.act)
    if refused := refuse_services(visit, offer, choice):
        return refused
    chosen = chosen_of(offer, choice)
    if not stations_at(able(offer.stations, chosen), choice.place):
        return await place_page(visit, offer, choice, _wrong_place(visit, offer, choice))
    shown = await shown_times(visit, offer.stations, choice, chosen, refusal)
    return visit.render(
        "time.html",
        secret=bool(choice.draft),
        choice=choice,
        services=chosen,
        keys=keys_of(chosen),
        minutes=duration_of(chosen) // timedelta(minutes=1),
        anywhere=ANYWHERE,
        hold_minutes=HOLD // timedelta(minutes=1),
        **shown,
    )


def _wrong_place(visit: Visit, offer: Offer, choice: TimeChoice) -> FormErrors:
    _, errors = visit.gettext, FormErrors()
    if not choice.place:
        errors["place"] = _("Wählen Sie einen Ort.")
    elif stations_at(offer.stations, choice.place):
        errors["place"] = _("Wählen Sie einen anderen Ort: Dort geht nicht alles, was Sie erledigen möchten.")
    return errors
