"""Planning a week and publishing it as a whole.

Every change of a week's plan raises the week's version, and comes with the version it was made on: of two planners who
change the same week at once the second sees what the first did. Nothing of it is told before the week is published.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID, uuid4

from asyncpg import ExclusionViolationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobile_office.fleet.domain import Fleet
from services.mobile_office.fleet.queries import load_fleet
from services.mobile_office.tours import facts
from services.mobile_office.tours.domain import (
    Change,
    Plan,
    Status,
    Stop,
    Warning,
    cancelled,
    cannot_follow,
    fingerprint,
    plan_of,
    plans_for,
    state_of,
    warnings,
)
from services.mobile_office.tours.queries import (
    load_booked,
    load_elsewhere,
    load_last_visits,
    load_stops,
    load_week,
    load_weekly_plan,
)
from services.mobile_office.tours.refusals import (
    PreviewOutdated,
    ReasonMissing,
    StopOver,
    TooManyCounters,
    UnknownPlan,
    VehicleElsewhere,
    WeekChanged,
)
from shared.audit import note
from shared.auth import Caller
from shared.clock import BERLIN
from shared.events.mobile_office import StopFact
from shared.problems import NotFound
from shared.recurrence import WEEK, monday_of
from shared.service import Service

PLANNED = "week-planned"
STOP_PLANNED = "stop-planned"
STOP_DROPPED = "stop-dropped"
PUBLISHED = "week-published"
"""What the audit log calls these deeds."""

_NEW_WEEK = text("insert into weeks (monday, version) values (:monday, 1) on conflict do nothing returning monday")
_RAISE = text("""
    update weeks set version = version + 1 where monday = :monday and version = :version returning version
""")
_PUBLISHED = text("update weeks set version = version + 1, published_at = :now where monday = :monday")
_INSERT = text("""
    insert into stops (id, week, status, vehicle, place, arrives_at, departs_at, counters)
    values (:id, :week, 'planned', :vehicle, :place, :arrives_at, :departs_at, :counters)
""")
_REPLAN = text("""
    update stops set vehicle = :vehicle, place = :place, arrives_at = :arrives_at, departs_at = :departs_at,
           counters = :counters, dropped = false
    where id = :id
""")
_DROP = text("update stops set dropped = true where id = :id")
_FORGET = text("delete from stops where id = :id")
_ANNOUNCE = text("""
    update stops set version = :version, status = :status, announced = cast(:announced as jsonb), dropped = false
    where id = :id
