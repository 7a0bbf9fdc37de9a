"""Rules of tours: which stops a week has, what of its plan is not announced yet, and what to look at before."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from services.mobile_office.fleet.domain import Fleet
from shared.calendar import is_public_holiday
from shared.clock import BERLIN
from shared.events import mobile_office as events
from shared.events.mobile_office import StopState
from shared.recurrence import WEEK, recurs_on

LONGEST_GAP = timedelta(weeks=8)
"""After how long without a stop an Ortsteil is named in the warnings."""
LONGEST_DELAY = timedelta(hours=4)


class Status(StrEnum):
    """Where a stop stands: only planned, announced, or announced and called off."""

    PLANNED = "planned"
    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class WeeklyStop:
    """A stop of the weekly plan (weekday 0 is Monday, local time), every so many weeks from that of `valid_from`."""

    id: UUID
    vehicle: str
    place: str
    weekday: int
    arrives: time
    departs: time
    every_weeks: int
    valid_from: date
    valid_until: date | None = None

    def day_in(self, monday: date) -> date | None:
        """The day in a week on which the stop is, if there is one; never a public holiday."""
        day = monday + timedelta(days=self.weekday)
        falls_on_it = recurs_on(
            day,
            weekday=self.weekday,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            every_weeks=self.every_weeks,
        )
        return day if falls_on_it and not is_public_holiday(day) else None


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


class Change(StrEnum):
    """What of a week's plan is not announced yet."""

    NEW = "new"
    CHANGED = "changed"
    DROPPED = "dropped"


class Notice(StrEnum):
    """What a planner should look at before a week is announced."""

    HOLIDAY = "holiday"
    NO_PERMIT = "no_permit"
    DISTRICT_MISSED = "district_missed"
    LONG_GAP = "long_gap"


@dataclass(frozen=True, slots=True)
class Warning:
    """Something to look at: at a stop, in a district, or in a quarter without a stop for so many weeks.

    `weeks` is None for a quarter that never had one.
    """

    notice: Notice
    stop: UUID | None = None
    district: int | None = None
    quarter: int | None = None
    weeks: int | None = None


def plan_of(state: StopState) -> Plan:
    """What was announced of a stop, as a plan."""
    return Plan(state.vehicle.key, state.place.key, state.arrives_at, state.departs_at, state.vehicle.counters)


def state_of(plan: Plan, fleet: Fleet, **changes: Any) -> StopState:
    """The public state of a stop that takes place as planned."""
    vehicle, place = fleet.vehicles[plan.vehicle], fleet.places[plan.place]
    return StopState(
        status=changes.pop("status", "scheduled"),
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
        **changes,
    )


def plans_for(monday: date, weekly: Iterable[WeeklyStop], fleet: Fleet) -> list[Plan]:
    """What the weekly plan has in a week, in order of time."""
    plans = [
        Plan(
            each.vehicle,
            each.place,
            datetime.combine(day, each.arrives, BERLIN).astimezone(UTC),
            datetime.combine(day, each.departs, BERLIN).astimezone(UTC),
            fleet.vehicles[each.vehicle].counters,
        )
        for each in weekly
        if (day := each.day_in(monday))
    ]
    return sorted(plans, key=lambda plan: (plan.arrives_at, plan.vehicle))


def cannot_follow(plan: Plan, others: Iterable[Plan], fleet: Fleet) -> Plan | None:
    """The first of the vehicle's other stops that leaves it no time to be at a planned one, the way included."""
    for other in others:
        if other.vehicle == plan.vehicle:
            there, back = fleet.travel(plan.place, other.place), fleet.travel(other.place, plan.place)
            if other.arrives_at < plan.departs_at + there and plan.arrives_at < other.departs_at + back:
                return other
    return None


def warnings(
    stops: Sequence[Stop], fleet: Fleet, quarters: Mapping[int, Collection[int]], last_visits: Mapping[int, date]
) -> list[Warning]:
    """What to look at in a week's plan.

    Args:
        stops: those of the week.
        quarters: of every district, by their numbers.
        last_visits: per quarter the last day it has had, or will have had, a stop before the week is over.
    """
    there = [stop for stop in stops if stop.status is not Status.CANCELLED and not stop.dropped]
    found: list[Warning] = []
    for stop in there:
        day = stop.plan.arrives_at.astimezone(BERLIN).date()
        if is_public_holiday(day):
            found.append(Warning(Notice.HOLIDAY, stop=stop.id))
        if not fleet.places[stop.plan.place].may_be_used_on(day):
            found.append(Warning(Notice.NO_PERMIT, stop=stop.id))
    visited = {fleet.places[stop.plan.place].quarter for stop in there}
    for district, numbers in quarters.items():
        if not visited.intersection(numbers):
            found.append(Warning(Notice.DISTRICT_MISSED, district=district))
    if stops:
        end = stops[0].week + WEEK
        for quarter in sorted({number for numbers in quarters.values() for number in numbers} - visited):
            last = last_visits.get(quarter)
            if last is None or end - last > LONGEST_GAP:
                weeks = None if last is None else (end - last) // WEEK
                found.append(Warning(Notice.LONG_GAP, quarter=quarter, weeks=weeks))
    return found


def fingerprint(week_version: int, stops: Iterable[Stop], booked: Mapping[UUID, int]) -> str:
    """What a preview of a week showed, in short: it is the same as long as the plan and who is booked are."""
    said = [(stop.id, stop.version, stop.change, booked.get(stop.id, 0)) for stop in stops if stop.change]
    return sha256(repr((week_version, said)).encode()).hexdigest()[:20]


def delayed(state: StopState, minutes: int, reason: str | None) -> StopState:
    """A stop whose vehicle comes later by so many minutes; 0 means it is in time again."""
    return state.model_copy(update={"delay_minutes": minutes, "reason": reason if minutes else None})


def cancelled(state: StopState, reason: str) -> StopState:
    """A stop that does not take place."""
    return state.model_copy(update={"status": "cancelled", "delay_minutes": 0, "reason": reason})


def with_vehicle(plan: Plan, key: str, fleet: Fleet) -> Plan:
    """The same stop with another vehicle, and no more counters than that has."""
    return replace(plan, vehicle=key, counters=min(plan.counters, fleet.vehicles[key].counters))
