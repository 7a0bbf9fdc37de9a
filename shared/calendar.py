"""Working days, holidays and quiet hours, decided in Europe/Berlin.

Public and school holidays of North Rhine-Westphalia come from the `holidays` package.
"""

from datetime import date, datetime, time, timedelta
from functools import cache

import holidays

from shared.clock import BERLIN

QUIET_FROM = time(20)
QUIET_UNTIL = time(8)


@cache
def _days(category: str) -> holidays.HolidayBase:
    return holidays.country_holidays("DE", subdiv="NW", categories=(category,), language="de")


def is_public_holiday(day: date) -> bool:
    """Whether the day is one of the eleven public holidays of NRW (Feiertagsgesetz NW, section 2)."""
    return day in _days(holidays.PUBLIC)


def public_holidays(first: date, last: date) -> list[tuple[date, str]]:
    """The public holidays of NRW from one day to another, both included, with their German names."""
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return [(day, _days(holidays.PUBLIC)[day]) for day in days if is_public_holiday(day)]


def is_school_holiday(day: date) -> bool:
    """Whether NRW's schools have holidays; known to mid 2029."""
    return day in _days(holidays.SCHOOL)


def is_working_day(day: date) -> bool:
    """Monday to Friday, unless it is a public holiday."""
    return day.weekday() < 5 and not is_public_holiday(day)


def previous_working_day(day: date) -> date:
    """The last working day before a day."""
    day -= timedelta(days=1)
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day


def is_quiet(moment: datetime) -> bool:
    """Whether people should be left alone: from 20 to 8 o'clock, on Sundays and on public holidays."""
    local = moment.astimezone(BERLIN)
    return (
        local.time() >= QUIET_FROM
        or local.time() < QUIET_UNTIL
        or local.weekday() == 6
        or is_public_holiday(local.date())
    )


def end_of_quiet(moment: datetime) -> datetime:
    """The first moment, not before the given one, at which nobody is disturbed."""
    while is_quiet(moment):
        local = moment.astimezone(BERLIN)
        day = local.date() if local.time() < QUIET_UNTIL else local.date() + timedelta(days=1)
        moment = datetime.combine(day, QUIET_UNTIL, BERLIN).astimezone(moment.tzinfo)
    return moment
