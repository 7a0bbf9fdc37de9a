"""Planning a week.

Every change of a week's plan raises the week's version, and comes with the version it was made on: of two planners who
change the same week at once the second sees what the first did. Nothing of it is told before the week is published.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from asyncpg import ExclusionViolationError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobile_office.fleet.domain import Fleet, Plan, cannot_follow
from services.mobile_office.fleet.queries import load_fleet, lock_vehicles
from services.mobile_office.locks import Lock
from services.mobile_office.tours.domain import Stop, StopStatus
from services.mobile_office.tours.queries import find_stop, load_elsewhere, load_stops, load_week
from services.mobile_office.tours.refusals import StopOver, TooManyCounters, UnknownPlan, VehicleElsewhere, WeekChanged
from services.mobile_office.weekly.domain import plans_for
from services.mobile_office.weekly.queries import load_weekly_plan
from shared.act import Act
from shared.clock import BERLIN
from shared.locks import note_lock
from shared.problems import NotFound
from shared.recurrence import WEEK, monday_of
from shared.statements import Statement

PLANNED = "week-planned"
STOP_PLANNED = "stop-planned"
STOP_DROPPED = "stop-dropped"
"""What the audit log calls these deeds."""

AHEAD = timedelta(weeks=52)
"""How far ahead a week can be planned."""

_NEW_WEEK = Statement("insert into weeks (monday, version) values (:monday, 1) on conflict do nothing")
_RAISE = Statement("""
    update weeks set version = version + 1
    where monday = :monday and version = coalesce(cast(:version as integer), version)
""")
_INSERT = Statement("""
    insert into stops (id, week, status, vehicle, place, arrives_at, departs_at, counters)
    values (:id, :week, 'planned', :vehicle, :place, :arrives_at, :departs_at, :counters)
""")
_REPLAN = Statement("""
    update stops set vehicle = :vehicle, place = :place, arrives_at = :arrives_at, departs_at = :departs_at,
           counters = :counters, dropped = false
    where id = :id
