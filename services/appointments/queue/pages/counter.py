"""The counter: the person here, one button for what comes next, and the line; and the figures of a station."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field

from services.appointments.booking.pages.draft import OneTimeKey
from services.appointments.offer.domain import Kind, of_kind, staying
from services.appointments.offer.queries import load_offer
from services.appointments.queue import counter as counters
from services.appointments.queue.domain import PARKING_MINUTES
from services.appointments.queue.figures import load_figures
from services.appointments.queue.queries import (
    Counter,
    load_away,
    load_counter,
    load_line,
    load_situation,
    station_of_counter,
)
from services.appointments.queue.refusals import CounterBusy, TicketElsewhere
from services.appointments.staff import Clerk
from shared.act import Act
from shared.events.tickets import TicketOutcome
from shared.idempotency import claim_key
from shared.problems import NotFound
from shared.web.i18n import message_language
from shared.web.staff.visit import StaffVisit

FIGURE_DAYS = 14

router = APIRouter(prefix="/appointments/staff", include_in_schema=False)


class Pressed(BaseModel):
    """A button of the page: what it does, to which ticket, and what was chosen beside it."""

    action: str
    ticket: UUID | None = None
    minutes: int = Field(default=PARKING_MINUTES[0], ge=1, le=120)
    to_counter: str = Field(default="", max_length=60)
    to_service: str = Field(default="", max_length=60)
    einmal: OneTimeKey


@router.get("/counter")
async def choose(visit: Clerk) -> Response:
    """The counters of one's own stations."""
    offer = await load_offer(visit.act, services=())
    stations = [each for each in of_kind(offer.stations, Kind.COUNTER) if visit.who.serves(each.key)]
    return visit.render("counters.html", stations=stations)


@router.get("/counter/{counter}")
async def show(visit: Clerk, counter: str) -> Response:
    """One's counter."""
    return await _counter_page(visit, await _own(visit, counter))


@router.post("/counter/{counter}")
async def press(visit: Clerk, counter: str, pressed: Annotated[Pressed, Form()]) -> Response:
    """Do what a button says. The same press sent twice does it once; one that lost a race says what happened."""
    found = await _own(visit, counter)
    try:
        async with visit.act.attempt():
            if await claim_key(visit.act.conn, "counter", pressed.einmal, "", counter) is None:
                await _do(visit.act, counter, pressed)
    except (CounterBusy, TicketElsewhere) as refusal:
        return await _counter_page(visit, await _own(visit, found.key), refusal)
    return visit.redirect(f"/appointments/staff/counter/{counter}")


@router.get("/figures")
async def figures(visit: Clerk, place: Annotated[str, Query(max_length=60)] = "") -> Response:
    """How long people waited and were served at a station in the last two weeks."""
    offer = await load_offer(visit.act, services=())
    stations = [station for station in staying(offer.stations) if visit.who.serves(station.key)]
    station = next((each for each in stations if each.key == place), stations[0] if stations else None)
    if station is None:
        raise NotFound
    days = await load_figures(
        visit.act.conn, station.key, visit.act.today - timedelta(days=FIGURE_DAYS - 1), visit.act.today
    )
    return visit.render("figures.html", stations=stations, station=station, days=days[::-1], minutes=_minutes)


async def _do(act: Act, counter: str, pressed: Pressed) -> None:
    if pressed.action in ("pause", "open"):
        await counters.pause(act, counter, pressed.action == "pause")
    elif pressed.action == "call":
        await counters.call(act, counter, pressed.ticket)
    elif pressed.ticket is None:
        raise NotFound
    elif pressed.action == "call-again":
        await counters.call_again(act, counter, pressed.ticket)
    elif pressed.action == "begin":
        await counters.begin(act, counter, pressed.ticket)
    elif pressed.action == "finish":
        await counters.close(act, counter, pressed.ticket, TicketOutcome.SERVED)
    elif pressed.action == "miss":
        await counters.close(act, counter, pressed.ticket, TicketOutcome.MISSED)
    elif pressed.action == "park":
        await counters.park(act, counter, pressed.ticket, pressed.minutes)
    elif pressed.action == "papers":
        await counters.ask_for_papers(act, counter, pressed.ticket)
    elif pressed.action == "hand-over":
        services = [pressed.to_service] if pressed.to_service else []
        await counters.hand_over(act, counter, pressed.ticket, pressed.to_counter or None, services)
    elif pressed.action == "back":
        await counters.bring_back(act, pressed.ticket)
    else:
        raise NotFound


async def _own(visit: StaffVisit, counter: str) -> Counter:
    visit.who.must_serve(await station_of_counter(visit.act.conn, counter))
    return await load_counter(visit.act, counter)


async def _counter_page(
    visit: StaffVisit, counter: Counter, refusal: CounterBusy | TicketElsewhere | None = None
) -> Response:
    offer = await load_offer(visit.act, counter.station)
    [station] = offer.stations
    here = counter.ticket.appointment if counter.ticket else None
    return visit.render(
        "counter.html",
        status=refusal.status if refusal else 200,
        counter=counter,
        person=await visit.act.tools.people.load(visit.act.conn, here) if here else None,
        others=[key for key in station.counters if key != counter.key],
        spoken=[language for language in station.languages if station.speaks(counter.key, language)],
        services=[each for each in offer.services if not station.lacks([each])],
        line=await load_line(visit.act, counter.station),
        away=await load_away(visit.act, counter.station),
        situation=await load_situation(visit.act, counter.station),
        lost=refusal.ticket if isinstance(refusal, TicketElsewhere) else None,
        busy=isinstance(refusal, CounterBusy),
        parking=PARKING_MINUTES,
        now=visit.act.now,
        languages=_Languages(visit.act.tools.city.interpreter_languages),
    )


class _Languages:
    """The names of languages in their own spelling."""

    def __init__(self, interpreters: Mapping[str, str]) -> None:
        self._interpreters = interpreters

    def message(self, code: str) -> str:
        """That of messages."""
        return message_language(code).name

    def interpreter(self, code: str) -> str:
        """One somebody asked an interpreter for."""
        return self._interpreters.get(code, code)


def _minutes(value: object) -> int | None:
    return round(value.total_seconds() / 60) if isinstance(value, timedelta) else None
