"""Rules of the offer: the slot grid, when a station is open on a day, and free times."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from services.appointments.offer.stops import Stop
from services.appointments.offer.windows import Hours
from shared.calendar import is_public_holiday
from shared.clock import BERLIN

MOST_SERVICES = 5
"""How many different services fit into one appointment."""
MOST_KEYS = 20
"""How many of all services together."""


class Kind(StrEnum):
    """How an appointment takes place."""

    COUNTER = "counter"
    VIDEO = "video"
    STOP = "stop"

    @property
    def in_person(self) -> bool:
        """Whether people come: an appointment can move between a station and a stop of the Bürgermobil."""
        return self is not Kind.VIDEO


class Audience(StrEnum):
    """The takers of seats: the public, or staff, to whom all counters are open."""

    PUBLIC = "public"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class ClosedTime:
    """Days, both included, on which a station is closed: all day, or for some hours (local time).

    The hours have their seats taken instead: they change when the station is open, not what can be booked.
    """

    first_day: date
    last_day: date
    reason: str
    from_time: time | None = None
    until_time: time | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service (Leistung); names and things to bring by language, minutes and fee for one of it.

    `most` is how many of it fit into one appointment, `stations` the keys of those that offer it (None means all
    with counters), `video` whether it can be done by video, `quantity` how many of it somebody wants. `leika` is its
    key in the Leistungskatalog der öffentlichen Verwaltung, if somebody has looked it up.
    """

    key: str
    names: dict[str, str]
    bring: dict[str, list[str]]
    minutes: int
    situation: str = ""
    fee_cents: int | None = None
    leika: str | None = None
    most: int = 1
    stations: tuple[str, ...] | None = None
    quantity: int = 1
    video: bool = False

    @property
    def duration(self) -> timedelta:
        """How long all of it takes."""
        return self.quantity * timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Station:
    """A Bürger-Service-Station, the virtual one of video appointments, or a stop, with counters, hours and closures.

    `spoken` has a counter and a language for each that is spoken there besides German (BCP 47 tags). A stop has hours
    on its day alone, and `address` says in German how to find it.
    """

    key: str
    name: str
    district: int
    address: str | None
    counters: tuple[str, ...]
    hours: tuple[Hours, ...]
    closures: tuple[ClosedTime, ...]
    kind: Kind = Kind.COUNTER
    spoken: tuple[tuple[str, str], ...] = ()
    stop: Stop | None = None

    @property
    def languages(self) -> tuple[str, ...]:
        """What is spoken at some counter besides German (BCP 47 tags)."""
        return tuple(dict.fromkeys(language for _, language in self.spoken))

    @property
    def delay_minutes(self) -> int:
        """How much later than announced it is expected; only a stop ever is."""
        return self.stop.delay_minutes if self.stop else 0

    def speaks(self, counter: str, language: str | None) -> bool:
        """Whether a language is spoken at a counter besides German."""
        return (counter, language) in self.spoken

    def closure_on(self, day: date) -> ClosedTime | None:
        """The closure that includes the whole of a day."""
        return next((each for each in self.closures_on(day) if each.from_time is None), None)

    def closures_on(self, day: date) -> list[ClosedTime]:
        """All closures that include a day, or hours of it; those of single counters are none of the station."""
        return [each for each in self.closures if each.first_day <= day <= each.last_day]

    def lacks(self, services: Iterable[Service]) -> list[Service]:
        """Those of some services that are not offered here."""
        if self.kind is Kind.VIDEO:
            return [each for each in services if not each.video]
        if self.stop:
            return [each for each in services if each.key not in self.stop.services]
        return [each for each in services if each.stations is not None and self.key not in each.stations]

    def open_to(self, audience: Audience, services: Sequence[Service]) -> "Station":
        """The station with what an audience can take for some services: only hours for them, to staff every counter."""
        keys = [each.key for each in services]
        hours = [each for each in self.hours if each.are_for(keys)]
        if audience is Audience.STAFF:
            hours = [replace(each, staff_counters=0) for each in hours]
        return replace(self, hours=tuple(hours))


