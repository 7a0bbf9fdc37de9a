"""A vehicle breaks down: what becomes of its stops is proposed, and announced with one confirmation."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobile_office.fleet.domain import Fleet, Plan, cannot_follow, with_vehicle
from services.mobile_office.fleet.queries import load_fleet, lock_vehicles
from services.mobile_office.tours import facts
from services.mobile_office.tours.breakdown import Answer, Decision, propose
from services.mobile_office.tours.changes import check_minutes
from services.mobile_office.tours.domain import Stop, StopStatus, cancelled, delayed, plan_of, state_of
from services.mobile_office.tours.publishing import announce
from services.mobile_office.tours.queries import load_announced, load_booked, load_elsewhere, lock_stops
from services.mobile_office.tours.reasons import Reason
from services.mobile_office.tours.refusals import AnswerMissing, DelayUnfit, OthersVehicle, VehicleElsewhere
from services.mobile_office.tours.usecases import save_plan
from shared.act import Act
from shared.events.mobile_office import StopFact
from shared.statements import Statement

BROKEN_DOWN = "breakdown"
"""What the audit log calls this deed."""
HORIZON = timedelta(days=7)
"""How far ahead the stops of a broken vehicle are looked at."""

_BROKEN = Statement("""
    insert into breakdowns (id, vehicle, from_time, reason, recorded_at)
    values (:id, :vehicle, :from_time, :reason, :now) on conflict do nothing
""")


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A vehicle does not drive from a moment on; `id` is the caller's choice."""

    id: UUID
    vehicle: str
    from_time: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Concerned:
    """A stop of the broken vehicle, how many people have an appointment there, and what is proposed."""

    stop: Stop
    people: int
    proposal: Answer


async def load_concerned(act: Act, vehicle: str, from_time: datetime) -> list[Concerned]:
    """The announced stops a vehicle still has within a week, in order of time, each with a proposal.

    Args:
        from_time: from when on the vehicle does not drive; stops that are over by now do not count.
    """
    stops = await _stops_of(act, vehicle, from_time)
    fleet = await load_fleet(act.conn, act.tools.city)
    elsewhere = await load_elsewhere(act.conn, from_time, from_time + HORIZON, [stop.id for stop in stops])
    proposals = propose(stops, elsewhere, fleet)
    booked = await load_booked(act.conn, [stop.id for stop in stops])
    return [Concerned(stop, booked.get(stop.id, 0), proposals[stop.id]) for stop in stops]


async def break_down(act: Act, breakdown: Breakdown, answers: Mapping[UUID, Answer]) -> None:
    """Announce what becomes of stops whose vehicle has broken down, all at once; sent again it changes nothing.

    Args:
        answers: of each stop that is concerned; the stops that are not named stay as they are.

    Raises:
        AnswerMissing: nothing is said of any stop, or there is no such vehicle.
        OthersVehicle: a stop is not one of the vehicle, or no longer.
        DelayUnfit
        VehicleElsewhere: the vehicle that is to come instead is at another stop then.
    """
    fleet = await load_fleet(act.conn, act.tools.city)
    if not answers or breakdown.vehicle not in fleet.vehicles:
        raise AnswerMissing
    values = {**asdict(breakdown), "reason": breakdown.reason.words, "now": act.now}
    if not await _BROKEN.run(act.conn, values):
        return
    await lock_vehicles(act.conn)
    await lock_stops(act.conn, answers)
    stops = {stop.id: stop for stop in await _stops_of(act, breakdown.vehicle, breakdown.from_time)}
    if not answers.keys() <= stops.keys():
        raise OthersVehicle
    told: list[StopFact] = []
    for stop in stops.values():
        answer = answers.get(stop.id)
        if answer and answer.decision is Decision.REPLACE:
            plan = _with_other_vehicle(stop, answer, fleet)
            await _replan(act.conn, stop.id, plan, fleet)
            told.append(facts.rescheduled(stop, state_of(plan, fleet), breakdown.reason))
        elif answer:
            told.append(_late_or_cancelled(stop, answer, breakdown.reason))
    await announce(act, told)
    counts = Counter(answer.decision.value for answer in answers.values())
    await act.note(BROKEN_DOWN, matter=breakdown.id, vehicle=breakdown.vehicle, stops=dict(counts))


async def _stops_of(act: Act, vehicle: str, from_time: datetime) -> list[Stop]:
    announced = await load_announced(act.conn, max(from_time, act.now), from_time + HORIZON)
    return [
        stop
        for stop in announced
        if stop.status is StopStatus.SCHEDULED and stop.announced and stop.announced.vehicle.key == vehicle
    ]


def _late_or_cancelled(stop: Stop, answer: Answer, reason: Reason) -> StopFact:
    assert stop.announced is not None, "it is scheduled"
    if answer.decision is Decision.CANCEL:
        return facts.cancelled(stop, cancelled(stop.announced, reason))
    check_minutes(answer.minutes)
    if not answer.minutes:
        raise DelayUnfit
    return facts.delayed(stop, delayed(stop.announced, answer.minutes, reason))


def _with_other_vehicle(stop: Stop, answer: Answer, fleet: Fleet) -> Plan:
    assert stop.announced is not None, "it is scheduled"
    other_vehicle = answer.vehicle or ""
    if other_vehicle not in fleet.vehicles or other_vehicle == stop.announced.vehicle.key:
        raise AnswerMissing
    return with_vehicle(plan_of(stop.announced), other_vehicle, fleet)


async def _replan(conn: AsyncConnection, id: UUID, plan: Plan, fleet: Fleet) -> None:
    if other := cannot_follow(plan, await load_elsewhere(conn, plan.arrives_at, plan.departs_at, [id]), fleet):
        raise VehicleElsewhere(other, fleet)
    await save_plan(conn, id, plan)
