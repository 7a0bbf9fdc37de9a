"""What tests of stops do: tell of them as `mobile_office` does, and look at what became of the appointments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from services.appointments.consumers import REACTIONS
from shared.act import acting
from shared.events.base import Received
from shared.events.mobile_office import (
    MobilStopCancelled,
    MobilStopDelayed,
    MobilStopRescheduled,
    MobilStopScheduled,
    StopFact,
    StopPlace,
    StopState,
    Vehicle,
)
from shared.tools import Tools
from tests.appointments.checks import assert_consistent
from tests.appointments.kit import at

MARKET = StopPlace(
    key="rumeln-markt",
    name="Marktplatz Rumeln",
    district=600,
    quarter=605,
    rhine_bank="left",
    landmark="vor der Sparkasse",
    step_free=True,
    latitude=51.39,
    longitude=6.67,
)
SCHOOL = MARKET.model_copy(update={"key": "rumeln-schule", "name": "Schulhof Rumeln", "landmark": "am Tor"})
OFFERED = ["meldebescheinigung", "familienanmeldung"]


def stop_state(arrives_at: datetime, hours: float = 2, counters: int = 2, **changes: Any) -> StopState:
    """A stop from a moment on, with a vehicle of some counters."""
    given: dict[str, Any] = {
        "status": "scheduled",
        "place": MARKET,
        "vehicle": Vehicle(key="buergermobil-1", name="Bürgermobil 1", counters=counters),
        "arrives_at": arrives_at,
        "departs_at": arrives_at + timedelta(hours=hours),
        "services": OFFERED,
    }
    return StopState(**given | changes)


@dataclass
class Stop:
    """A stop that `mobile_office` tells of; `told` is what was told. A `silent` one's facts are only kept there."""

    tools: Tools
    state: StopState
    id: UUID = field(default_factory=uuid4)
    version: int = 0
    silent: bool = False
    told: list[Received[StopFact]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Its key as a station."""
        return str(self.id)

    async def schedule(self) -> None:
        """Announce it."""
        await self._tell(MobilStopScheduled(id=self.id, version=self._next(), stop=self.state))

    async def reschedule(self, reason: str = "Baustelle", **changes: Any) -> None:
        """Announce it otherwise."""
        before, self.state = self.state, self.state.model_copy(update=changes)
        fact = MobilStopRescheduled(
            id=self.id, version=self._next(), stop=self.state, before=before, reason=reason, known_reason="planning"
        )
        await self._tell(fact)

    async def delay(self, minutes: int) -> None:
        """Let the vehicle come later."""
        why = {"reason": "Stau", "known_reason": "traffic"} if minutes else {"reason": None, "known_reason": None}
        self.state = self.state.model_copy(update={"delay_minutes": minutes, **why})
        await self._tell(MobilStopDelayed(id=self.id, version=self._next(), stop=self.state))

    async def cancel(self) -> None:
        """Call it off."""
        changes = {"status": "cancelled", "reason": "Motorschaden", "known_reason": "breakdown", "delay_minutes": 0}
        self.state = self.state.model_copy(update=changes)
        await self._tell(MobilStopCancelled(id=self.id, version=self._next(), stop=self.state))

    def _next(self) -> int:
        self.version += 1
        return self.version

    async def _tell(self, fact: StopFact) -> None:
        event = uuid4()
        received = Received(fact=fact, event_id=event, cause=event, occurred_at=self.tools.clock.now())
        self.told.append(received)
        if not self.silent:
            await tell(self.tools, [received])


async def tell(tools: Tools, facts: Sequence[Received[StopFact]]) -> None:
    """Let the service take facts, in this order."""
    for each in facts:
        async with acting(tools) as act:
            await REACTIONS[type(each.fact)](act.following(each), each)


async def a_stop(tools: Tools, hour: int = 9, days: int = 3, **changes: Any) -> Stop:
    """A stop that is announced, on a working day."""
    stop = Stop(tools, stop_state(at(tools, hour, days=days), **changes))
    await stop.schedule()
    return stop


TAKEN = uuid4()
"""The holders of seats that are not left free."""


_OPEN = text("""
    insert into opening_hours (station, weekday, opens, closes, valid_from, valid_until)
    values (:station, :weekday, :opens, cast(:opens as time) + interval '10 minutes', :day, :day)
""")


_TAKE = text("""
    insert into seats (counter, starts_at, appointment)
    select key, :start, :owner from counters where station = :station and key <> all(cast(:free as text[]))
    on conflict do nothing
""")


async def leave_free(tools: Tools, arrival: datetime, *free: tuple[str, int]) -> None:
    """Let nothing be free for the next weeks but some seats: counters, with minutes after the arrival."""
    starts = {(counter.rpartition("-")[0], arrival + timedelta(minutes=minutes)) for counter, minutes in free}
    hours = [
        {"station": station, "weekday": start.weekday(), "opens": start.time(), "day": start.date()}
        for station, start in starts
    ]
    taken = [
        {"station": station, "start": start, "owner": TAKEN, "free": [counter for counter, _ in free]}
        for station, start in starts
    ]
    async with tools.db.transaction() as conn:
        await conn.execute(text("delete from opening_hours"))
        if hours:
            await conn.execute(_OPEN, hours)
            await conn.execute(_TAKE, taken)


async def consistent(tools: Tools) -> None:
    """Everybody has exactly their seats."""
    async with tools.db.transaction() as conn:
        await conn.execute(text("delete from seats where appointment = :owner"), {"owner": TAKEN})
    await assert_consistent(tools)
