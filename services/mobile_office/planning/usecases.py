"""Planning help: how fair the tours were and are going to be, a proposal, and taking it over."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from services.mobile_office.fleet.domain import Fleet, Plan
from services.mobile_office.fleet.queries import load_fleet
from services.mobile_office.planning.domain import WEEKS, District, Fairness, assess, propose
from services.mobile_office.tours.domain import Stop, StopStatus
from services.mobile_office.tours.queries import load_last_visits, load_weeks
from services.mobile_office.tours.usecases import midnight, replace_plans
from services.mobile_office.weekly.domain import WeeklyStop, plans_for, times_for
from services.mobile_office.weekly.queries import load_weekly_plan
from shared.act import Act
from shared.city import City
from shared.clock import BERLIN
from shared.problems import Problem
from shared.recurrence import WEEK, monday_of


class ProposalOutdated(Problem):
    """Something else was announced, or the weekly plan changed, since the proposal was looked at."""

    status = 409
    slug = "proposal-outdated"
    title = "The proposal is another by now; look at it and take it over again"


@dataclass(frozen=True, slots=True)
class Help:
    """What helps to plan the weeks from `first` on.

    `version` is the same as long as the proposal is. `past` says how fair the last weeks were, `planned` how fair the
    next are going to be as they are planned, those that are not yet as the weekly plan has them, `proposed` how fair
    with the proposal. `kept` are the stops people know of, which stay.
    """

    first: date
    version: str
    past: Fairness
    planned: Fairness
    proposed: Fairness
    kept: tuple[Plan, ...]
    proposal: tuple[Plan, ...]

    @property
    def mondays(self) -> list[date]:
        """The weeks of the proposal."""
        return [self.first + number * WEEK for number in range(WEEKS)]

    def of_week(self, monday: date) -> list[Plan]:
        """What is proposed for a week."""
        return [plan for plan in self.proposal if monday_of(plan.arrives_at.astimezone(BERLIN).date()) == monday]


async def load_help(act: Act) -> Help:
    """How fair the last eight weeks were, this one included, and a proposal for the next eight."""
    fleet, weekly = await load_fleet(act.conn, act.tools.city), await load_weekly_plan(act.conn)
    first = monday_of(act.today) + WEEK
    end = first + WEEKS * WEEK
    stops = await load_weeks(act.conn, first - WEEKS * WEEK, end - WEEK)
    kept = [stop.plan for stop in stops if stop.status is StopStatus.SCHEDULED and stop.takes_place]
    ahead = [first + number * WEEK for number in range(WEEKS)]
    times = [time for monday in ahead for time in times_for(monday, weekly, fleet)]
    districts = _districts(act.tools.city)
    proposal = propose(districts, times, kept, await load_last_visits(act.conn, midnight(first)), fleet)
    past = assess(districts, _visits(kept, fleet), first - WEEKS * WEEK)
    planned = assess(districts, _visits(_planned(stops, ahead, weekly, fleet), fleet), first)
    proposed = assess(districts, _visits([*kept, *proposal], fleet), first)
    coming = tuple(plan for plan in kept if plan.arrives_at >= midnight(first))
    version = sha256(repr((coming, proposal)).encode()).hexdigest()[:20]
    return Help(first, version, past, planned, proposed, coming, tuple(proposal))


async def take_over(act: Act, version: str, mondays: Collection[date]) -> list[date]:
    """Plan some weeks as proposed: what was only planned of them goes, what people know of stays.

    Args:
        version: of the proposal that was looked at.
        mondays: the weeks; others than those of the proposal are left alone.

    Returns:
        The weeks that are planned anew.

    Raises:
        ProposalOutdated: it is another by now.
    """
    found = await load_help(act)
    if found.version != version:
        raise ProposalOutdated
    chosen = [monday for monday in found.mondays if monday in mondays]
    await replace_plans(act, {monday: found.of_week(monday) for monday in chosen})
    return chosen


def _planned(stops: Sequence[Stop], ahead: Sequence[date], weekly: Sequence[WeeklyStop], fleet: Fleet) -> list[Plan]:
    weeks = {stop.week for stop in stops}
    there = [stop.plan for stop in stops if stop.takes_place]
    return there + [plan for monday in ahead if monday not in weeks for plan in plans_for(monday, weekly, fleet)]


def _visits(plans: Iterable[Plan], fleet: Fleet) -> list[tuple[date, int]]:
    return [(plan.arrives_at.astimezone(BERLIN).date(), fleet.places[plan.place].quarter) for plan in plans]


def _districts(city: City) -> list[District]:
    return [
        District(each.number, tuple(known.number for known in each.quarters), each.residents) for each in city.districts
    ]
