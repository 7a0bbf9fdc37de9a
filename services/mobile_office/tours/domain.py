"""Rules of tours: which stops a week has, what of its plan is not announced yet, and what to look at before."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from services.mobile_office.fleet.domain import Fleet, Plan
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


class StopStatus(StrEnum):
    """Where a stop stands: only planned, announced, or announced and called off."""

    PLANNED = "planned"
    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop as it is planned, and as it was announced last; `dropped`: the plan no longer has it.

    `version` counts what was announced of it, 0 while nothing was.
    """

    id: UUID
    version: int
    week: date
    status: StopStatus
    plan: Plan
    dropped: bool = False
    announced: StopState | None = None

    @property
    def change(self) -> "Change | None":
        """What publishing the week would announce of this stop."""
        if self.status is StopStatus.PLANNED:
            return Change.NEW
        if self.status is StopStatus.CANCELLED or self.announced is None:
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
        return self.status is not StopStatus.CANCELLED and not self.dropped


class Change(StrEnum):
    """What of a week's plan is not announced yet."""

    NEW = "new"
    CHANGED = "changed"
    DROPPED = "dropped"


class WarningKind(StrEnum):
    """What a planner should look at before a week is announced."""

    HOLIDAY = "holiday"
    LEFT_OUT = "left_out"
    TOO_LATE = "too_late"
    NO_PERMIT = "no_permit"
    DISTRICT_MISSED = "district_missed"
    LONG_GAP = "long_gap"


class PlannedWeek(NamedTuple):
    """The plan of a week; `left_out` are days on which the weekly plan would have stops, were they no holidays."""

    monday: date
    stops: Sequence[Stop]
    left_out: Collection[date]


class Visits(NamedTuple):
    """The quarters of every district, by number, and of each the last day with a stop before a week is over."""

    quarters: Mapping[int, Collection[int]]
    last: Mapping[int, date]


@dataclass(frozen=True, slots=True)
class Warning:
    """Something to look at: at a stop, on a day, in a district, or in a quarter without a stop for so many weeks.

    A stop is on a public holiday, begins too early to be announced still, or has no permission; the weekly plan leaves
    a day out. `weeks` is None for a quarter that never had a stop.
    """

    kind: WarningKind
    stop: UUID | None = None
    day: date | None = None
    district: int | None = None
    quarter: int | None = None
    weeks: int | None = None


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


def warnings(week: PlannedWeek, visits: Visits, fleet: Fleet, now: datetime) -> list[Warning]:
    """What to look at in a week's plan."""
    there = [stop for stop in week.stops if stop.takes_place]
    found = [Warning(WarningKind.LEFT_OUT, day=day) for day in week.left_out]
    for stop in there:
        day = stop.plan.arrives_at.astimezone(BERLIN).date()
        if is_public_holiday(day):
            found.append(Warning(WarningKind.HOLIDAY, stop=stop.id))
        if not fleet.places[stop.plan.place].may_be_used_on(day):
            found.append(Warning(WarningKind.NO_PERMIT, stop=stop.id))
        if stop.change and not stop.change_at(now):
            found.append(Warning(WarningKind.TOO_LATE, stop=stop.id))
    visited = {fleet.places[stop.plan.place].quarter for stop in there}
    missed = [district for district, numbers in visits.quarters.items() if not visited.intersection(numbers)]
    found += [Warning(WarningKind.DISTRICT_MISSED, district=district) for district in missed]
    end = week.monday + WEEK
    for quarter in sorted({number for numbers in visits.quarters.values() for number in numbers} - visited):
        last = visits.last.get(quarter)
        if last is None or end - last > LONGEST_GAP:
            weeks = None if last is None else (end - last) // WEEK
            found.append(Warning(WarningKind.LONG_GAP, quarter=quarter, weeks=weeks))
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


def _announced(stops: Iterable[Stop]) -> list[tuple[Stop, StopState]]:
    return [(stop, stop.announced) for stop in stops if stop.announced is not None]
