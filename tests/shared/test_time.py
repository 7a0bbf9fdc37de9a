"""Time: the movable clock, working days, holidays, quiet hours, and the order of keeping times."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import retention
from shared.calendar import (
    end_of_quiet,
    is_public_holiday,
    is_quiet,
    is_school_holiday,
    is_working_day,
    previous_working_day,
)
from shared.clock import BERLIN, Clock

moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def test_two_clocks_on_one_file_move_together(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    one, two = Clock(file), Clock(file)
    assert one.offset() == timedelta()
    Clock.move(file, timedelta(days=3))
    assert one.offset() == two.offset() == timedelta(days=3)
    assert one.now() - datetime.now(UTC) > timedelta(days=2, hours=23)
    Clock.move(file, timedelta(hours=-1))
    os.utime(file, ns=(1, 1))
    assert one.offset() == timedelta(hours=-1)
    file.unlink()
    assert one.offset() == timedelta()


def test_a_clock_without_a_file_is_the_real_time() -> None:
    assert abs(Clock().now() - datetime.now(UTC)) < timedelta(seconds=1)


@pytest.mark.parametrize(
    "day",
    ["2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-05-14", "2026-05-25", "2026-06-04", "2026-10-03",
     "2026-11-01", "2026-12-25", "2026-12-26"],
)  # fmt: skip
def test_the_eleven_public_holidays_of_nrw(day: str) -> None:
    assert is_public_holiday(date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2026-12-24", "2026-12-31", "2026-02-16", "2026-10-31", "2026-11-23"])
def test_days_that_are_no_public_holidays(day: str) -> None:
    assert not is_public_holiday(date.fromisoformat(day))


def test_working_days_and_school_holidays() -> None:
    assert previous_working_day(date(2026, 4, 7)) == date(2026, 4, 2), "over Easter"
    assert previous_working_day(date(2026, 11, 24)) == date(2026, 11, 23)
    assert not is_working_day(date(2026, 11, 22))
    assert is_school_holiday(date(2026, 12, 28))
    assert not is_school_holiday(date(2026, 11, 23))


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ("2026-11-23T07:59", "2026-11-23T08:00"),
        ("2026-11-23T20:00", "2026-11-24T08:00"),
        ("2026-11-21T21:00", "2026-11-23T08:00"),
        ("2026-12-24T23:00", "2026-12-28T08:00"),
        ("2026-03-28T23:00", "2026-03-30T08:00"),
    ],
)
def test_quiet_ends_on_the_next_morning_that_is_no_sunday_or_holiday(local: str, until: str) -> None:
    moment = datetime.fromisoformat(local).replace(tzinfo=BERLIN)
    assert is_quiet(moment)
    assert end_of_quiet(moment) == datetime.fromisoformat(until).replace(tzinfo=BERLIN)


@given(moments)
def test_the_end_of_quiet_is_the_first_moment_that_is_not_quiet(moment: datetime) -> None:
    end = end_of_quiet(moment)
    assert end >= moment
    assert not is_quiet(end)
    if end > moment:
        assert is_quiet(end - timedelta(seconds=1))


def test_nobody_forgets_a_fact_that_can_still_arrive() -> None:
    assert retention.TOPIC < retention.OUTBOX < retention.INBOX < retention.LEDGER
    assert retention.PERSON_AFTER_MATTER >= retention.TOPIC
