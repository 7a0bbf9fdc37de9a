"""Rules of fair planning: how often each Ortsteil was visited, and a proposal for the next weeks.

Every Stadtbezirk gets a stop each week, every Ortsteil at least one in the whole time, and what is left goes where
residents have had the least.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from services.mobile_office.fleet.domain import Fleet, Place, Plan, cannot_follow
from shared.clock import BERLIN
from shared.recurrence import WEEK, monday_of

WEEKS = 8
"""How many weeks are looked back on, and proposed."""
PER = 10_000


@dataclass(frozen=True, slots=True)
class District:
    """A Stadtbezirk with its Ortsteile, by number; `residents` is None where nobody knows."""

    number: int
    quarters: tuple[int, ...]
    residents: int | None


@dataclass(frozen=True, slots=True)
class Fairness:
    """How fair some weeks are.

    `visits` is the number of stops per quarter, `per_residents` that per 10,000 residents of each district; `spread`
    the largest of those divided by the smallest, None if a district has none. `longest_gap` is the longest time in
    weeks a quarter waits from one stop to the next, the edges of the time included; `left_out` are the quarters without
    any, `missed` counts per district the weeks without a stop.
    """

    visits: Mapping[int, int]
    per_residents: Mapping[int, float]
    spread: float | None
    longest_gap: int
    left_out: tuple[int, ...]
    missed: Mapping[int, int]


def propose(
    districts: Sequence[District],
    times: Sequence[Plan],
    kept: Iterable[Plan],
    last_visits: Mapping[int, date],
    fleet: Fleet,
) -> list[Plan]:
    """Stops for the times vehicles have, besides those that are kept.

    Args:
        times: when vehicles could stand somewhere, of all the weeks that are to be planned; their places do not count.
        kept: stops of these weeks, or next to them, that stay as they are.
        last_visits: per quarter the last day with a stop before these weeks.

    Returns:
        In order of time. With fewer times in a week than districts, those come first whose residents have had least.
    """
    state = _Visits(districts, {monday_of(_day(time)) for time in times}, last_visits, fleet)
    for plan in kept:
        state.add(plan)
    found = []
    for time in sorted(times, key=lambda each: (each.arrives_at, each.vehicle)):
        choices = [
            (state.urgency(place, time), place.key, replace(time, place=place.key))
            for place in fleet.places.values()
            if place.quarter in state.district_of and place.may_be_used_on(_day(time))
        ]
        for _, _, plan in sorted(choices, key=lambda each: each[:2]):
            if cannot_follow(plan, state.taken, fleet) is None:
                state.add(plan)
                found.append(plan)
                break
    return found


class _Visits:
    """What is planned so far, and where the next stop is needed most."""

    def __init__(
        self,
        districts: Sequence[District],
        mondays: Iterable[date],
        last_visits: Mapping[int, date],
        fleet: Fleet,
    ) -> None:
        self.district_of = {quarter: each for each in districts for quarter in each.quarters}
        self.taken: list[Plan] = []
        self._fleet = fleet
        self._last = dict(last_visits)
        self._weeks = sorted(mondays)
        self._in_week: Counter[tuple[date, int]] = Counter()
        self._of_district: Counter[int] = Counter()
        self._visited: Counter[int] = Counter()

    def add(self, plan: Plan) -> None:
        """A stop is planned."""
        self.taken.append(plan)
        day, quarter = _day(plan), self._fleet.places[plan.place].quarter
        if quarter in self.district_of and monday_of(day) in self._weeks:
            district = self.district_of[quarter].number
            self._in_week[monday_of(day), district] += 1
            self._of_district[district] += 1
            self._visited[quarter] += 1
            self._last[quarter] = max(day, self._last.get(quarter, day))

    def urgency(self, place: Place, time: Plan) -> tuple[object, ...]:
        """The smaller, the more a place needs that time."""
        week, district = monday_of(_day(time)), self.district_of[place.quarter]
        to_come = [each for each in self._weeks if each > week and not self._in_week[each, district.number]]
        unvisited = sum(not self._visited[quarter] for quarter in district.quarters)
        return (
            self._in_week[week, district.number] > 0,
            unvisited <= len(to_come),
            self._of_district[district.number] / (district.residents or PER),
            district.number,
            self._visited[place.quarter] > 0,
            self._last.get(place.quarter, date.min),
        )


def assess(districts: Sequence[District], visits: Iterable[tuple[date, int]], first: date) -> Fairness:
    """How fair eight weeks are.

    Args:
        visits: the day and the quarter of each stop, also of others weeks.
        first: the Monday to begin with.
    """
    end = first + WEEKS * WEEK
    days: dict[int, list[date]] = {quarter: [] for each in districts for quarter in each.quarters}
    for day, quarter in visits:
        if first <= day < end and quarter in days:
            days[quarter].append(monday_of(day))
    counts = {each.number: sum(len(days[quarter]) for quarter in each.quarters) for each in districts}
    rates = {each.number: counts[each.number] * PER / each.residents for each in districts if each.residents}
    smallest = min(rates.values(), default=0)
    gaps = [
        (later - earlier) // WEEK
        for mondays in days.values()
        for earlier, later in pairwise([first - timedelta(weeks=1), *sorted(mondays), end])
    ]
    return Fairness(
        visits={quarter: len(mondays) for quarter, mondays in days.items()},
        per_residents=rates,
        spread=max(rates.values()) / smallest if smallest else None,
        longest_gap=max(gaps, default=0),
        left_out=tuple(quarter for quarter, mondays in days.items() if not mondays),
        missed={
            each.number: WEEKS - len({monday for quarter in each.quarters for monday in days[quarter]})
            for each in districts
        },
    )


def _day(plan: Plan) -> date:
    return plan.arrives_at.astimezone(BERLIN).date()
