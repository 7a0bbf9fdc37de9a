"""The list of a day: people expected, here, or missed; and the field to find them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.appointments.booking.domain import Status
from services.appointments.desk import usecases
from services.appointments.desk.domain import may_arrive, may_miss
from services.appointments.desk.pages.visit import STAFF, Number, to_day
from services.appointments.desk.queries import count_by_status, load_day, load_stations, load_stops
from services.appointments.offer.queries import load_offer, load_offer_on
from services.appointments.queue.domain import open_on
from services.appointments.staff import Clerk
from shared.days import Day
from shared.web.forms import FormErrors

router = APIRouter(prefix=STAFF, include_in_schema=False)


class Shown(BaseModel):
    """Which list to show: the first of one's stations and today where left out, and everybody unless by status."""

    place: str = ""
    day: Day | None = None
    status: Status | None = None


@router.get("/day")
async def show_day(visit: Clerk, shown: Annotated[Shown, Query()]) -> Response:
    """The appointments of a station on a day, in the order of time."""
    day = shown.day or visit.act.today
    stations = await load_stations(visit.act)
    stops = await load_stops(visit.act, day)
    places = [*stations, *stops]
    place = shown.place if shown.place in places else next(iter(places), "")
    expected = await load_day(visit.act, place, day)
    found = (
        []
        if expected or not place
        else (await load_offer_on(visit.act.conn, min(day, visit.act.today), place, ())).stations
    )
    here = (await load_offer(visit.act, place, ())).stations if place else ()
    return visit.render(
        "staff/day.html",
        works_somewhere=bool(visit.who.stations),
        stations=stations,
        stops=stops,
        place=place,
        day=day,
        today=visit.act.today,
        chosen=shown.status,
        counts=count_by_status(expected),
        total=len(expected),
        hours=[span for station in found for span in open_on(station, day)],
        expected=[each for each in expected if shown.status in (None, each.appointment.status)],
        may_arrive=lambda each: may_arrive(each.status, each.starts_at, visit.act.now),
        may_miss=lambda each: may_miss(each.status, each.starts_at, visit.act.now),
        typed="",
        errors=FormErrors(),
        languages=visit.act.tools.city.interpreter_languages,
        is_spoken=lambda each: any(station.speaks(each.counter, each.interpreter) for station in here),
    )


@router.post("/appointments/{number}/arrived")
async def arrived(visit: Clerk, number: Number) -> Response:
    """They are here."""
    return to_day(visit, await usecases.arrive(visit.act, number))


@router.post("/appointments/{number}/not-arrived")
async def not_arrived(visit: Clerk, number: Number) -> Response:
    """They are not here after all."""
    return to_day(visit, await usecases.take_back_arrival(visit.act, number))
