"""Opening hours: weekly, every few weeks, or on the nth weekday of a month."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time

from shared.recurrence import recurs_on


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
        return recurs_on(
            day,
            weekday=self.weekday,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            every_weeks=self.every_weeks,
            nth=self.nth,
        )
