"""What comes back every week, every few weeks, or on the nth weekday of a month."""

from datetime import date, timedelta

LAST = 5
"""The `nth` of the last weekday of a month."""
WEEK = timedelta(weeks=1)


def monday_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def recurs_on(
    day: date,
    *,
    weekday: int,
    valid_from: date | None = None,
    valid_until: date | None = None,
    every_weeks: int = 1,
    nth: int | None = None,
) -> bool:
    """Whether something that comes back is on a day.

    Args:
        weekday: 0 is Monday.
        valid_from: the first day it may be on; `valid_until` the last.
        every_weeks: leaves out the weeks between, counted from the week of `valid_from`.
        nth: only the first to fourth such weekday of a month, or, for 5, the last.
    """
    begun = valid_from is None or valid_from <= day
    ended = valid_until is not None and valid_until < day
    return (
        day.weekday() == weekday
        and begun
        and not ended
        and _in_turn(day, valid_from, every_weeks)
        and _is_nth(day, nth)
    )


def _in_turn(day: date, valid_from: date | None, every_weeks: int) -> bool:
    if every_weeks == 1 or valid_from is None:
        return True
    return (monday_of(day) - monday_of(valid_from)) // WEEK % every_weeks == 0


def _is_nth(day: date, nth: int | None) -> bool:
    if nth == LAST:
        return (day + WEEK).month != day.month
    return nth is None or (day.day - 1) // 7 + 1 == nth
