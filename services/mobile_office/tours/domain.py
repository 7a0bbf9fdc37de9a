"""Rules of tours: which stops a week has, what of its plan is not announced yet, and what to look at before."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from services.mobile_office.fleet.domain import Fleet
from services.mobile_office.tours.reasons import Reason
from shared.calendar import is_public_holiday
from shared.clock import BERLIN
from shared.events import mobile_office as events
from shared.events.mobile_office import StopState
from shared.recurrence import WEEK

LONGEST_GAP = timedelta(weeks=8)
"""After how long without a stop an Ortsteil is named in the warnings."""
LONGEST_DELAY = timedelta(hours=4)
"""What is later than that does not take place."""
_STEP = timedelta(minutes=5)


class Status(StrEnum):
    """Where a stop stands: only planned, announced, or announced and called off."""

    PLANNED = "planned"
    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Plan:
    """A vehicle at a place from one moment to another (UTC), with so many of its counters."""

    vehicle: str
    place: str
    arrives_at: datetime
    departs_at: datetime
    counters: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop as it is planned, and as it was announced last; `dropped`: the plan no longer has it.

    `version` counts what was announced of it, 0 while nothing was.
    """

    id: UUID
    version: int
    week: date
    status: Status
    plan: Plan
    dropped: bool = False
    announced: StopState | None = None

    @property
    def change(self) -> "Change | None":
        """What publishing the week would announce of this stop."""
        if self.status is Status.PLANNED:
            return Change.NEW
        if self.status is Status.CANCELLED or self.announced is None:
            return None
        if self.dropped:
            return Change.DROPPED
        return None if plan_of(self.announced) == self.plan else Change.CHANGED

    def change_at(self, now: datetime) -> "Change | None":
        """The change that is still of use to anybody: what has begun is not announced, nor what is over changed."""
        if self.announced is not None and self.announced.departs_at <= now:
            return None
        return None if self.change in (Change.NEW, Change.CHANGED) and self.plan.arrives_at <= now else self.change

    @property
    def takes_place(self) -> bool:
        """Whether the plan has it, announced or not."""
        return self.status is not Status.CANCELLED and not self.dropped


class Change(StrEnum):
    """What of a week's plan is not announced yet."""

    NEW = "new"
    CHANGED = "changed"
    DROPPED = "dropped"


class Notice(StrEnum):
    """What a planner should look at before a week is announced."""

    HOLIDAY = "holiday"
    LEFT_OUT = "left_out"
    TOO_LATE = "too_late"
    NO_PERMIT = "no_permit"
    DISTRICT_MISSED = "district_missed"
    LONG_GAP = "long_gap"


@dataclass(frozen=True, slots=True)
class Warning:
    """Something to look at: at a stop, on a day, in a district, or in a quarter without a stop for so many weeks.

    A stop is on a public holiday, begins too early to be announced still, or has no permission; the weekly plan leaves
    a day out. `weeks` is None for a quarter that never had a stop.
    """

    notice: Notice
    stop: UUID | None = None
    day: date | None = None
    district: int | None = None
    quarter: int | None = None
    weeks: int | None = None


def moment(day: date, hour: time) -> datetime:
    """A time of day in the city, as plans have it."""
    return datetime.combine(day, hour, BERLIN).astimezone(UTC)


def plan_of(state: StopState) -> Plan:
    """What was announced of a stop, as a plan."""
    return Plan(state.vehicle.key, state.place.key, state.arrives_at, state.departs_at, state.vehicle.counters)


def state_of(plan: Plan, fleet: Fleet) -> StopState:
    """The public state of a stop that takes place as planned."""
    vehicle, place = fleet.vehicles[plan.vehicle], fleet.places[plan.place]
    return StopState(
        status="scheduled",
        place=events.StopPlace(
            key=place.key,
            name=place.name,
            district=place.district,
            quarter=place.quarter,
            rhine_bank=place.rhine_bank,
            landmark=place.landmark,
            step_free=place.step_free and vehicle.step_free,
            latitude=place.latitude,
            longitude=place.longitude,
        ),
        vehicle=events.Vehicle(
            key=vehicle.key, name=vehicle.name, counters=plan.counters, equipment=list(vehicle.equipment)
        ),
        arrives_at=plan.arrives_at,
        departs_at=plan.departs_at,
        services=list(fleet.services),
    )


