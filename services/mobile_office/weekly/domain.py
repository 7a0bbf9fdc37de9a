"""Rules of the weekly plan: what comes back when, and which times a vehicle has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time, timedelta
from uuid import UUID

from services.mobile_office.fleet.domain import Fleet, Plan, moment
from shared.calendar import is_public_holiday
from shared.recurrence import recurs_on

MOST_WEEKS = 52
"""The longest rhythm: once a year."""


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
    version: int = 1

    def day_in(self, monday: date) -> date | None:
        """The day in a week on which the stop is, if there is one; it may be a public holiday."""
        return self._day(monday, self.every_weeks)

    def plan_in(self, monday: date, counters: int) -> Plan | None:
        """What the stop is in a week; nothing on public holidays."""
        day = self.day_in(monday)
        return None if day is None or is_public_holiday(day) else self._plan_on(day, self.place, counters)

    def time_in(self, monday: date, counters: int) -> Plan | None:
        """The time the vehicle has there in a week, whoever's turn it is; nothing on public holidays."""
        day = self._day(monday, 1)
        return None if day is None or is_public_holiday(day) else self._plan_on(day, "", counters)

    def _day(self, monday: date, every_weeks: int) -> date | None:
        day = monday + timedelta(days=self.weekday)
        return (
            day
            if recurs_on(
                day,
                weekday=self.weekday,
                valid_from=self.valid_from,
                valid_until=self.valid_until,
                every_weeks=every_weeks,
            )
            else None
        )

    def _plan_on(self, day: date, place: str, counters: int) -> Plan:
        return Plan(self.vehicle, place, moment(day, self.arrives), moment(day, self.departs), counters)


def plans_for(monday: date, weekly: Iterable[WeeklyStop], fleet: Fleet) -> list[Plan]:
    """What the weekly plan has in a week, in order of time; nothing on public holidays."""
    found = (each.plan_in(monday, fleet.vehicles[each.vehicle].counters) for each in weekly)
    return sorted((plan for plan in found if plan), key=lambda plan: (plan.arrives_at, plan.vehicle))


def times_for(monday: date, weekly: Iterable[WeeklyStop], fleet: Fleet) -> list[Plan]:
    """The times vehicles have in a week, whoever's turn it is, in order, without places; none on public holidays."""
    found = (each.time_in(monday, fleet.vehicles[each.vehicle].counters) for each in weekly)
    return sorted({time for time in found if time}, key=lambda time: (time.arrives_at, time.vehicle))


def holidays_in(monday: date, weekly: Iterable[WeeklyStop]) -> list[date]:
    """The public holidays of a week on which the weekly plan would have a stop."""
    days = {day for each in weekly if (day := each.day_in(monday))}
    return sorted(filter(is_public_holiday, days))
