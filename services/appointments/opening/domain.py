"""Rules of opening hours: how people read them, what is wrong with some, and which appointments new ones leave out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from services.appointments.offer.domain import Audience, Grid, Service, Station, choose, run_of, slots_on
from services.appointments.offer.windows import MOST_WEEKS, Window
from services.appointments.persons.domain import Wrong
from shared.clock import BERLIN
from shared.recurrence import LAST

MOST_WINDOWS = 50
"""How many windows a station can have."""


def mistakes(window: Window, station: Station, services: Iterable[Service], grid: Grid) -> list[Wrong]:
    """All that is wrong with a window of a station.

    Hours begin and end on the grid: seats that begin between those of before would overlap them.
    """
    known = {each.key for each in services}
    counted, nth = window.every_weeks > 1, window.nth is not None
    rules = [
        ("weekdays", "missing", not window.weekdays or not set(window.weekdays) <= set(range(7))),
        ("opens", "off_grid", _minute(window.opens) % grid.slot != timedelta()),
        ("closes", "off_grid", _minute(window.closes) % grid.slot != timedelta()),
        ("closes", "too_early", window.closes <= window.opens),
        ("repeat", "unknown", not 1 <= window.every_weeks <= MOST_WEEKS or (nth and counted)),
        ("repeat", "unknown", nth and window.nth not in range(1, LAST + 1)),
        ("valid_from", "missing", counted and window.valid_from is None),
        ("valid_until", "too_early", bool(window.valid_until and window.valid_until < (window.valid_from or date.min))),
        ("staff_counters", "too_many", not 0 <= window.staff_counters <= len(station.counters)),
        ("services", "unknown", window.services is not None and not set(window.services) <= known),
    ]
    return [Wrong(field, f"{field}_{what}") for field, what, holds in rules if holds]


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment to come: at which counter, for which services (keys), and the seats it has."""

    counter: str
    services: tuple[str, ...]
    starts_at: datetime
    seats: int

    @property
    def day(self) -> date:
        """The day in Berlin."""
        return self.starts_at.astimezone(BERLIN).date()


@dataclass(frozen=True, slots=True)
class Outside:
    """The appointments that new hours leave out: outside of them, or at counters the public can no longer take."""

    hours: tuple[Booked, ...]
    counters: tuple[Booked, ...]

    @property
    def days(self) -> list[tuple[date, int]]:
        """The days of all of them, each with how many there are."""
        days = [each.day for each in (*self.hours, *self.counters)]
        return [(day, days.count(day)) for day in sorted(set(days))]


def outside(
    booked: Iterable[Booked], before: Station, after: Station, services: Sequence[Service], grid: Grid
) -> Outside:
    """Which appointments at a station would be outside its new hours, or lose a counter to the share of staff.

    Appointments booked by staff at a counter kept for them stay.
    """
    old, new = _Openings(before, services, grid), _Openings(after, services, grid)
    hours, counters = [], []
    for each in booked:
        if not new.include(each, Audience.STAFF):
            hours.append(each)
        elif old.include(each, Audience.PUBLIC) and not new.include(each, Audience.PUBLIC):
            counters.append(each)
    return Outside(tuple(hours), tuple(counters))


class _Openings:
    """How many counters a station opens, whatever is closed; worked out once for appointments that are alike."""

    def __init__(self, station: Station, services: Sequence[Service], grid: Grid) -> None:
        self._station = replace(station, closures=())
        self._services = services
        self._grid = grid
        self._known: dict[tuple[date, Audience, tuple[str, ...]], dict[datetime, int]] = {}

    def include(self, booked: Booked, audience: Audience) -> bool:
        """Whether an audience could have the seats of an appointment."""
        key = (booked.day, audience, booked.services)
        if key not in self._known:
            opened = self._station.open_to(audience, choose(self._services, booked.services))
            self._known[key] = slots_on(opened, booked.day, self._grid)
        slots, place = self._known[key], self._station.counters.index(booked.counter)
        return all(place < slots.get(start, 0) for start in run_of(booked.starts_at, booked.seats, self._grid))


def _minute(of_day: time) -> timedelta:
    return timedelta(hours=of_day.hour, minutes=of_day.minute, seconds=of_day.second)