@dataclass(frozen=True, slots=True)
class Grid:
    """How time is cut into seats, and how far ahead seats can be taken."""

    slot: timedelta
    days_ahead: int

    def slots_for(self, services: Iterable[Service]) -> int:
        """How many consecutive seats an appointment for these services takes."""
        return self.slots_in(duration_of(services))

    def slots_in(self, length: timedelta) -> int:
        """How many consecutive seats an appointment of some length takes."""
        return max(1, -(-length // self.slot))

    def last_day(self, now: datetime) -> date:
        """The last day that can be booked now."""
        return now.astimezone(BERLIN).date() + timedelta(days=self.days_ahead)


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


def able(
    stations: Iterable[Station], services: Sequence[Service], audience: Audience = Audience.PUBLIC
) -> list[Station]:
    """The stations that offer all of some services, with the hours and counters that are open for them."""
    return [each.open_to(audience, services) for each in stations if not each.lacks(services)]


def of_kind(stations: Iterable[Station], *kinds: Kind) -> list[Station]:
    """Those of some stations where appointments take place in one of some ways."""
    return [each for each in stations if each.kind in kinds]


def staying(stations: Iterable[Station]) -> list[Station]:
    """Those of some stations that are there every week; stops are there for a day."""
    return [each for each in stations if not each.stop]


def like(kind: Kind, stations: Iterable[Station]) -> list[Station]:
    """Those of some stations an appointment of a kind can be moved to: people come, or it is by video."""
    return [each for each in stations if each.kind.in_person == kind.in_person]


Taken = Mapping[str, Collection[int]]
"""The starts of taken seats by counter, in minutes since the epoch: there are thousands in a week."""


def minute_of(moment: datetime) -> int:
    """A moment in minutes since the epoch."""
    return int(moment.timestamp()) // 60


def moment_on(day: date, of_day: time) -> datetime:
    """The moment (UTC) of a local time on a day."""
    return datetime.combine(day, of_day, BERLIN).astimezone(UTC)


def hours_on(station: Station, day: date) -> list[tuple[datetime, datetime, Hours]]:
    """The hours of a station on a day, with begin and end (UTC), in order; none on closures.

    On public holidays only a stop that was announced has any.
    """
    if (is_public_holiday(day) and not station.stop) or station.closure_on(day):
        return []
    applying = [hours for hours in station.hours if hours.apply_on(day)]
    return sorted(
        ((moment_on(day, each.opens), moment_on(day, each.closes), each) for each in applying),
        key=lambda each: each[:2],
    )


def slots_on(station: Station, day: date, grid: Grid) -> dict[datetime, int]:
    """The starts (UTC) of all seats on a day, in order, with how many counters are open, counted from the first.

    Cut in UTC, so a day on which the clocks change has no slot twice and none that does not exist.
    """
    open_counters: dict[datetime, int] = {}
    for start, closing, hours in hours_on(station, day):
        counters = max(0, len(station.counters) - hours.staff_counters)
        while start + grid.slot <= closing:
            open_counters[start] = max(counters, open_counters.get(start, 0))
            start += grid.slot
    return dict(sorted(open_counters.items()))


def run_of(start: datetime, needed: int, grid: Grid) -> list[datetime]:
    """The starts of `needed` consecutive seats from a start on."""
    return [start + number * grid.slot for number in range(needed)]


def free_starts(
    slots: Mapping[datetime, int], counters: Iterable[str], taken: Taken, needed: int, grid: Grid
) -> list[datetime]:
    """The starts at which some counter has `needed` consecutive free seats, in order.

    Args:
        slots: in order, with how many of the counters are open.
    """
    found: set[int] = set()
    length = grid.slot // timedelta(minutes=1)
    minutes = [(minute_of(start), open_counters) for start, open_counters in slots.items()]
    for place, counter in enumerate(counters):
        following, run, busy = None, 0, taken.get(counter, ())
        for minute, open_counters in reversed(minutes):
            adjoins = following == minute + length
            run = 0 if minute in busy or place >= open_counters else run + 1 if adjoins else 1
            following = minute
            if run >= needed:
                found.add(minute)
    return [start for start, (minute, _) in zip(slots, minutes, strict=True) if minute in found]


def free_times(
    station: Station, days: Iterable[date], taken: Taken, needed: int, grid: Grid, now: datetime
) -> list[datetime]:
    """The bookable starts at a station on some days: within the booking window and not in the past."""
    last = grid.last_day(now)
    slots = {
        slot: counters
        for day in days
        if day <= last
        for slot, counters in slots_on(station, day, grid).items()
        if slot > now
    }
    return free_starts(slots, station.counters, taken, needed, grid)


def counters_open_at(station: Station, start: datetime, needed: int, grid: Grid, now: datetime) -> tuple[str, ...]:
    """The counters at which a time is in the offer, whoever has taken it; none where it is not offered at all."""
    if not now < start < now + timedelta(days=grid.days_ahead + 1):
        return ()
    day = start.astimezone(BERLIN).date()
    slots = slots_on(station, day, grid) if day <= grid.last_day(now) else {}
    return station.counters[: min(slots.get(slot, 0) for slot in run_of(start, needed, grid))]
