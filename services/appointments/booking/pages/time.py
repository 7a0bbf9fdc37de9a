"""When: the earliest time, the next free days, the times of one day; choosing one holds it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field

from services.appointments.booking.api import HOLD_LINK
from services.appointments.booking.domain import HOLD, Status, hold_is_over
from services.appointments.booking.holds import hold
from services.appointments.booking.pages.draft import OneTimeKey, draft_path, to_appointment
from services.appointments.booking.queries import load_appointment
from services.appointments.booking.refusals import NotOffered, TimeTaken
from services.appointments.booking.wishes import Wish
from services.appointments.offer.days import FreeDay, FreeTime, load_free_days
from services.appointments.offer.domain import Grid, Station
from services.appointments.offer.pages import ANYWHERE, Choice, chosen_of, place_page, refuse_services
from services.appointments.offer.queries import Offer, grid_of, load_offer
from shared.clock import BERLIN
from shared.idempotency import claim_key
from shared.problems import InvalidInput
from shared.web.forms import FormErrors
from shared.web.visit import CurrentVisit, Visit

DAYS_SHOWN = 5

router = APIRouter(prefix="/appointments", include_in_schema=False)


class TimeChoice(Choice):
    """What the page of times is about.

    Args:
        first: the day the list of days begins with; the next days where left out.
        day: whose times are shown; the first of the list where left out.
    """

    first: date | None = None
    day: date | None = None


class TimeForm(BaseModel):
    """A time was pressed: `time` is "station start"; what it is for stands in the address, as on every page before."""

    time: str = Field(pattern=r"^[a-z0-9-]{1,60} \S{10,40}$")
    einmal: OneTimeKey

    def wish(self, services: Sequence[str]) -> Wish:
        """What it asks for; raises InvalidInput for what no button of ours says."""
        station, start = self.time.split(" ")
        try:
            starts_at = datetime.fromisoformat(start)
        except ValueError as error:
            raise InvalidInput from error
        if starts_at.tzinfo is None:
            raise InvalidInput
        return Wish(station, tuple(dict.fromkeys(services)), starts_at)


@router.get("/book/time")
async def show_times(visit: CurrentVisit, choice: Annotated[TimeChoice, Query()]) -> Response:
    """The free times for some services at a place."""
    offer = await load_offer(visit.conn, visit.today)
    if refused := refuse_services(visit, offer, choice):
        return refused
    if not _stations(offer, choice.place):
        _ = visit.gettext
        errors = FormErrors() if choice.place else FormErrors(place=_("Wählen Sie einen Ort."))
        return await place_page(visit, offer, choice, errors)
    return await _time_page(visit, offer, choice)


@router.post("/book/time")
async def choose_time(
    visit: CurrentVisit, choice: Annotated[TimeChoice, Query()], form: Annotated[TimeForm, Form()]
) -> Response:
    """Hold a time. The same press sent twice, or another time chosen after going back, use the same draft."""
    wish = form.wish(choice.services)
    id = await _draft_of(visit, choice.draft, form.einmal)
    before = await load_appointment(visit.conn, id, for_update=True)
    if before and before.status is not Status.HELD:
        return to_appointment(visit, before)
    holds_it = (
        before is not None
        and (before.station, before.starts_at, before.services) == (wish.station, wish.starts_at, wish.services)
        and not hold_is_over(before.held_until, visit.now)
    )
    if not holds_it:
        try:
            async with visit.conn.begin_nested():
                await hold(visit.conn, visit.service, id, wish, visit.now)
        except (TimeTaken, NotOffered) as refusal:
            return await _time_page(visit, await load_offer(visit.conn, visit.today), choice, refusal)
    return visit.redirect(f"{draft_path(visit.service, id)}/details")


async def _draft_of(visit: Visit, token: str, key: str) -> UUID:
    """The draft a time is for: the one of the token, the one this form made before, or a new one."""
    if token:
        return visit.service.links.read(HOLD_LINK, token)[0]
    new = uuid4()
    first = await claim_key(visit.conn, "choose time", key, "", str(new))
    return UUID(first) if first else new


async def _time_page(
    visit: Visit, offer: Offer, choice: TimeChoice, refusal: TimeTaken | NotOffered | None = None
) -> Response:
    chosen, grid = chosen_of(offer, choice), grid_of(visit.service.city)
    stations = _stations(offer, choice.place)
    first = choice.first if choice.first and choice.first > visit.today else None
    days = await _free_days(visit, stations, first or visit.today, grid.slots_for(chosen), grid)
    if first and not days:
        first, days = None, await _free_days(visit, stations, visit.today, grid.slots_for(chosen), grid)
    shown = days[:DAYS_SHOWN]
    by_key = {station.key: station for station in offer.stations}
    nearest = refusal.nearest if isinstance(refusal, TimeTaken) else []
    open_day = next((each for each in shown if each.day == choice.day), shown[0] if shown else None)
    return visit.render(
        "time.html",
        status=409 if refusal else 200,
        secret=bool(choice.draft),
        refusal=refusal.slug if refusal else None,
        nearest=[FreeTime(start, by_key[key]) for key, start in nearest],
        choice=choice.model_copy(update={"first": first}),
        services=chosen,
        keys=[each.key for each in chosen],
        minutes=sum(each.minutes for each in chosen),
        station=stations[0] if choice.place != ANYWHERE else None,
        anywhere=ANYWHERE,
        days=shown,
        later=days[DAYS_SHOWN].day if len(days) > DAYS_SHOWN else None,
        open_day=open_day,
        halves=_halves(open_day.times if open_day else ()),
        hold_minutes=HOLD // timedelta(minutes=1),
        last_day=grid.last_day(visit.now),
    )


async def _free_days(visit: Visit, stations: Sequence[Station], first: date, needed: int, grid: Grid) -> list[FreeDay]:
    """The days to show, and one more where there are later ones."""
    return await load_free_days(visit.conn, stations, first, needed, grid, visit.now, DAYS_SHOWN + 1)


def _stations(offer: Offer, place: str) -> Sequence[Station]:
    return [each for each in offer.stations if place in (ANYWHERE, each.key)]


def _halves(times: Iterable[FreeTime]) -> list[list[list[FreeTime]]]:
    """The times before and after noon, each by hour."""

    def hour(time: FreeTime) -> int:
        return time.start.astimezone(BERLIN).hour

    hours = [list(group) for _, group in groupby(times, hour)]
    return [[group for group in hours if (hour(group[0]) < 12) == morning] for morning in (True, False)]
