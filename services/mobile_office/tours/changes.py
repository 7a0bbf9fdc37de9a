"""What happens on the way: the vehicle is late, or a stop is called off. It is announced at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.mobile_office.fleet.queries import load_fleet
from services.mobile_office.tours import facts
from services.mobile_office.tours.domain import LONGEST_DELAY, Stop, StopStatus, cancelled, delayed, made_late
from services.mobile_office.tours.publishing import announce
from services.mobile_office.tours.queries import find_stop, load_announced, load_booked, lock_stops
from services.mobile_office.tours.reasons import Reason
from services.mobile_office.tours.refusals import DelayUnfit, NotAnnounced, ReasonMissing, StopChanged, StopOver
from services.mobile_office.tours.usecases import midnight
from shared.act import Act
from shared.clock import BERLIN
from shared.events.mobile_office import StopFact
from shared.problems import NotFound

DELAYED = "stop-delayed"
CANCELLED = "stop-cancelled"
"""What the audit log calls these deeds."""
MOST_MINUTES = LONGEST_DELAY // timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Late:
    """A stop where the vehicle is so many minutes late, and how many people have an appointment there."""

    stop: Stop
    minutes: int
    people: int


@dataclass(frozen=True, slots=True)
class Delay:
    """How late the vehicle is; `version` is that of the stop as it was looked at."""

    version: int
    minutes: int


async def load_delay(act: Act, id: UUID, minutes: int) -> list[Late]:
    """What a delay of a stop concerns: that stop, and those of the vehicle's day that it then reaches late, too.

    Raises:
        NotFound, NotAnnounced, StopOver, DelayUnfit
    """
    stop = check_to_come(await find_stop(act.conn, id), act.now)
    assert stop.announced is not None
    check_minutes(minutes)
    day, vehicle = stop.announced.arrives_at.astimezone(BERLIN).date(), stop.announced.vehicle.key
    announced = await load_announced(act.conn, midnight(day), midnight(day + timedelta(days=1)))
    others = {
        each.id: each
        for each in announced
        if each.status is StopStatus.SCHEDULED and each.announced and each.announced.vehicle.key == vehicle
    }
    later = made_late(others.values(), {id: minutes}, await load_fleet(act.conn, act.tools.city))
    booked = await load_booked(act.conn, [id, *later])
    return [
        Late(each, found, booked.get(each.id, 0))
        for each, found in [(stop, minutes), *((others[key], found) for key, found in later.items())]
    ]


async def delay(act: Act, delays: Mapping[UUID, Delay], reason: Reason | None) -> None:
    """Announce that the vehicle comes later to stops than announced; 0 minutes: in time after all.

    Sent again it changes nothing.

    Args:
        reason: not needed where it is in time.

    Raises:
        NotFound, NotAnnounced, StopOver, DelayUnfit, ReasonMissing
        StopChanged: something else was announced of a stop since it was looked at.
    """
    stops = await lock_stops(act.conn, delays)
    told: list[StopFact] = []
    for id, wanted in delays.items():
        stop = check_to_come(stops.get(id), act.now)
        assert stop.announced is not None
        check_minutes(wanted.minutes)
        if wanted.minutes and reason is None:
            raise ReasonMissing
        state = delayed(stop.announced, wanted.minutes, reason)
        if state == stop.announced:
            continue
        if stop.version != wanted.version:
            raise StopChanged(stop)
        told.append(facts.delayed(stop, state))
        await act.note(DELAYED, matter=id, minutes=wanted.minutes)
    if told:
        await announce(act, told)


async def cancel(act: Act, id: UUID, reason: Reason) -> None:
    """Call an announced stop off. Called off twice, it is called off once.

    Raises:
        NotFound, NotAnnounced, StopOver
    """
    found = (await lock_stops(act.conn, [id])).get(id)
    if found and found.status is StopStatus.CANCELLED:
        return
    stop = check_to_come(found, act.now)
    assert stop.announced is not None
    await announce(act, [facts.cancelled(stop, cancelled(stop.announced, reason))])
    await act.note(CANCELLED, matter=id)


def check_minutes(minutes: int) -> None:
    """Refuse a delay that is none, or is so long that the stop does not take place."""
    if not 0 <= minutes <= MOST_MINUTES:
        raise DelayUnfit


def check_to_come(stop: Stop | None, now: datetime) -> Stop:
    """An announced stop that is not over."""
    if stop is None:
        raise NotFound
    if stop.announced is None:
        raise NotAnnounced
    if stop.status is StopStatus.CANCELLED or stop.announced.departs_at + stop.announced.delay <= now:
        raise StopOver
    return stop
