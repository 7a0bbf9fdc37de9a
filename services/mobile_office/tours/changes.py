"""What happens on the way: a delay, a stop that is called off, a breakdown. It is announced at once."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobile_office.fleet.domain import Fleet
from services.mobile_office.fleet.queries import load_fleet
from services.mobile_office.tours import facts
from services.mobile_office.tours.breakdown import Answer, Decision, propose
from services.mobile_office.tours.domain import (
    LONGEST_DELAY,
    Status,
    Stop,
    cancelled,
    cannot_follow,
    delayed,
    state_of,
    with_vehicle,
)
from services.mobile_office.tours.queries import load_elsewhere, lock_stops
from services.mobile_office.tours.refusals import AnswerMissing, DelayUnfit, NotAnnounced, StopOver, VehicleElsewhere
from services.mobile_office.tours.usecases import announce
from shared.audit import note
from shared.auth import Caller
from shared.events.mobile_office import StopFact, StopState
from shared.problems import NotFound
from shared.service import Service

DELAYED = "stop-delayed"
CANCELLED = "stop-cancelled"
BROKEN_DOWN = "breakdown"
"""What the audit log calls these deeds."""
HORIZON = timedelta(days=7)
"""How far ahead the stops of a broken vehicle are looked at."""

_STOPS_OF = text("""
    select id from stops
    where vehicle = :vehicle and status = 'scheduled' and not dropped
      and departs_at > :from_time and arrives_at < :until
""")
_BROKEN = text("""
    insert into breakdowns (id, vehicle, from_time, reason, recorded_at)
    values (:id, :vehicle, :from_time, :reason, :now) on conflict do nothing returning id
""")


async def delay(
    conn: AsyncConnection, service: Service, who: Caller, id: UUID, minutes: int, reason: str | None, now: datetime
) -> None:
    """Announce that the vehicle comes later than announced; 0 minutes: in time after all. Said twice, it is said once.

    Raises:
        NotFound, NotAnnounced, StopOver, DelayUnfit
    """
    if not 0 <= minutes <= LONGEST_DELAY // timedelta(minutes=1):
        raise DelayUnfit
    stop, known = await _to_come(conn, id, now)
    state = delayed(known, minutes, reason)
    if state != known:
        await announce(conn, service, stop, facts.delayed(stop, state))
        await note(conn, who, DELAYED, now, matter=id, minutes=minutes)


async def cancel(conn: AsyncConnection, service: Service, who: Caller, id: UUID, reason: str, now: datetime) -> None:
    """Call an announced stop off. Called off twice, it is called off once.

    Raises:
        NotFound, NotAnnounced, StopOver
    """
    stop = (await lock_stops(conn, [id])).get(id)
    if stop and stop.status is Status.CANCELLED:
        return
    stop, known = await _to_come(conn, id, now)
    await announce(conn, service, stop, facts.cancelled(stop, cancelled(known, reason)))
    await note(conn, who, CANCELLED, now, matter=id)


async def load_concerned(conn: AsyncConnection, vehicle: str, from_time: datetime) -> list[Stop]:
    """The announced stops a vehicle still has within a week, in order of time."""
    rows = await conn.execute(_STOPS_OF, {"vehicle": vehicle, "from_time": from_time, "until": from_time + HORIZON})
    stops = await lock_stops(conn, [row.id for row in rows])
    return sorted(stops.values(), key=lambda stop: stop.plan.arrives_at)


async def propose_answers(conn: AsyncConnection, service: Service, stops: list[Stop]) -> dict[UUID, Answer]:
    """What is proposed for the stops of a broken vehicle."""
    if not stops:
        return {}
    fleet = await load_fleet(conn, service.city)
    first, last = stops[0].plan.arrives_at, max(stop.plan.departs_at for stop in stops)
    elsewhere = await load_elsewhere(conn, first, last, [stop.id for stop in stops])
    return propose(stops, elsewhere, fleet)


async def break_down(
    conn: AsyncConnection,
    service: Service,
    who: Caller,
    id: UUID,
    vehicle: str,
    from_time: datetime,
    reason: str,
    answers: Mapping[UUID, Answer],
    now: datetime,
) -> None:
    """Announce what becomes of stops whose vehicle has broken down, all at once; sent again it changes nothing.

    Args:
        id: of the breakdown, the caller's choice.
        from_time: from when on the vehicle does not drive.
        answers: of each stop that is concerned; the stops that are not named stay as they are.

    Raises:
        AnswerMissing: nothing is said of any stop, or of one the vehicle does not have.
        DelayUnfit
        VehicleElsewhere: the vehicle that is to come instead is at another stop then.
    """
    if (await conn.execute(_BROKEN, _breakdown(id, vehicle, from_time, reason, now))).one_or_none() is None:
        return
    fleet = await load_fleet(conn, service.city)
    stops = {stop.id: stop for stop in await load_concerned(conn, vehicle, from_time)}
    if not answers or not answers.keys() <= stops.keys():
        raise AnswerMissing
    cause: UUID | None = None
    for stop in stops.values():
        if answer := answers.get(stop.id):
            fact = await _answered(conn, stop, answer, fleet, reason)
            event = await announce(conn, service, stop, fact, cause)
            cause = cause or event
    counts = Counter(answer.decision.value for answer in answers.values())
    await note(conn, who, BROKEN_DOWN, now, matter=id, vehicle=vehicle, **counts)


async def _answered(conn: AsyncConnection, stop: Stop, answer: Answer, fleet: Fleet, reason: str) -> StopFact:
    assert stop.announced is not None, "it is scheduled"
    if answer.decision is Decision.CANCEL:
        return facts.cancelled(stop, cancelled(stop.announced, reason))
    if answer.decision is Decision.DELAY:
        if not 0 < answer.minutes <= LONGEST_DELAY // timedelta(minutes=1):
            raise DelayUnfit
        return facts.delayed(stop, delayed(stop.announced, answer.minutes, reason))
    if answer.vehicle not in fleet.vehicles:
        raise AnswerMissing
    plan = with_vehicle(stop.plan, answer.vehicle, fleet)
    if other := cannot_follow(plan, await load_elsewhere(conn, plan.arrives_at, plan.departs_at, [stop.id]), fleet):
        raise VehicleElsewhere(other, fleet)
    return facts.rescheduled(stop, state_of(plan, fleet), reason)


def _breakdown(id: UUID, vehicle: str, from_time: datetime, reason: str, now: datetime) -> dict[str, object]:
    return {"id": id, "vehicle": vehicle, "from_time": from_time, "reason": reason, "now": now}


async def _to_come(conn: AsyncConnection, id: UUID, now: datetime) -> tuple[Stop, StopState]:
    """An announced stop that is not over, locked, and what was announced of it."""
    stop = (await lock_stops(conn, [id])).get(id)
    if stop is None:
        raise NotFound
    if stop.announced is None:
        raise NotAnnounced
    if stop.status is Status.CANCELLED or stop.announced.departs_at <= now:
        raise StopOver
    return stop, stop.announced
