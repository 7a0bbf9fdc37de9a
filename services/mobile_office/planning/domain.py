"""Rules of fair planning: who was visited how often, and a proposal for the next weeks.

Every Stadtbezirk gets a stop each week, every Ortsteil at least one in the whole time, and what is left goes where
residents have had the least.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from shared.recurrence import WEEK

WEEKS = 8
PER = 10_000


@dataclass(frozen=True, slots=True)
class District:
    """A Stadtbezirk with its Ortsteile, by number; `residents` is None where nobody knows."""

    number: int
    quarters: tuple[int, ...]
    residents: int | None


@dataclass(frozen=True, slots=True)
class Visit:
    """A stop in a quarter, in the week of a Monday; `announced` ones are kept as they are."""

    monday: date
    quarter: int
    announced: bool = False


@dataclass(frozen=True, slots=True)
class Fairness:
    """How fair some weeks are.

    `per_residents` is the number of stops per 10,000 residents of each district; `spread` the largest of those divided
    by the smallest, None if a district has none. `longest_gap` is the longest time in weeks a quarter waits from one
    stop to the next, the edges of the time included; `left_out` are the quarters without any.
    """

    per_residents: Mapping[int, float]
    spread: float | None
    longest_gap: int
    left_out: tuple[int, ...]


def propose(
    districts: Sequence[District], announced: Iterable[Visit], first: date, per_week: int, weeks: int = WEEKS
) -> list[Visit]:
    """Stops for some weeks: those announced, unchanged, and as many more as there is time for.

    Args:
        announced: stops that people know of, in these weeks or before.
        first: the Monday to begin with.
        per_week: how many stops a week has time for.

    Returns:
        In order of weeks; fewer districts than one has stops are served each week if `per_week` is too small for all.
    """
    mondays = [first + n * WEEK for n in range(weeks)]
    before = sorted(announced, key=lambda each: each.monday)
    planned = [each for each in before if each.monday in mondays]
    last = {visit.quarter: visit.monday for visit in before if visit.monday < first}
    district_of = {quarter: each for each in districts for quarter in each.quarters}
    turns = _turns(districts, planned, district_of, mondays, per_week)
    for monday in mondays:
        fixed = [visit.quarter for visit in planned if visit.monday == monday]
        last |= dict.fromkeys(fixed, monday)
        there = Counter(district_of[quarter].number for quarter in fixed if quarter in district_of)
        for district in districts:
            for _ in range(turns[monday][district.number] - there[district.number]):
                quarter = min(district.quarters, key=lambda each: (last.get(each, date.min), each))
                planned.append(Visit(monday, quarter))
                last[quarter] = monday
    return sorted(planned, key=lambda each: (each.monday, each.quarter))


def assess(districts: Sequence[District], visits: Iterable[Visit], first: date, weeks: int = WEEKS) -> Fairness:
    """How fair some weeks are."""
    end = first + weeks * WEEK
    days: dict[int, list[date]] = {quarter: [] for each in districts for quarter in each.quarters}
    for visit in visits:
        if first <= visit.monday < end and visit.quarter in days:
            days[visit.quarter].append(visit.monday)
    counts = {each.number: sum(len(days[quarter]) for quarter in each.quarters) for each in districts}
    rates = {each.number: counts[each.number] * PER / each.residents for each in districts if each.residents}
    smallest = min(rates.values(), default=0)
    gaps = [
        (later - earlier) // WEEK
        for mondays in days.values()
        for earlier, later in _pairs([first - timedelta(weeks=1), *sorted(mondays), end])
    ]
    return Fairness(
        per_residents=rates,
        spread=max(rates.values()) / smallest if smallest else None,
        longest_gap=max(gaps, default=0),
        left_out=tuple(quarter for quarter, mondays in days.items() if not mondays),
    )


def _turns(
    districts: Sequence[District],
    planned: Iterable[Visit],
    district_of: Mapping[int, District],
    mondays: Sequence[date],
    per_week: int,
) -> dict[date, Counter[int]]:
    """How many stops each district has in each week: one, and more by turns where its residents have had least."""
    turns = {monday: Counter({each.number: 1 for each in districts[: max(0, per_week)]}) for monday in mondays}
    fixed = {monday: Counter[int]() for monday in mondays}
    for visit in planned:
        if visit.quarter in district_of:
            fixed[visit.monday][district_of[visit.quarter].number] += 1
    for monday in mondays:
        turns[monday] |= fixed[monday]
    total = Counter[int]()
    for each in turns.values():
        total += each
    for monday in mondays:
        while turns[monday].total() < per_week:
            needs = min(
                districts,
                key=lambda each: (
                    total[each.number] >= len(each.quarters),
                    total[each.number] / (each.residents or PER),
                    turns[monday][each.number],
                    each.number,
                ),
            )
            turns[monday][needs.number] += 1
            total[needs.number] += 1
    return turns


def _pairs(moments: Sequence[date]) -> list[tuple[date, date]]:
    return list(pairwise(moments))