""")
_DROP = Statement("update stops set dropped = true where id = :id")
_FORGET = Statement("delete from stops where id = :id")
_FORGET_PLANNED = Statement("delete from stops where week = :monday and status = 'planned'")


class SeenWeek(NamedTuple):
    """A week as somebody saw it before changing its plan."""

    monday: date
    version: int


async def plan_week(act: Act, monday: date) -> None:
    """Plan a week as the weekly plan has it; a week that is planned already stays as it is.

    Public holidays are left out, and so is a stop that cannot be because the vehicle is elsewhere.

    Raises:
        UnknownPlan: not a Monday, a week that is over, or one more than a year ahead.
    """
    if await _begin_week(act, monday):
        await lock_vehicles(act.conn)
        fleet = await load_fleet(act.conn, act.tools.city)
        plans = plans_for(monday, await load_weekly_plan(act.conn), fleet)
        await _fill_week(act, monday, plans)


async def replace_plans(act: Act, plans: Mapping[date, Sequence[Plan]]) -> None:
    """Plan weeks anew; the stops people know of stay as they are.

    Args:
        plans: what each week is to have, by its Monday.

    Raises:
        UnknownPlan: as `plan_week`.
    """
    for monday in sorted(plans):
        if not await _begin_week(act, monday):
            await _RAISE.run(act.conn, {"monday": monday, "version": None})
    await lock_vehicles(act.conn)
    for monday in sorted(plans):
        note_lock(act.conn, Lock.STOPS)
        await _FORGET_PLANNED.run(act.conn, {"monday": monday})
        await _fill_week(act, monday, plans[monday])


async def put_stop(act: Act, seen: SeenWeek, id: UUID, plan: Plan) -> None:
    """Put a stop into a week's plan, or replan one; sent again it changes nothing.

    Args:
        id: of the stop; a new one is the caller's choice.

    Raises:
        NotFound: the week is not planned, or the stop is of another one.
        WeekChanged: somebody changed it meanwhile.
        UnknownPlan, TooManyCounters, VehicleElsewhere
        StopOver: it was cancelled, or is over.
    """
    known = await find_stop(act.conn, id)
    if known and known.week == seen.monday and known.plan == plan and known.takes_place:
        return
    stops = await _open_week(act.conn, seen)
    if known and id not in stops:
        raise NotFound
    if id in stops:
        _check_to_come(stops[id], act.now)
    fleet = await load_fleet(act.conn, act.tools.city)
    if plan.arrives_at <= act.now:
        raise UnknownPlan
    _check(plan, seen.monday, fleet)
    if other := cannot_follow(plan, await load_elsewhere(act.conn, plan.arrives_at, plan.departs_at, [id]), fleet):
        raise VehicleElsewhere(other, fleet)
    await save_plan(act.conn, id, plan, None if id in stops else seen.monday)
    await act.note(STOP_PLANNED, matter=id, place=plan.place)


async def drop_stop(act: Act, seen: SeenWeek, id: UUID) -> None:
    """Take a stop out of a week's plan; one that is announced is called off when the week is published.

    Sent again it changes nothing.

    Raises:
        NotFound: no such week, or the stop is of another one.
        WeekChanged, StopOver
    """
    found = await find_stop(act.conn, id)
    if found is None and await load_week(act.conn, seen.monday):
        return
    if found and found.week == seen.monday and found.dropped:
        return
    known = (await _open_week(act.conn, seen)).get(id)
    if known is None:
        raise NotFound
    _check_to_come(known, act.now)
    await (_FORGET if known.status is StopStatus.PLANNED else _DROP).run(act.conn, {"id": id})
    await act.note(STOP_DROPPED, matter=id, place=known.plan.place)


async def save_plan(conn: AsyncConnection, id: UUID, plan: Plan, new_in: date | None = None) -> None:
    """Save where a stop is planned, one of the plan or a new one of a week.

    Raises:
        VehicleElsewhere: the database has the vehicle elsewhere.
    """
    statement, values = (_REPLAN, _row(id, plan)) if new_in is None else (_INSERT, _row(id, plan) | {"week": new_in})
    try:
        await statement.run(conn, values)
    except ExclusionViolationError as error:
        raise VehicleElsewhere from error


def midnight(day: date) -> datetime:
    """When a day begins in the city."""
    return datetime.combine(day, time(), BERLIN)


async def _begin_week(act: Act, monday: date) -> bool:
    """Whether the week was not planned yet; then it is now, and nobody else plans it."""
    this_week = monday_of(act.today)
    if monday.weekday() or not this_week <= monday <= this_week + AHEAD:
        raise UnknownPlan
    note_lock(act.conn, Lock.WEEK)
    return await _NEW_WEEK.run(act.conn, {"monday": monday}) == 1


async def _fill_week(act: Act, monday: date, plans: Sequence[Plan]) -> None:
    fleet = await load_fleet(act.conn, act.tools.city)
    there = await load_elsewhere(act.conn, midnight(monday), midnight(monday + WEEK))
    rows = []
    for plan in plans:
        if plan.arrives_at > act.now and cannot_follow(plan, there, fleet) is None:
            rows.append(_row(uuid4(), plan) | {"week": monday})
            there.append(plan)
    await _INSERT.run_each(act.conn, rows)
    await act.note(PLANNED, week=monday.isoformat(), stops=len(rows))


async def _open_week(conn: AsyncConnection, seen: SeenWeek) -> dict[UUID, Stop]:
    """The stops of a week that is about to change; of two who try on one version, the second fails."""
    note_lock(conn, Lock.WEEK)
    if not await _RAISE.run(conn, seen._asdict()):
        raise WeekChanged if await load_week(conn, seen.monday) else NotFound
    await lock_vehicles(conn)
    return {stop.id: stop for stop in await load_stops(conn, seen.monday, for_update=True)}


def _row(id: UUID, plan: Plan) -> dict[str, object]:
    return {
        "id": id,
        "vehicle": plan.vehicle,
        "place": plan.place,
        "arrives_at": plan.arrives_at,
        "departs_at": plan.departs_at,
        "counters": plan.counters,
    }


def _check(plan: Plan, monday: date, fleet: Fleet) -> None:
    arrives, departs = plan.arrives_at.astimezone(BERLIN), plan.departs_at.astimezone(BERLIN)
    if plan.vehicle not in fleet.vehicles or plan.place not in fleet.places:
        raise UnknownPlan
    if monday_of(arrives.date()) != monday or arrives.date() != departs.date() or not plan.arrives_at < plan.departs_at:
        raise UnknownPlan
    if not 0 < plan.counters <= fleet.vehicles[plan.vehicle].counters:
        raise TooManyCounters


def _check_to_come(stop: Stop, now: datetime) -> None:
    if stop.status is StopStatus.CANCELLED or stop.plan.departs_at <= now:
        raise StopOver