def cannot_follow(plan: Plan, others: Iterable[Plan], fleet: Fleet) -> Plan | None:
    """The first of the vehicle's other stops that leaves it no time to be at a planned one, the way included."""
    for other in others:
        if other.vehicle == plan.vehicle:
            there, back = fleet.travel(plan.place, other.place), fleet.travel(other.place, plan.place)
            if other.arrives_at < plan.departs_at + there and plan.arrives_at < other.departs_at + back:
                return other
    return None


def warnings(
    monday: date,
    stops: Sequence[Stop],
    left_out: Iterable[date],
    fleet: Fleet,
    quarters: Mapping[int, Collection[int]],
    last_visits: Mapping[int, date],
    now: datetime,
) -> list[Warning]:
    """What to look at in a week's plan.

    Args:
        stops: those of the week.
        left_out: days on which the weekly plan would have stops, were they no public holidays.
        quarters: of every district, by their numbers.
        last_visits: per quarter the last day it has had, or will have had, a stop before the week is over.
    """
    there = [stop for stop in stops if stop.takes_place]
    found = [Warning(Notice.LEFT_OUT, day=day) for day in left_out]
    for stop in there:
        day = stop.plan.arrives_at.astimezone(BERLIN).date()
        if is_public_holiday(day):
            found.append(Warning(Notice.HOLIDAY, stop=stop.id))
        if not fleet.places[stop.plan.place].may_be_used_on(day):
            found.append(Warning(Notice.NO_PERMIT, stop=stop.id))
        if stop.change and not stop.change_at(now):
            found.append(Warning(Notice.TOO_LATE, stop=stop.id))
    visited = {fleet.places[stop.plan.place].quarter for stop in there}
    missed = [district for district, numbers in quarters.items() if not visited.intersection(numbers)]
    found += [Warning(Notice.DISTRICT_MISSED, district=district) for district in missed]
    end = monday + WEEK
    for quarter in sorted({number for numbers in quarters.values() for number in numbers} - visited):
        last = last_visits.get(quarter)
        if last is None or end - last > LONGEST_GAP:
            weeks = None if last is None else (end - last) // WEEK
            found.append(Warning(Notice.LONG_GAP, quarter=quarter, weeks=weeks))
    return found


def fingerprint(week_version: int, changes: Iterable[tuple[Stop, Change]], booked: Mapping[UUID, int]) -> str:
    """What a preview of a week showed, in short: it is the same as long as the plan and who is booked are."""
    said = [(stop.id, stop.version, change, booked.get(stop.id, 0)) for stop, change in changes]
    return sha256(repr((week_version, said)).encode()).hexdigest()[:20]


def delayed(state: StopState, minutes: int, reason: Reason | None) -> StopState:
    """A stop whose vehicle comes later by so many minutes; 0 means it is in time again, which needs no reason."""
    why = reason.fields() if reason and minutes else {"reason": None, "known_reason": None}
    return state.model_copy(update={"delay_minutes": minutes, **why})


def cancelled(state: StopState, reason: Reason) -> StopState:
    """A stop that does not take place."""
    return state.model_copy(update={"status": "cancelled", "delay_minutes": 0, **reason.fields()})


def made_late(stops: Iterable[Stop], delays: Mapping[UUID, int], fleet: Fleet) -> dict[UUID, int]:
    """Which stops of a vehicle's day it reaches later than announced, if it is late at some.

    Args:
        stops: its announced stops of the day that take place.
        delays: by stop, how many minutes it is late there.

    Returns:
        How many minutes at least, in steps of five, for each stop that needs more than is known or given.
    """
    later: dict[UUID, int] = {}
    before: StopState | None = None
    free_at = datetime.min.replace(tzinfo=BERLIN)
    for stop, state in sorted(_announced(stops), key=lambda each: each[1].arrives_at):
        there = free_at + fleet.travel(before.place.key, state.place.key) if before else state.arrives_at
        known = delays.get(stop.id, state.delay_minutes)
        needed = max(known, -(-(there - state.arrives_at) // _STEP) * 5)
        if needed > known:
            later[stop.id] = needed
        before, free_at = state, state.departs_at + timedelta(minutes=needed)
    return later


def with_vehicle(plan: Plan, key: str, fleet: Fleet) -> Plan:
    """The same stop with another vehicle, and no more counters than that has."""
    return replace(plan, vehicle=key, counters=min(plan.counters, fleet.vehicles[key].counters))


def _announced(stops: Iterable[Stop]) -> list[tuple[Stop, StopState]]:
    return [(stop, stop.announced) for stop in stops if stop.announced is not None]
