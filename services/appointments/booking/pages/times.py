"""The free times on a page: the earliest, the next free days, the times of one day; and the one that was pressed."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from pydantic import BaseModel, Field

from services.appointments.booking.changes import is_at
from services.appointments.booking.domain import NotOffered, Status, TimeTaken
from services.appointments.booking.facts import binding_before
from services.appointments.booking.pages.draft import OneTimeKey
from services.appointments.booking.queries import Appointment
from services.appointments.offer.days import FreeDay, FreeTime, load_earliest, load_free_days
from services.appointments.offer.domain import Kind, Service, Station, able, choose, like, of_kind
from services.appointments.offer.pages import ANYWHERE
from services.appointments.offer.queries import Leaving, grid_of, load_offer
from shared.clock import BERLIN
from shared.days import of_our_time
from shared.problems import InvalidInput
from shared.web.visit import Visit

DAYS_SHOWN = 5


class ShownTimes(BaseModel):
    """Which times to show.

    Args:
        place: a station's key, or any.
        first: the day the list of days begins with; the next days where left out.
        day: whose times are shown; the first of the list where left out.
    """

    place: str = ""
    first: date | None = None
    day: date | None = None


class PressedTime(BaseModel):
    """A time was pressed: `time` is "station start"; what it is for stands in the address."""

    time: str = Field(pattern=r"^[a-z0-9-]{1,60} \S{10,40}$")

    def chosen(self) -> tuple[str, datetime]:
        """Station and start; raises InvalidInput for what no button of ours says."""
        station, start = self.time.split(" ")
        try:
            starts_at = datetime.fromisoformat(start)
        except ValueError as error:
            raise InvalidInput from error
        if starts_at.tzinfo is None:
            raise InvalidInput
        return station, starts_at


class TimeForm(PressedTime):
    """A time was pressed, which changes something."""

    einmal: OneTimeKey


def stations_at(stations: Sequence[Station], place: str) -> Sequence[Station]:
    """Those of some stations at a place; any place means a station with counters, not a stop and not by video."""
    return of_kind(stations, Kind.COUNTER) if place == ANYWHERE else [each for each in stations if each.key == place]


async def shown_times(
    visit: Visit,
    stations: Sequence[Station],
    show: ShownTimes,
    services: Sequence[Service],
    refusal: TimeTaken | NotOffered | None = None,
    leaving: Leaving | None = None,
) -> dict[str, Any]:
    """What `times.html` shows.

    Args:
        stations: all there are.
        services: what the appointment is for; only stations that offer all of it are looked at.
        refusal: why the time pressed before could not be had.
        leaving: the appointment to move, if the times are for one.
    """
    grid, by_key = grid_of(visit.act.tools.city), {station.key: station for station in stations}
    suitable, needed = able(stations, services), grid.slots_for(services)
    places = stations_at(suitable, show.place)

    async def days_from(first: date) -> list[FreeDay]:
        # One day more than is shown says that there are later ones.
        return await load_free_days(visit.act, places, first, needed, DAYS_SHOWN + 1, leaving)

    first = show.first if show.first and show.first > visit.act.today else None
    days = await days_from(first or visit.act.today)
    if first and not days:
        first, days = None, await days_from(visit.act.today)
    shown = days[:DAYS_SHOWN]
    open_day = next((each for each in shown if each.day == show.day), shown[0] if shown else None)
    nearest = refusal.nearest if isinstance(refusal, TimeTaken) else []
    return {
        "status": 409 if refusal else 200,
        "refusal": refusal.slug if refusal else None,
        "nearest": [FreeTime(start, by_key[key]) for key, start in nearest],
        "first": first,
        "station": places[0] if show.place != ANYWHERE else None,
        "days": shown,
        "later": days[DAYS_SHOWN].day if len(days) > DAYS_SHOWN else None,
        "open_day": open_day,
        "halves": _halves(open_day.times if open_day else ()),
        "last_day": grid.last_day(visit.act.now),
        "other_kind": await _other_kind(visit, suitable, places[0].kind, needed) if places and not days else None,
    }


async def _other_kind(visit: Visit, stations: Sequence[Station], kind: Kind, needed: int) -> FreeTime | None:
    """The earliest time for another kind of appointment: by video instead of at a counter, or the other way round."""
    others = of_kind(stations, Kind.VIDEO if kind.in_person else Kind.COUNTER)
    found = await load_earliest(visit.act, others, needed)
    times = [FreeTime(start, each) for each in others if (start := found[each.key])]
    return min(times, key=lambda time: time.start, default=None)


def _halves(times: Iterable[FreeTime]) -> list[list[list[FreeTime]]]:
    """The times before and after noon, each by hour."""

    def hour(time: FreeTime) -> int:
        return time.start.astimezone(BERLIN).hour

    hours = [list(group) for _, group in groupby(times, hour)]
    return [[group for group in hours if (hour(group[0]) < 12) == morning] for morning in (True, False)]


class AskedTime(PressedTime, ShownTimes):
    """The time that was pressed, and the times that were shown then."""

    def chosen(self) -> tuple[str, datetime]:
        """Station and start, of our time: it is written on the page."""
        station, starts_at = super().chosen()
        try:
            return station, of_our_time(starts_at)
        except ValueError as error:
            raise InvalidInput from error


async def times_to_move_to(
    visit: Visit, found: Appointment, show: ShownTimes, refusal: TimeTaken | NotOffered | None = None
) -> dict[str, Any]:
    """What the page of times shows to move an appointment: where it is now, unless a place is asked for.

    Args:
        refusal: why the time pressed before could not be had.
    """
    offer = await load_offer(visit.act)
    services = choose(offer.services, found.services)
    of_its_kind = like(found.kind, offer.stations)
    stations = able(of_its_kind, services)
    place = next((each for each in (show.place, found.station) if stations_at(stations, each)), ANYWHERE)
    leaving = Leaving(found.id, None if found.status is Status.OFFERED else (found.station, found.starts_at))
    show = show.model_copy(update={"place": place})
    shown = await shown_times(visit, of_its_kind, show, services, refusal, leaving)
    return {"place": place, "anywhere": ANYWHERE, "stations": stations, **shown}


async def question_before_moving(visit: Visit, found: Appointment, asked: AskedTime) -> dict[str, Any] | None:
    """What the page shows that asks before an appointment moves; None where there is nothing to ask.

    That is at a place there is not, and where the appointment is already. Whether the time is still free turns out when
    the question is answered.
    """
    key, starts_at = asked.chosen()
    stations = (await load_offer(visit.act, key, ())).stations
    if not stations or is_at(found, key, starts_at):
        return None
    assert found.state is not None, "only what is binding moves"
    return {
        "time": asked.time,
        "before": binding_before(found.state),
        "starts_at": starts_at,
        "station": stations[0],
        "shown": asked.model_dump(exclude={"time"}, exclude_none=True, mode="json"),
    }
