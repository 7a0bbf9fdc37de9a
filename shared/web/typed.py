"""What people type into forms: times and days as browsers send them, or as one writes them without a calendar."""

import re
from collections.abc import Callable, Container
from datetime import date, datetime, time
from typing import TypeVar

from shared.days import of_our_time
from shared.web.forms import FormErrors

Read = TypeVar("Read")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def read_time(typed: str) -> time:
    """A time of day, "9:00" or "09:00"; raises ValueError."""
    if (found := _CLOCK.fullmatch(typed.strip())) is None:
        raise ValueError(typed)
    return time(int(found[1]), int(found[2]))


def read_day(typed: str) -> date | None:
    """A day of our time, "31.12.2026" or "2026-12-31"; None if nothing is typed; raises ValueError."""
    typed = typed.strip()
    if not typed:
        return None
    pattern = "%d.%m.%Y" if "." in typed else "%Y-%m-%d"
    return of_our_time(datetime.strptime(typed, pattern).date())  # noqa: DTZ007 - a day has no zone


def read_number(typed: str, lowest: int, highest: int) -> int:
    """A whole number from one to another; raises ValueError."""
    typed = typed.strip()
    if not typed.isascii() or not typed.isdigit() or not lowest <= int(typed[:10]) <= highest:
        raise ValueError(typed)
    return int(typed)


def read_choice(typed: str, known: Container[str]) -> str:
    """One of what could be chosen; raises ValueError."""
    if typed not in known:
        raise ValueError(typed)
    return typed


class Reading:
    """Reads a form field by field, and collects what to do about the fields that cannot be read."""

    def __init__(self) -> None:
        self.errors = FormErrors()

    def field(self, name: str, typed: str, read: Callable[[str], Read], message: str) -> Read | None:
        """What a field says, or None and the message as its error."""
        try:
            return read(typed)
        except ValueError:
            self.errors[name] = message
            return None
