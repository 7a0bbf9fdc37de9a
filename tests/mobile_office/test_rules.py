"""Rules of planning, with nothing around them."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from services.mobile_office.fleet.domain import Plan, cannot_follow
from services.mobile_office.planning.domain import WEEKS, District, assess, propose
from services.mobile_office.weekly.domain import WeeklyStop, plans_for, times_for
from shared.clock import BERLIN
from shared.recurrence import WEEK
from tests.mobile_office.kit import CITY, DATA, FLEET, PLACES

WEEKLY = [WeeklyStop(uuid4(), **each.model_dump()) for each in DATA.weekly_stops]
DISTRICTS = [District(each.number, tuple(q.number for q in each.quarters), each.residents) for each in CITY.districts]
QUARTERS = [each.quarter for each in PLACES.values()]
FIRST = date(2026, 11, 30)
mondays = st.integers(0, 45).map(lambda weeks: FIRST + weeks * WEEK)


def times(first: date) -> list[Plan]:
    return [time for number in range(WEEKS) for time in times_for(first + number * WEEK, WEEKLY, FLEET)]


def visits(plans: list[Plan]) -> list[tuple[date, int]]:
    return [(each.arrives_at.astimezone(BERLIN).date(), PLACES[each.place].quarter) for each in plans]


def test_the_way_is_long_across_the_rhine() -> None:
    assert FLEET.travel("marxloh", "roettgersbach") < FLEET.travel("marxloh", "wehofen")
    assert FLEET.travel("marxloh", "wehofen") < FLEET.travel("marxloh", "hochemmerich")
    assert FLEET.travel("marxloh", "marxloh") == timedelta()


@settings(max_examples=12)
@given(mondays, st.dictionaries(st.sampled_from(QUARTERS), st.dates(date(2026, 1, 1), FIRST)))
def test_a_proposal_visits_every_district_weekly_and_every_quarter_at_least_once(
    first: date, last_visits: dict[int, date]
) -> None:
    proposal = propose(DISTRICTS, times(first), [], last_visits, FLEET)
    found = assess(DISTRICTS, visits(proposal), first)
    assert (found.left_out, set(found.missed.values())) == ((), {0})
    assert found.spread is not None
    assert found.spread < 1.5, "the weekly plan of the city's data has more than 2"


@settings(max_examples=12)
@given(mondays, st.data())
def test_a_proposal_keeps_what_was_announced_and_no_vehicle_is_in_two_places(first: date, data: st.DataObject) -> None:
    announced = [each for number in range(WEEKS) for each in plans_for(first + number * WEEK, WEEKLY, FLEET)]
    kept = data.draw(st.lists(st.sampled_from(announced), unique=True, max_size=30))
    proposal = propose(DISTRICTS, times(first), kept, {}, FLEET)
    together = [*kept, *proposal]
    assert len(set(together)) == len(together)
    for number, one in enumerate(together):
        assert cannot_follow(one, together[:number], FLEET) is None
    assert len(together) >= len(times(first)) - 2, "the time of the vehicles is used"


def test_a_proposal_uses_no_place_without_a_permission() -> None:
    permits_end = date(2026, 12, 20)
    places = {key: replace(place, permit_until=permits_end) for key, place in PLACES.items()}
    proposal = propose(DISTRICTS, times(FIRST), [], {}, replace(FLEET, places=places))
    assert max(day for day, _ in visits(proposal)) <= permits_end
