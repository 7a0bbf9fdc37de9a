"""Rules of what displaced people get instead: how near a place is, whose turn it is, which time and which counter."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from services.appointments.closing.domain import NEAR_IN_TIME, SOONEST, Decision
from services.appointments.displaced.domain import (
    FURTHER,
    Displaced,
    Nearness,
    Spot,
    further,
    nearness,
    propose_instead,
)
from services.appointments.offer.domain import Grid, Station
from services.appointments.offer.windows import Hours
from services.appointments.seats.domain import FreeSeats, Seat
from shared.city import City
from shared.clock import BERLIN

GRID = Grid(timedelta(minutes=10), 28)
MONDAY = datetime(2026, 11, 23, tzinfo=BERLIN)
NOW = MONDAY.replace(hour=7).astimezone(UTC)
DAYS = [MONDAY.date() + timedelta(days=n) for n in range(29)]
END = (MONDAY + timedelta(days=29)).astimezone(UTC)
CITY = City.load("duisburg")
HERE, BANK, FAR = (
    Station(
        key=key,
        name=key,
        district=district,
        address=None,
        counters=(f"{key}-1", f"{key}-2"),
        hours=tuple(Hours(day, time(9), time(10)) for day in range(5)),
        closures=(),
        spoken=((f"{key}-2", "tr"),),
    )
    for key, district in (("here", 200), ("bank", 500), ("far", 600))
)
PLACES = {Nearness.SAME_DISTRICT: [HERE], Nearness.SAME_BANK: [BANK], Nearness.ANYWHERE: [FAR]}


def at(day: int, hour: int = 9, minute: int = 0) -> datetime:
    return (MONDAY + timedelta(days=day)).replace(hour=hour, minute=minute).astimezone(UTC)


def spot(district: int, quarter: int | None = None) -> Spot:
    return Spot(district, CITY.banks_of(district, quarter))


def proposed(free: list[Seat], *displaced: Displaced, now: datetime = NOW) -> list[Seat | None]:
    """The counter and start each gets of what is free, in the order in which they are asked."""
    every = FreeSeats((HERE, BANK, FAR), DAYS, (), GRID)
    taken = {
        (counter, start)
        for day in DAYS
        for station in (HERE, BANK, FAR)
        for counter in station.counters
        for start in (at((day - MONDAY.date()).days, 9, 10 * n) for n in range(6))
    } - set(free)
    assert every.take([HERE], 1, at(1), at(1), at(1)), "the stations open on these days"
    proposals = propose_instead(displaced, FreeSeats((HERE, BANK, FAR), DAYS, taken, GRID), now, END)
    assert {each.decision for each in proposals} <= {Decision.OFFER, Decision.CANCEL}, "nobody is moved unasked"
    return [(each.run.counter, each.run.starts[0]) if each.run else None for each in proposals]


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        ((200, 202), (200,), Nearness.SAME_DISTRICT),
        ((200, 202), (500,), Nearness.SAME_BANK),
        ((200, 202), (600,), Nearness.ANYWHERE),
        ((400, 401), (400, 402), Nearness.SAME_DISTRICT),
        ((400, 401), (500,), Nearness.SAME_BANK),
        ((400, 401), (600,), Nearness.ANYWHERE),
        ((400, 402), (600,), Nearness.SAME_BANK),
        ((600,), (400,), Nearness.SAME_BANK),
        ((500,), (400,), Nearness.SAME_BANK),
        ((600,), (400, 401), Nearness.ANYWHERE),
        ((200,), (0,), Nearness.ANYWHERE),
    ],
)
def test_the_district_comes_before_the_bank_of_the_rhine(
    here: tuple[int, ...], there: tuple[int, ...], expected: Nearness
) -> None:
    """A district, and a quarter where it is known."""
    assert nearness(spot(*here), spot(*there)) is expected


def test_a_nearer_place_comes_before_a_nearer_time() -> None:
    asked = Displaced(at(8), 1, PLACES)
    near, bank, far = ("here-1", at(8 + NEAR_IN_TIME.days)), ("bank-1", at(9)), ("far-1", at(8))
    assert proposed([far, bank, near], asked) == [near]
    assert proposed([far, bank], asked) == [bank]
    assert proposed([far], asked) == [far]
    assert proposed([], asked) == [None]


def test_within_a_place_the_time_nearest_to_the_old_one_and_later_ones_where_there_is_none_near() -> None:
    asked = Displaced(at(8), 1, PLACES)
    assert proposed([("here-1", at(7)), ("here-1", at(10))], asked) == [("here-1", at(7))]
    later = ("here-1", at(21))
    assert proposed([later, ("far-1", at(9))], asked) == [("far-1", at(9))], "near in time, though far away"
    assert proposed([later, ("far-1", at(16))], asked) == [later]


def test_a_time_that_begins_too_soon_to_answer_is_none_even_for_a_time_that_is_over() -> None:
    asked = Displaced(at(0, 9), 1, PLACES)
    free = [("here-1", at(0, 9, 50))]
    assert proposed(free, asked, now=at(0, 9, 50) - SOONEST) == free
    assert proposed(free, asked, now=at(0, 9, 51) - SOONEST) == [None]
    assert proposed([("here-1", at(9))], replace(asked, starts_at=at(-3)), now=NOW) == [("here-1", at(9))]


def test_all_seats_are_at_one_counter_one_after_the_other() -> None:
    split = [("here-1", at(8)), ("here-2", at(8, 9, 10)), ("bank-2", at(8, 9, 20)), ("bank-2", at(8, 9, 30))]
    assert proposed(split, Displaced(at(8), 2, PLACES)) == [("bank-2", at(8, 9, 20))]


def test_a_counter_that_speaks_the_language_comes_first_at_the_same_time() -> None:
    both = [("here-1", at(8)), ("here-2", at(8))]
    assert proposed(both, Displaced(at(8), 1, PLACES, "tr")) == [("here-2", at(8))]
    assert proposed(both, Displaced(at(8), 1, PLACES, "pl"), Displaced(at(8), 1, PLACES, "tr")) == both
    places = {Nearness.SAME_BANK: [HERE, BANK]}
    speaking = [("here-1", at(8)), ("bank-2", at(8))]
    assert proposed(speaking, Displaced(at(8), 1, places, "tr")) == [("bank-2", at(8))]


def test_whoever_comes_first_gets_what_is_best_and_nothing_is_offered_twice() -> None:
    asked = Displaced(at(8), 1, PLACES)
    free = [("bank-1", at(8)), ("here-1", at(8))]
    assert proposed(free, asked, asked, asked) == [("here-1", at(8)), ("bank-1", at(8)), None]


def test_further_times_are_one_a_day_and_place_nearer_places_first() -> None:
    free = {
        "here": [at(7, 16), at(8, 9, 20), at(7, 9, 30), at(8, 9, 10)],
        "bank": [at(8)],
        "far": [at(9), at(8), at(10)],
    }
    shown = further(Displaced(at(8), 1, PLACES), free)
    assert shown == [("here", at(8, 9, 10)), ("here", at(7, 9, 30)), ("bank", at(8)), ("far", at(8)), ("far", at(9))]
    assert len(shown) == FURTHER
