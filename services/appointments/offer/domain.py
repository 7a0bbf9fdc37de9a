"""Rules of the offer: the slot grid, opening hours on a day, and free times."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from shared.calendar import is_public_holiday
from shared.clock import BERLIN

MOST_SERVICES = 5
"""How many different services fit into one appointment."""
MOST_KEYS = 20
"""How many of all services together."""
LAST = 5
"""The `nth` of the last weekday of a month."""
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours on a weekday (0 is Monday, local time), valid between two days where given.

    `every_weeks` leaves out the weeks between, counted from the week of `valid_from`; `nth` means only the first to
    fourth such weekday of a month, or, for 5, the last.
    """

    weekday: int
    opens: time
    closes: time
    valid_from: date | None = None
    valid_until: date | None = None
    every_weeks: int = 1
    nth: int | None = None

    def apply_on(self, day: date) -> bool:
        begun = self.valid_from is None or self.valid_from <= day
        ended = self.valid_until is not None and self.valid_until < day
        return day.weekday() == self.weekday and begun and not ended and self._in_turn(day) and self._is_nth(day)

    def _in_turn(self, day: date) -> bool:
        if self.every_weeks == 1 or self.valid_from is None:
            return True
        return (_monday(day) - _monday(self.valid_from)) // _WEEK % self.every_weeks == 0

    def _is_nth(self, day: date) -> bool:
        if self.nth == LAST:
            return (day + _WEEK).month != day.month
        return self.nth is None or (day.day - 1) // 7 + 1 == self.nth


@dataclass(frozen=True, slots=True)
class Closure:
    """Days, both included, on which a station is closed."""

    first_day: date
    last_day: date
    reason: str


@dataclass(frozen=True, slots=True)
class Service:
    """A service (Leistung); names and things to bring by language, minutes and fee for one of it.

    `most` is how many of it fit into one appointment, `stations` the keys of those that offer it (None means all),
    `quantity` how many of it somebody wants.
    """

    key: str
    names: dict[str, str]
    bring: dict[str, list[str]]
    minutes: int
    situation: str = ""
    fee_cents: int | None = None
    most: int = 1
    stations: tuple[str, ...] | None = None
    quantity: int = 1

    @property
    def duration(self) -> timedelta:
        """How long all of it takes."""
        return self.quantity * timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Station:
    """A Bürger-Service-Station with its counters, hours and closures."""

    key: str
    name: str
    district: int
    address: str | None
    counters: tuple[str, ...]
    hours: tuple[Hours, ...]
    closures: tuple[Closure, ...]

    def closure_on(self, day: date) -> Closure | None:
        """The closure that includes a day."""
        return next((each for each in self.closures if each.first_day <= day <= each.last_day), None)

    def lacks(self, services: Iterable[Service]) -> list[Service]:
        """Those of some services that are not offered here."""
        return [each for each in services if each.stations is not None and self.key not in each.stations]


