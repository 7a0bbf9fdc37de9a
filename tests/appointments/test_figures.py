"""The figures people are promised, and count on: each is pinned by what follows from it."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from services.appointments.booking.domain import extended, held_until, hold_ends_soon
from services.appointments.booking.holds import AGAIN, DRAFT_LIFE
from services.appointments.closing import domain as closing
from services.appointments.line import domain as line
from services.appointments.links.usecases import ADDRESS_WINDOW, PER_ADDRESS, PER_NETWORK
from services.appointments.offer.domain import Grid, Station, slots_on
from services.appointments.offer.windows import Hours
from services.appointments.queue.domain import (
    AFTER_HOURS,
    NEAR,
    PARKING_MINUTES,
    RECENT,
    Estimate,
    Turn,
    estimate,
    may_check_in,
    place_in_queue,
    turn,
)
from services.appointments.seats.domain import FreeSeats
from services.appointments.settings import Settings
from services.appointments.video.domain import VideoRoom, room_at
from shared.clock import BERLIN

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def after(**passed: float) -> datetime:
    return NOW + timedelta(**passed)


def test_fifteen_minutes_late_is_in_time_and_anybody_later_queues_like_a_walk_in() -> None:
    assert place_in_queue(NOW, after(minutes=15)) == NOW
    assert place_in_queue(NOW, after(minutes=15) + SECOND) is None


def test_one_says_oneself_that_one_is_here_from_an_hour_before_until_a_quarter_of_an_hour_after() -> None:
    assert may_check_in(NOW, after(hours=-1))
    assert may_check_in(NOW, after(minutes=15))
    assert not may_check_in(NOW, after(hours=-1) - SECOND)
    assert not may_check_in(NOW, after(minutes=15) + SECOND)


def test_an_appointment_goes_before_walk_ins_from_ten_minutes_before_its_time() -> None:
    assert turn(NOW, after(minutes=10), None, NOW) == (Turn.DUE, after(minutes=10))
    assert turn(NOW, after(minutes=10) + SECOND, None, NOW) == (Turn.EARLY, after(minutes=10) + SECOND)


def test_the_hall() -> None:
    assert NEAR == 2, "people ahead when the SMS comes"
    assert PARKING_MINUTES == (5, 10, 20)
    assert timedelta(hours=3) == AFTER_HOURS
    assert RECENT == 30
    ten = timedelta(minutes=10)
    assert estimate(1, 1, [ten] * 4) is None, "four are too few to say"
    assert estimate(1, 1, [ten] * 5) == Estimate(10, 20)


def test_a_time_is_held_for_ten_minutes_and_twelve_times_ten_more() -> None:
    far = after(days=1)
    until = held_until(far, NOW)
    assert until == after(minutes=10)
    for extension in range(12):
        longer = extended(until, extension, far)
        assert longer == until + timedelta(minutes=10)
        until = longer
    assert extended(until, 12, far) is None
    assert timedelta(hours=2) == DRAFT_LIFE
    assert timedelta(seconds=1) == AGAIN


def test_a_hold_says_two_minutes_before_that_it_ends() -> None:
    assert not hold_ends_soon(after(minutes=2) + SECOND, NOW)
    assert hold_ends_soon(after(minutes=2), NOW)
    assert hold_ends_soon(NOW + SECOND, NOW)
    assert not hold_ends_soon(NOW, NOW)
    assert not hold_ends_soon(None, NOW)


def test_the_room_opens_ten_minutes_before_and_closes_with_the_end() -> None:
    end = after(minutes=30)
    assert room_at(NOW, end, after(minutes=-10) - SECOND) is VideoRoom.NOT_YET
    assert room_at(NOW, end, after(minutes=-10)) is VideoRoom.OPEN
    assert room_at(NOW, end, end - SECOND) is VideoRoom.OPEN
    assert room_at(NOW, end, end) is VideoRoom.OVER


def test_an_alternative_is_kept_two_days_but_only_to_two_hours_before_it_begins() -> None:
    assert closing.alternative_until(after(days=5), NOW) == after(hours=48)
    assert closing.alternative_until(after(hours=50), NOW) == after(hours=48)
    assert closing.alternative_until(after(hours=49), NOW) == after(hours=47)


@pytest.mark.parametrize(
    ("days", "found"), [(7, True), (-7, True), (8, False), (-8, False)], ids=["week", "week before", "later", "sooner"]
)
def test_an_alternative_is_offered_within_seven_days_at_the_same_station(days: int, found: bool) -> None:
    """The only free time is so many days from the old one, at the same hour."""
    hours = tuple(Hours(day, time(9), time(9, 10)) for day in range(7))
    station = Station("here", "here", 500, None, ("1",), hours, ())
    grid, old = Grid(timedelta(minutes=10), 60), datetime(2026, 12, 30, 9, tzinfo=BERLIN)
    first = old.date() - timedelta(days=10)
    free_days = [first + timedelta(days=n) for n in range(21)]
    there = old + timedelta(days=days)
    taken = {("1", start) for day in free_days for start in slots_on(station, day, grid)} - {("1", there)}
    asked = closing.Affected("1", "here", old, 1, (station,))
    [proposal] = closing.propose([asked], FreeSeats((station,), free_days, taken, grid), NOW)
    assert (proposal.run is not None) is found


def test_nobody_is_offered_another_time_that_begins_within_four_hours() -> None:
    assert timedelta(hours=4) == closing.SOONEST
    assert timedelta(days=366) == closing.LONGEST


def test_an_offer_leaves_two_hours_to_answer_and_one_for_the_way() -> None:
    assert line.answer_until(NOW, after(days=5)) == after(hours=2)
    assert line.answer_until(NOW, after(minutes=150)) == after(minutes=90)
    assert line.answer_until(NOW, after(minutes=90)) == after(minutes=30)
    assert line.answer_until(NOW, after(minutes=89)) is None
    assert timedelta(days=90) == line.LONGEST_WAIT


def test_a_day_that_suits_lies_between_all_four_days() -> None:
    suits = line.Suits(("here",), (0, 1, 2, 3, 4, 5, 6), date(2026, 12, 2), date(2026, 12, 4))
    named = [(first, last) for first in (1, 3) for last in (3, 5)]
    assert [[day.day for day in suits.days(date(2026, 12, first), date(2026, 12, last))] for first, last in named] == [
        [2, 3],
        [2, 3, 4],
        [3],
        [3, 4],
    ]


def test_limits_of_a_person_and_of_an_address() -> None:
    fields = Settings.model_fields
    assert (fields["person_limit"].default, fields["address_limit"].default) == (3, 60)
    assert (3, timedelta(hours=24), 20) == (PER_ADDRESS, ADDRESS_WINDOW, PER_NETWORK)
