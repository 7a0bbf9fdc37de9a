"""Rules of the waiting list: what somebody waits for, which freed seats fit, and how long an offer lasts.

The line: first joined, first served. A freed seat is offered to the first in line it fits. Declining keeps the
place in line, and so does an offer withdrawn for a closure; an offer that expires sends its person behind all others:
nobody could have the seat meanwhile. Nobody is offered the same time at the same station twice, but for one withdrawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from services.appointments.offer.domain import Grid
from shared.calendar import QUIET_FROM, end_of_quiet
from shared.clock import BERLIN
from shared.problems import Problem

TO_ANSWER = timedelta(hours=2)
"""How long an offer lasts. Quiet hours do not count, so that nobody has to answer at night."""
LEAST_TO_ANSWER = timedelta(minutes=30)
"""Less time than this for an answer is no offer; the seat is free for everybody then."""
ENDS_BEFORE = timedelta(hours=1)
"""An offer ends this long before the appointment, so that people can still get there."""
LONGEST_WAIT = timedelta(days=90)
EVERY_WEEKDAY = tuple(range(7))


class Status(StrEnum):
    """An entry waits or has an offer, to and fro; then it is booked, left by the citizen, or over with its last day."""

    WAITING = "waiting"
    OFFERED = "offered"
    BOOKED = "booked"
    LEFT = "left"
    OVER = "over"

    @property
    def is_open(self) -> bool:
        return self in (Status.WAITING, Status.OFFERED)


class Outcome(StrEnum):
    """How the offer of a seat ended; `withdrawn` when its entry left the list, or its seats are closed."""

    TAKEN = "taken"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Suits:
    """When and where an appointment suits: keys of stations, weekdays (0 is Monday), days from first to last."""

    stations: tuple[str, ...]
    weekdays: tuple[int, ...]
    first_day: date
    last_day: date

    def allows(self, station: str, start: datetime) -> bool:
        """Whether a start at a station suits."""
        return station in self.stations and self.allows_day(start.astimezone(BERLIN).date())

    def allows_day(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day and day.weekday() in self.weekdays

    def days(self, first: date, last: date) -> list[date]:
        """The days that suit, between two days."""
        first, last = max(first, self.first_day), min(last, self.last_day)
        every = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        return [day for day in every if self.allows_day(day)]


@dataclass(frozen=True, slots=True)
class WantedTime:
    """What an entry waits for.

    Args:
        seats: how many it needs, one after the other.
        offered: the times (station, start) it was offered before, but for those withdrawn.
    """

    suits: Suits
    seats: int
    offered: frozenset[tuple[str, datetime]] = frozenset()


@dataclass(frozen=True, slots=True)
class Opening:
    """Seats that became free at one counter of a station, among all that are free there on that day, in order."""

    station: str
    free: tuple[datetime, ...]
    freed: frozenset[datetime]

    def runs(self, grid: Grid) -> list[list[datetime]]:
        """The consecutive free seats around those that were freed."""
        found: list[list[datetime]] = []
        for start in self.free:
            if found and found[-1][-1] + grid.slot == start:
                found[-1].append(start)
            else:
                found.append([start])
        return [run for run in found if not self.freed.isdisjoint(run)]

    def longest(self, grid: Grid) -> int:
        """How many seats an appointment can need that fits."""
        return max(map(len, self.runs(grid)), default=0)

    def starts(self, seats: int, grid: Grid) -> list[datetime]:
        """The starts of so many consecutive free seats of which at least one was freed just now."""
        taken = [run[first : first + seats] for run in self.runs(grid) for first in range(len(run) - seats + 1)]
        return [seats_taken[0] for seats_taken in taken if not self.freed.isdisjoint(seats_taken)]


def offerable(wanted: WantedTime, station: str, start: datetime, now: datetime) -> bool:
    """Whether a time can be offered to an entry: it suits, is new to it, and leaves time for an answer."""
    new = (station, start) not in wanted.offered
    return new and wanted.suits.allows(station, start) and answer_until(now, start) is not None


def fitting(wanted: WantedTime, opening: Opening, grid: Grid, now: datetime) -> list[datetime]:
    """The starts of an opening that can be offered to an entry, the earliest first."""
    return [s for s in opening.starts(wanted.seats, grid) if offerable(wanted, opening.station, s, now)]


def answer_until(now: datetime, starts_at: datetime) -> datetime | None:
    """When an offer made now ends, to the minute (UTC); None when that leaves too little time for an answer.

    Two hours that are not quiet: an offer made at night runs from 8 o'clock, one made at 19 until 9 the next morning.
    """
    begins = end_of_quiet(now.astimezone(UTC))
    evening = datetime.combine(begins.astimezone(BERLIN), QUIET_FROM, BERLIN).astimezone(UTC)
    morning = end_of_quiet(evening)
    left = begins + TO_ANSWER - evening
    end = begins + TO_ANSWER if left <= timedelta() else morning + left
    until = min(end, starts_at.astimezone(UTC) - ENDS_BEFORE).replace(second=0, microsecond=0)
    not_quiet = min(until, evening) - begins + max(until - morning, timedelta())
    return until if not_quiet >= LEAST_TO_ANSWER else None


class FreeNow(Problem):
    """Nobody need wait: something that suits is free; `free` are the first such times (station, start)."""

    status = 409
    slug = "free-now"
    title = "Something that suits is free now; book it"

    def __init__(self, free: Sequence[tuple[str, datetime]]) -> None:
        super().__init__(extra={"free": [{"station": key, "starts_at": start.isoformat()} for key, start in free]})
        self.free = list(free)


class NoSuchDay(Problem):
    """None of the weekdays lies between the first and the last day, or those are not within the next ninety days."""

    status = 422
    slug = "no-such-day"
    title = "There is no day to wait for"


class NoLongerWaiting(Problem):
    status = 410
    slug = "no-longer-waiting"
    title = "This entry has left the waiting list"


class OfferEnded(Problem):
    status = 410
    slug = "offer-ended"
    title = "This offer has ended"
