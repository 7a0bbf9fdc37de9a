"""Facts of `mobile_office`: the stops of the Bürgermobil. They name no person: any department may read them."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.city import RhineBank
from shared.events.base import Fact, FactPart, Privacy, Several

PLAN = "/mobile_office/"
"""The page with all stops."""


class StopReason(StrEnum):
    """The city's fixed reasons why a stop is late, changes or does not take place, said in every language."""

    BREAKDOWN = "breakdown"
    TRAFFIC = "traffic"
    WEATHER = "weather"
    ILLNESS = "illness"
    PLACE_TAKEN = "place-taken"
    PLANNING = "planning"


class Vehicle(FactPart):
    """A Bürgermobil; `counters` is how many of its counters serve people at this stop."""

    key: str
    name: str
    counters: int
    equipment: Several[str] = []


class StopPlace(FactPart):
    """Where the vehicle stands, in an Ortsteil (`quarter`) of a Stadtbezirk (`district`), both by their numbers.

    `landmark` says in German how to find it. Coordinates are WGS 84 degrees.
    """

    key: str
    name: str
    district: int
    quarter: int
    rhine_bank: RhineBank
    landmark: str
    step_free: bool
    latitude: float
    longitude: float


class StopState(FactPart):
    """The public state of a stop: one vehicle at one place on one day.

    Times are those announced; `delay_minutes` later is when it is expected. `services` are the keys of those offered
    there. `reason` stands in the city's words: of the delay, or of the cancellation; `known_reason` is there where it
    is a `StopReason`, or a newer one.
    """

    status: Literal["scheduled", "cancelled"]
    place: StopPlace
    vehicle: Vehicle
    arrives_at: AwareDatetime
    departs_at: AwareDatetime
    services: Several[str]
    delay_minutes: int = 0
    reason: str | None = None
    known_reason: str | None = None

    @property
    def delay(self) -> timedelta:
        """How much later than announced the vehicle comes."""
        return timedelta(minutes=self.delay_minutes)


class StopFact(Fact):
    """A stop of the Bürgermobil."""

    service: ClassVar[str] = "mobile_office"
    privacy: ClassVar[Privacy] = Privacy.OPEN

    stop: StopState

    @property
    def alive_until(self) -> datetime:
        return self.stop.departs_at + self.stop.delay


class MobilStopScheduled(StopFact):
    """A stop is announced: people can come, and book."""


class MobilStopRescheduled(StopFact):
    """An announced stop takes place at another time or place, or with another vehicle; `before` is what it was.

    `reason` and `known_reason` say why, as those of the state.
    """

    before: StopState
    reason: str | None = None
    known_reason: str | None = None


class MobilStopDelayed(StopFact):
    """The vehicle comes later than announced, or after all less late; appointments stay as they are."""


class MobilStopCancelled(StopFact):
    """An announced stop does not take place; the state's `reason` says why."""


def page_of(stop: UUID) -> str:
    """The path of a stop's own page."""
    return f"{PLAN}stops/{stop}"
