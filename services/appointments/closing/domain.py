"""Rules of closures: which seats they take, and what becomes of each appointment that has one of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from services.appointments.offer.domain import Grid, Station, slots_on
from services.appointments.seats.domain import FreeSeats, Run, WantedSeat
from shared.clock import BERLIN

LONGEST = timedelta(days=366)
NEAR_IN_TIME = timedelta(days=7)
"""How far from the old time an alternative at the same station may be."""
TIME_TO_ANSWER = timedelta(hours=48)
LAST_ANSWER = timedelta(hours=2)
"""How long before the alternative begins it must be taken."""
SOONEST = timedelta(hours=4)
"""How soon an alternative may begin: people need time to answer."""


@dataclass(frozen=True, slots=True)
class Closure:
    """A closure as it stands; both days are included.

    It is of the whole station unless it names a `counter`, and of the whole day unless it has hours (local time).
    """

    id: UUID
    version: int
    station: str
    first_day: date
    last_day: date
    reason: str
    lifted: bool = False
    counter: str | None = None
    from_time: time | None = None
    until_time: time | None = None

    @property
    def is_partial(self) -> bool:
        """Whether the station opens nevertheless, with fewer counters or for fewer hours."""
        return self.counter is not None or self.from_time is not None

    def includes(self, moment: datetime) -> bool:
        """Whether a moment is in its hours; lifted ones have none."""
        local = moment.astimezone(BERLIN)
        on_the_day = not self.lifted and self.first_day <= local.date() <= self.last_day
        if self.from_time is None or self.until_time is None:
            return on_the_day
        return on_the_day and self.from_time <= local.time() < self.until_time

    def counters_at(self, station: Station) -> list[str]:
        """Those of its station's counters that are closed."""
        return [each for each in station.counters if self.counter in (None, each)]

    def seat_starts(
        self, station: Station, booked: Iterable[datetime], last: date, grid: Grid, now: datetime
    ) -> list[datetime]:
        """The starts to come of the seats it takes at each of those counters, up to a last day.

        Args:
            booked: starts of appointments on its days. They stay booked when hours change, so they may be outside.
        """
        days = [self.first_day + timedelta(days=n) for n in range((min(self.last_day, last) - self.first_day).days + 1)]
        opened = replace(station, closures=())
        starts = {start for day in days for start in slots_on(opened, day, grid)}.union(booked)
        return sorted(start for start in starts if start > now and self._has_hours_in(start, grid.slot))

    def _has_hours_in(self, start: datetime, length: timedelta) -> bool:
        begins, ends = start.astimezone(BERLIN).time(), (start + length).astimezone(BERLIN).time()
        if self.from_time is None or self.until_time is None:
            return True
        return begins < self.until_time and self.from_time < ends


class Decision(StrEnum):
    """What becomes of an appointment: another time at once, another time to take or not, or none."""

    MOVE = "move"
    OFFER = "offer"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Affected:
    """An appointment a closure concerns: where and when it is, the seats it needs, and where else it can be.

    `stations` offer all its services, `language` is the one the person needs help with (BCP 47). `movable` is False
    where the person has not agreed to this time either: it is an alternative they were offered before.
    """

    number: str
    station: str
    starts_at: datetime
    seats: int
    stations: tuple[Station, ...]
    movable: bool = True
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to do with an appointment, and the time for it, which is None only for a cancellation."""

    decision: Decision
    run: Run | None = None
    same_time: bool = False

    @property
    def is_offer(self) -> bool:
        """Whether the person is asked."""
        return self.decision is Decision.OFFER


NOTHING_FITS = Proposal(Decision.CANCEL)


def propose(appointments: Iterable[Affected], free: FreeSeats, now: datetime) -> list[Proposal]:
    """What to do with each appointment, in the order given; the first gets what is nearest.

    At another counter at the very same time it *moves*: nothing changes for the person. Otherwise the free time
    nearest to the old one is *offered*: at the same station within seven days, or else at another station on the same
    day. A counter that speaks the person's language goes before others at that time. A time that begins too soon to be
    asked about is none. Where nothing fits it is *cancelled*.
    """
    return [_propose(each, free, now) for each in appointments]


def _propose(appointment: Affected, free: FreeSeats, now: datetime) -> Proposal:
    here = [each for each in appointment.stations if each.key == appointment.station]
    elsewhere = [each for each in appointment.stations if each.key != appointment.station]
    seats, old, language = appointment.seats, appointment.starts_at, appointment.language
    if appointment.movable and (same := free.take(here, seats, old, old, old, language)):
        return Proposal(Decision.MOVE, same, same_time=True)
    midnight = datetime.combine(old.astimezone(BERLIN).date(), time(), BERLIN)
    for stations, first, last in (
        (here, old - NEAR_IN_TIME, old + NEAR_IN_TIME),
        (elsewhere, midnight, midnight + timedelta(days=1)),
    ):
        if run := free.take(stations, seats, old, max(first, now + SOONEST), last, language):
            return Proposal(Decision.OFFER, run)
    return NOTHING_FITS


def alternative_until(starts_at: datetime, now: datetime) -> datetime:
    """Until when an alternative is kept: two days, but only to two hours before it begins; a full minute."""
    return min(now + TIME_TO_ANSWER, starts_at - LAST_ANSWER).replace(second=0, microsecond=0)


def decide(proposal: Proposal, wanted: Decision | None) -> Proposal:
    """A proposal as staff want it, as far as it can be: nobody is asked about the same time, or offered none."""
    if wanted is None or proposal.run is None:
        return proposal
    if wanted is Decision.CANCEL:
        return NOTHING_FITS
    return proposal if proposal.same_time else replace(proposal, decision=wanted)


def fingerprint(closure: Closure, shown: Sequence[tuple[UUID, int, Proposal]]) -> str:
    """What a preview showed, in short: the closure, and of each appointment its version and the proposal."""
    said = [
        (id, version, proposal.decision, proposal.run and (proposal.run.station, proposal.run.starts[0]))
        for id, version, proposal in shown
    ]
    about = replace(closure, id=UUID(int=0), version=0)
    return sha256(repr((about, said)).encode()).hexdigest()[:20]


def wanted_instead(appointments: Iterable[UUID], decided: Iterable[Proposal], now: datetime) -> list[WantedSeat]:
    """The seats each appointment gets instead of its own."""
    wanted: list[WantedSeat] = []
    for id, proposal in zip(appointments, decided, strict=True):
        if run := proposal.run:
            until = alternative_until(run.starts[0], now) if proposal.is_offer else None
            wanted += [((run.counter, start), id, until) for start in run.starts]
    return wanted
