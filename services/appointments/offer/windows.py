"""Opening hours as people read and write them: windows that are the same on several weekdays."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, time, timedelta

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


MOST_WEEKS = 8
"""Every how many weeks a window can come at most."""


@dataclass(frozen=True, slots=True)
class Window:
    """Opening hours that are the same on some weekdays; see `Hours`."""

    weekdays: tuple[int, ...]
    opens: time
    closes: time
    valid_from: date | None = None
    valid_until: date | None = None
    every_weeks: int = 1
    nth: int | None = None
    staff_counters: int = 0
    services: tuple[str, ...] | None = None

    @property
    def hours(self) -> list[Hours]:
        """The hours of each of its weekdays."""
        given = asdict(self)
        return [Hours(weekday, **given) for weekday in given.pop("weekdays")]


def windows_of(hours: Iterable[Hours]) -> tuple[Window, ...]:
    """Hours as windows, in the order of the week; the same hours are always the same windows."""
    found: dict[Hours, list[int]] = {}
    for each in sorted(set(hours), key=lambda each: (each.weekday, each.opens, each.closes, repr(each))):
        found.setdefault(replace(each, weekday=0), []).append(each.weekday)
    windows = []
    for alike, weekdays in found.items():
        given = asdict(alike)
        del given["weekday"]
        windows.append(Window(tuple(weekdays), **given))
    return tuple(windows)


def hours_of(windows: Iterable[Window]) -> list[Hours]:
    """The opposite of `windows_of`."""
    return [hours for window in windows for hours in window.hours]


def rows_of(weekdays: Collection[int]) -> list[tuple[int, int]]:
    """Weekdays as people say them: the first and last of each row of days that follow each other."""
    rows: list[tuple[int, int]] = []
    for day in sorted(weekdays):
        if rows and rows[-1][1] == day - 1:
            rows[-1] = (rows[-1][0], day)
        else:
            rows.append((day, day))
    return rows


@dataclass(frozen=True, slots=True)
class PublicHours:
    """A window as visitors read it: `rows` of weekdays, see `rows_of`, and the `next_day` of one that is not weekly."""

    window: Window
    rows: list[tuple[int, int]]
    next_day: date | None


def public_hours(hours: Iterable[Hours], today: date) -> list[PublicHours]:
    """The opening hours of a station as its visitors read them; those that are over are left out."""
    current = [each for each in hours if each.valid_until is None or each.valid_until >= today]
    return [PublicHours(window, rows_of(window.weekdays), _next_day(window, today)) for window in windows_of(current)]


def _next_day(window: Window, today: date) -> date | None:
    weekly = window.every_weeks == 1 and window.nth is None
    if weekly and (window.valid_from is None or window.valid_from <= today):
        return None
    first = max(today, window.valid_from or today)
    days = (first + timedelta(days=offset) for offset in range(7 * MOST_WEEKS))
    return next((day for day in days if any(each.apply_on(day) for each in window.hours)), None)
