"""The rules of the waiting list."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.line.domain import (
    ENDS_BEFORE,
    LEAST_TO_ANSWER,
    TO_ANSWER,
    Opening,
    Suits,
    WantedTime,
    answer_until,
    fitting,
)
from services.appointments.offer.domain import Grid, free_starts, minute_of, run_of
from shared.calendar import is_quiet
from shared.clock import BERLIN

GRID = Grid(timedelta(minutes=10), 28)
MONDAY = date(2026, 11, 30)
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
ANY_DAY = Suits(("mitte",), tuple(range(7)), date(2026, 1, 1), date(2026, 12, 31))
SLOTS = tuple(datetime(2026, 11, 30, 8, tzinfo=UTC) + number * GRID.slot for number in range(12))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


WEEK = st.integers(0, 7 * 24 * 60 - 1).map(lambda passed: local("2026-11-23 00:00") + timedelta(minutes=passed))


@pytest.mark.parametrize(
    ("now", "starts_at", "until"),
    [
        ("2026-11-25 10:30:40", "2026-11-30 09:00", "2026-11-25 12:30"),
        ("2026-11-25 19:00", "2026-11-30 09:00", "2026-11-26 09:00"),
        ("2026-11-25 23:15", "2026-11-30 09:00", "2026-11-26 10:00"),
        ("2026-11-26 05:00", "2026-11-30 09:00", "2026-11-26 10:00"),
        ("2026-11-28 19:30", "2026-12-04 09:00", "2026-11-30 09:30"),
        ("2026-12-24 19:00", "2026-12-29 09:00", "2026-12-28 09:00"),
        ("2026-11-25 10:00", "2026-11-25 12:00", "2026-11-25 11:00"),
        ("2026-11-25 10:00", "2026-11-25 11:30", "2026-11-25 10:30"),
        ("2026-11-25 10:00", "2026-11-25 11:29", None),
        ("2026-11-25 23:00", "2026-11-26 09:20", None),
        ("2026-11-25 19:10", "2026-11-26 09:00", "2026-11-26 08:00"),
        ("2026-11-25 19:40", "2026-11-26 09:00", None),
        ("2027-03-27 19:30", "2027-04-01 09:00", "2027-03-30 09:30"),
    ],
)
def test_an_offer_lasts_two_hours_that_are_not_quiet(now: str, starts_at: str, until: str | None) -> None:
    assert answer_until(local(now), local(starts_at)) == (local(until) if until else None)


@given(WEEK, st.timedeltas(timedelta(), timedelta(days=4)))
def test_nobody_must_answer_at_night_nor_when_it_is_too_late_to_come(now: datetime, ahead: timedelta) -> None:
    starts_at = now + ahead
    until = answer_until(now, starts_at)
    if until is None:
        assert (
            is_quiet(now)
            or ahead < ENDS_BEFORE + LEAST_TO_ANSWER + timedelta(minutes=1)
            or is_quiet(starts_at - ENDS_BEFORE)
        )
        return
    assert until <= starts_at - ENDS_BEFORE
    minutes = int((until - now) / timedelta(minutes=1))
    loud = sum(not is_quiet(now + timedelta(minutes=n)) for n in range(minutes + 1))
    assert LEAST_TO_ANSWER - timedelta(minutes=1) <= timedelta(minutes=loud) <= TO_ANSWER + timedelta(minutes=2)


@given(
    free=st.sets(st.sampled_from(SLOTS), min_size=1),
    freed=st.sets(st.sampled_from(SLOTS), min_size=1),
    seats=st.integers(1, 5),
    offered=st.sets(st.sampled_from(SLOTS)),
)
def test_fitting_times_are_the_runs_of_free_seats_that_use_a_freed_one(
    free: set[datetime], freed: set[datetime], seats: int, offered: set[datetime]
) -> None:
    opening = Opening("mitte", tuple(sorted(free)), frozenset(freed))
    taken = {"mitte-1": {minute_of(slot) for slot in SLOTS if slot not in free}}
    possible = [
        start
        for start in free_starts(dict.fromkeys(SLOTS, 1), ["mitte-1"], taken, seats, GRID)
        if freed & set(run_of(start, seats, GRID)) and start not in offered
    ]
    wanted = WantedTime(ANY_DAY, seats, frozenset(("mitte", start) for start in offered))
    assert fitting(wanted, opening, GRID, NOON) == possible
    if possible:
        assert seats <= opening.longest(GRID), "the query that looks for entries finds this one"


@given(
    stations=st.sets(st.sampled_from(["mitte", "sued"])),
    weekdays=st.sets(st.integers(0, 6)),
    first=st.integers(-3, 3),
    length=st.integers(0, 6),
)
def test_what_does_not_suit_never_fits(stations: set[str], weekdays: set[int], first: int, length: int) -> None:
    first_day = MONDAY + timedelta(days=first)
    suits = Suits(tuple(stations), tuple(weekdays), first_day, first_day + timedelta(days=length))
    opening = Opening("mitte", SLOTS, frozenset(SLOTS[3:5]))
    found = fitting(WantedTime(suits, 1), opening, GRID, NOON)
    does = "mitte" in stations and 0 in weekdays and first_day <= MONDAY <= first_day + timedelta(days=length)
    assert found == ([*SLOTS[3:5]] if does else [])
    assert (MONDAY in suits.days(MONDAY, MONDAY)) == (does or ("mitte" not in stations and suits.allows_day(MONDAY)))


def test_what_starts_too_soon_is_passed_over_for_a_later_freed_seat() -> None:
    opening = Opening("mitte", SLOTS, frozenset(SLOTS))
    assert fitting(WantedTime(ANY_DAY, 1), opening, GRID, SLOTS[0] - ENDS_BEFORE)[0] == SLOTS[3]


def test_days_are_those_of_berlin() -> None:
    late = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert Suits(("mitte",), (1,), date(2026, 12, 1), date(2026, 12, 1)).allows("mitte", late)
