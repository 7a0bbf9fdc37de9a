"""The days tests are played on, said once: whatever day the run has, different steps of a test fall on different days.

`AT=2026-12-19T22:00` lets a run believe that it begins at that moment (Europe/Berlin), to see that it passes on any day
and at any hour.
"""

import os
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from shared.calendar import is_public_holiday, is_working_day
from shared.clock import BERLIN, Clock


def _ahead() -> timedelta:
    wanted = os.environ.get("AT")
    if not wanted:
        return timedelta()
    return datetime.fromisoformat(wanted).replace(tzinfo=BERLIN) - datetime.now(UTC)


_AHEAD = _ahead()


def now() -> datetime:
    """The moment it is in this run, in the city's time."""
    return (datetime.now(UTC) + _AHEAD).astimezone(BERLIN)


def run_clock(folder: Path) -> Path:
    """A clock file in a folder, which shows the moment it is in this run until a test moves it."""
    file = folder / "clock"
    Clock.move(file, _AHEAD)
    return file


def clock_of_run(folder: Path) -> Path | None:
    """A clock file in a run that believes it is another day, else none: to read it would cost a little."""
    return run_clock(folder) if _AHEAD else None


def stand_at(file: Path | None, moment: datetime) -> None:
    """Let a clock file show a moment."""
    assert file is not None
    Clock.move(file, moment - datetime.now(UTC))


def working_day(today: date, ahead: int) -> date:
    """The working day that many working days after the first one from today on."""
    day = today
    while not is_working_day(day):
        day += timedelta(days=1)
    for _ in range(ahead):
        day += timedelta(days=1)
        while not is_working_day(day):
            day += timedelta(days=1)
    return day


def weekend_day(today: date) -> date:
    """The next Saturday or Sunday after today that is no public holiday."""
    day = today + timedelta(days=1)
    while day.weekday() < 5 or is_public_holiday(day):
        day += timedelta(days=1)
    return day


def berlin(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of a day in the city's time."""
    return datetime.combine(day, time(hour, minute), BERLIN)
