"""Opening hours: weekly, every few weeks, or on the nth weekday of a month."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time, timedelta

LAST = 5
"""The `nth` of the last weekday of a month."""
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours on a weekday (0 is Monday, local time), valid between two days where given.

    `every_weeks` leaves out the weeks between, counted from the week of `valid_from`; `nth` means only the first to
    fourth such weekday of a month, or, for 5, the last. `staff_counters` of the counters, the last ones, are kept for
    bookings by staff; `services` are the keys of those the hours are for, None means all.
    """

    weekday: int
    opens: time
    closes: time
    valid_from: date | None = None
    valid_until: date | None = None
    every_weeks: int = 1
    nth: int | None = None
    staff_counters: int = 0
    services: tuple[str, ...] | None = None

    def are_for(self, services: Iterable[str]) -> bool:
        """Whether an appointment for some services, by their keys, may be in these hours."""
        return self.services is None or all(each in self.services for each in services)

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


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
