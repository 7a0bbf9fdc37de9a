"""Times and days as people type them where their browser has no clock or calendar, or as browsers send them."""

import re
from datetime import date, datetime, time

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def read_time(typed: str) -> time:
    """A time of day, "9:00" or "09:00"; raises ValueError."""
    if (found := _CLOCK.fullmatch(typed.strip())) is None:
        raise ValueError(typed)
    return time(int(found[1]), int(found[2]))


def read_day(typed: str) -> date | None:
    """A day, "31.12.2026" or "2026-12-31"; None if nothing is typed; raises ValueError."""
    typed = typed.strip()
    if not typed:
        return None
    pattern = "%d.%m.%Y" if "." in typed else "%Y-%m-%d"
    return datetime.strptime(typed, pattern).date()  # noqa: DTZ007 - a day has no zone