@dataclass(frozen=True, slots=True)
class Grid:
    """How time is cut into seats, and how far ahead seats can be taken."""

    slot: timedelta
    days_ahead: int

    def slots_for(self, services: Iterable[Service]) -> int:
        """How many consecutive seats an appointment for these services takes."""
        return max(1, -(-duration_of(services) // self.slot))

    def last_day(self, now: datetime) -> date:
        """The last day that can be booked now."""
        return now.astimezone(BERLIN).date() + timedelta(days=self.days_ahead)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def choose(services: Iterable[Service], keys: Iterable[str]) -> list[Service]:
    """The services that are wanted, each in the quantity in which its key occurs; unknown keys are left out."""
    wanted = Counter(keys)
    return [replace(each, quantity=wanted[each.key]) for each in services if each.key in wanted]


def keys_of(services: Iterable[Service]) -> list[str]:
    """The keys of some services, each as often as it is wanted: the opposite of `choose`."""
    return [each.key for each in services for _ in range(each.quantity)]


def duration_of(services: Iterable[Service]) -> timedelta:
    """How long an appointment for these services lasts."""
    return sum((each.duration for each in services), timedelta())


def too_many(services: Iterable[Service]) -> list[Service]:
    """Those of some services that are wanted more often than fits into one appointment."""
    return [each for each in services if each.quantity > each.most]


def able(stations: Iterable[Station], services: Sequence[Service]) -> list[Station]:
    """The stations that offer all of some services."""
    return [each for each in stations if not each.lacks(services)]


Taken = Collection[tuple[str, datetime]]
"""Seats as (counter, start)."""


def closed_because(station: Station, day: date) -> str | None:
    """Why a station is closed on a day: the closure's reason, "public holiday", or None."""
    if is_public_holiday(day):
        return "public holiday"
    closure = station.closure_on(day)
    return closure.reason if closure else None


def open_on(station: Station, day: date) -> list[tuple[datetime, datetime]]:
    """From when until when (UTC) a station is open on a day, in order; never on public holidays and closures."""
    if closed_because(station, day):
        return []
    return sorted(
        (
            datetime.combine(day, hours.opens, BERLIN).astimezone(UTC),
            datetime.combine(day, hours.closes, BERLIN).astimezone(UTC),
        )
        for hours in station.hours
        if hours.apply_on(day)
    )


def slots_on(station: Station, day: date, grid: Grid) -> list[datetime]:
    """The starts (UTC) of all seats of each counter on a day; none on public holidays and closures.

    Cut in UTC, so a day on which the clocks change has no slot twice and none that does not exist.
    """
    starts: list[datetime] = []
    for start, closing in open_on(station, day):
        while start + grid.slot <= closing:
            starts.append(start)
            start += grid.slot
    return sorted(set(starts))


def run_of(start: datetime, needed: int, grid: Grid) -> list[datetime]:
    """The starts of `needed` consecutive seats from a start on."""
    return [start + number * grid.slot for number in range(needed)]


def free_starts(
    slots: Sequence[datetime], counters: Iterable[str], taken: Taken, needed: int, grid: Grid
) -> list[datetime]:
    """The starts at which some counter has `needed` consecutive free seats, in order."""
    found: set[datetime] = set()
    busy: dict[str, set[datetime]] = defaultdict(set)
    for counter, start in taken:
        busy[counter].add(start)
    for counter in counters:
        following, run = None, 0
        for start in reversed(slots):
            adjoins = following == start + grid.slot
            run = 0 if start in busy[counter] else run + 1 if adjoins else 1
            following = start
            if run >= needed:
                found.add(start)
    return sorted(found)


def free_times(
    station: Station, days: Iterable[date], taken: Taken, needed: int, grid: Grid, now: datetime
) -> list[datetime]:
    """The bookable starts at a station on some days: within the booking window and not in the past."""
    last = grid.last_day(now)
    slots = [slot for day in days if day <= last for slot in slots_on(station, day, grid) if slot > now]
    return free_starts(slots, station.counters, taken, needed, grid)


def is_offered(station: Station, start: datetime, needed: int, grid: Grid, now: datetime) -> bool:
    """Whether a time is in the offer at all, whoever has taken it."""
    if not now < start < now + timedelta(days=grid.days_ahead + 1):
        return False
    day = start.astimezone(BERLIN).date()
    slots = set(slots_on(station, day, grid)) if day <= grid.last_day(now) else set()
    return all(slot in slots for slot in run_of(start, needed, grid))


def nearest(
    wanted: datetime, free: Iterable[tuple[str, datetime]], station: str, limit: int = 5
) -> list[tuple[str, datetime]]:
    """The free times (station, start) to offer instead of a wanted one: the same station first, then by distance."""
    return sorted(free, key=lambda time: (time[0] != station, abs(time[1] - wanted), time[1], time[0]))[:limit]