""")


@dataclass(frozen=True, slots=True)
class Preview:
    """What publishing a week would announce; `version` is the same as long as the plan and who is booked are.

    `booked` says how many people have an appointment at each stop that changes or is dropped.
    """

    monday: date
    version: str
    stops: tuple[Stop, ...]
    booked: dict[UUID, int]
    warnings: tuple[Warning, ...]

    @property
    def counts(self) -> Counter[Change]:
        """How many stops are new, changed and dropped."""
        return Counter(stop.change for stop in self.stops if stop.change)

    @property
    def concerns_announced(self) -> bool:
        """Whether stops change that people know of."""
        return any(stop.change in (Change.CHANGED, Change.DROPPED) for stop in self.stops)

    @property
    def people(self) -> int:
        """How many people have an appointment at a stop that changes."""
        return sum(self.booked.values())


async def plan_week(conn: AsyncConnection, service: Service, who: Caller, monday: date, now: datetime) -> None:
    """Plan a week as the weekly plan has it; a week that is planned already stays as it is.

    A stop of the weekly plan that cannot be, because the vehicle is elsewhere, is left out.

    Raises:
        UnknownPlan: not a Monday, or a week that is over.
    """
    if monday.weekday() or monday + WEEK <= now.astimezone(BERLIN).date():
        raise UnknownPlan
    if (await conn.execute(_NEW_WEEK, {"monday": monday})).one_or_none() is None:
        return
    fleet = await load_fleet(conn, service.city)
    there = await load_elsewhere(conn, _midnight(monday), _midnight(monday + WEEK))
    count = 0
    for plan in plans_for(monday, await load_weekly_plan(conn), fleet):
        if plan.arrives_at > now and cannot_follow(plan, there, fleet) is None:
            await conn.execute(_INSERT, _row(uuid4(), plan) | {"week": monday})
            there.append(plan)
            count += 1
    await note(conn, who, PLANNED, now, week=monday.isoformat(), stops=count)


async def put_stop(
    conn: AsyncConnection,
    service: Service,
    who: Caller,
    monday: date,
    version: int,
    id: UUID,
    plan: Plan,
    now: datetime,
) -> None:
    """Put a stop into a week's plan, or replan one.

    Args:
        version: of the week, as it was shown.
        id: of the stop; a new one is the caller's choice.

    Raises:
        NotFound: the week is not planned.
        WeekChanged: somebody changed it meanwhile.
        UnknownPlan, TooManyCounters, VehicleElsewhere
        StopOver: it was cancelled, or is over.
    """
    fleet = await load_fleet(conn, service.city)
    _check(plan, monday, fleet, now)
    stops = await _open_week(conn, monday, version)
    known = stops.get(id)
    if known:
        _check_to_come(known, now)
    if other := cannot_follow(plan, await load_elsewhere(conn, plan.arrives_at, plan.departs_at, [id]), fleet):
        raise VehicleElsewhere(other, fleet)
    await _save_plan(conn, id, plan, None if known else monday)
    await note(conn, who, STOP_PLANNED, now, matter=id, place=plan.place)


async def drop_stop(
    conn: AsyncConnection, service: Service, who: Caller, monday: date, version: int, id: UUID, now: datetime
) -> None:
    """Take a stop out of a week's plan; one that is announced is called off when the week is published.

    Raises:
        NotFound: no such week or stop.
        WeekChanged, StopOver
    """
    known = (await _open_week(conn, monday, version)).get(id)
    if known is None:
        raise NotFound
    _check_to_come(known, now)
    await conn.execute(_FORGET if known.status is Status.PLANNED else _DROP, {"id": id})
    await note(conn, who, STOP_DROPPED, now, matter=id, place=known.plan.place)


async def load_preview(conn: AsyncConnection, service: Service, monday: date, for_update: bool = False) -> Preview:
    """What publishing a week would announce now.

    Raises:
        NotFound: the week is not planned.
    """
    week = await load_week(conn, monday)
    if week is None:
        raise NotFound
    fleet = await load_fleet(conn, service.city)
    stops = await load_stops(conn, monday, for_update)
    booked = await load_booked(conn, [stop.id for stop in stops if stop.change])
    visits = await load_last_visits(conn, _midnight(monday + WEEK))
    quarters = {each.number: [known.number for known in each.quarters] for each in service.city.districts}
    found = warnings(stops, fleet, quarters, visits)
    return Preview(monday, fingerprint(week.version, stops, booked), tuple(stops), booked, tuple(found))


async def publish(
    conn: AsyncConnection,
    service: Service,
    who: Caller,
    monday: date,
    preview: str,
    now: datetime,
    reason: str | None = None,
) -> Preview:
    """Announce a week as it is planned: what is new, what changed, what does not take place.

    Published again with nothing new, nothing happens.

    Args:
        preview: the version of the preview that was looked at.
        reason: why announced stops change, in the city's words.

    Raises:
        NotFound: the week is not planned.
        PreviewOutdated: the plan, or who is booked, is another than was looked at.
        ReasonMissing: announced stops change, and nobody says why.
    """
    await conn.execute(text("select from weeks where monday = :monday for update"), {"monday": monday})
    shown = await load_preview(conn, service, monday, for_update=True)
    if not shown.counts:
        return shown
    if shown.version != preview:
        raise PreviewOutdated
    if reason is None and shown.concerns_announced:
        raise ReasonMissing
    fleet = await load_fleet(conn, service.city)
    for stop in shown.stops:
        if stop.change:
            await announce(conn, service, stop, _fact(stop, fleet, reason))
    await conn.execute(_PUBLISHED, {"monday": monday, "now": now})
    counts = {change.value: count for change, count in shown.counts.items()}
    await note(conn, who, PUBLISHED, now, week=monday.isoformat(), **counts)
    return shown


async def announce(
    conn: AsyncConnection, service: Service, stop: Stop, fact: StopFact, cause: UUID | None = None
) -> UUID:
    """Save a stop as a fact says it is now, and record the fact; returns its event id."""
    plan = plan_of(fact.stop)
    if plan != stop.plan:
        await _save_plan(conn, stop.id, plan, None)
    values = {"id": stop.id, "version": fact.version, "status": fact.stop.status}
    await conn.execute(_ANNOUNCE, values | {"announced": fact.stop.model_dump_json()})
    return await service.outbox.record(conn, fact, cause)


def _fact(stop: Stop, fleet: Fleet, reason: str | None) -> StopFact:
    if stop.change is Change.DROPPED:
        assert stop.announced is not None, "it was announced"
        return facts.cancelled(stop, cancelled(stop.announced, reason or ""))
    state = state_of(stop.plan, fleet)
    return facts.scheduled(stop, state) if stop.change is Change.NEW else facts.rescheduled(stop, state, reason)


async def _open_week(conn: AsyncConnection, monday: date, version: int) -> dict[UUID, Stop]:
    """The stops of a week that is about to change; of two who try on one version, the second fails."""
    if (await conn.execute(_RAISE, {"monday": monday, "version": version})).one_or_none() is None:
        raise WeekChanged if await load_week(conn, monday) else NotFound
    return {stop.id: stop for stop in await load_stops(conn, monday, for_update=True)}


async def _save_plan(conn: AsyncConnection, id: UUID, plan: Plan, new_in: date | None) -> None:
    statement, values = (_REPLAN, _row(id, plan)) if new_in is None else (_INSERT, _row(id, plan) | {"week": new_in})
    try:
        await conn.execute(statement, values)
    except DBAPIError as error:
        if isinstance(error.orig, Exception) and isinstance(error.orig.__cause__, ExclusionViolationError):
            raise VehicleElsewhere from error
        raise


def _row(id: UUID, plan: Plan) -> dict[str, object]:
    return {
        "id": id,
        "vehicle": plan.vehicle,
        "place": plan.place,
        "arrives_at": plan.arrives_at,
        "departs_at": plan.departs_at,
        "counters": plan.counters,
    }


def _check(plan: Plan, monday: date, fleet: Fleet, now: datetime) -> None:
    arrives, departs = plan.arrives_at.astimezone(BERLIN), plan.departs_at.astimezone(BERLIN)
    if plan.vehicle not in fleet.vehicles or plan.place not in fleet.places:
        raise UnknownPlan
    if (
        monday_of(arrives.date()) != monday
        or arrives.date() != departs.date()
        or not now < plan.arrives_at < plan.departs_at
    ):
        raise UnknownPlan
    if not 0 < plan.counters <= fleet.vehicles[plan.vehicle].counters:
        raise TooManyCounters


def _check_to_come(stop: Stop, now: datetime) -> None:
    if stop.status is Status.CANCELLED or stop.plan.departs_at <= now:
        raise StopOver


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), BERLIN)
