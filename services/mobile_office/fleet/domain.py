"""Vehicles, the places where they stand, how long it takes from one to the other, and plans of where they are when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from shared.city import RhineBank
from shared.clock import BERLIN


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A Bürgermobil; `counters` is how many people it serves at a time.

    `version` counts the changes made by staff; it is 0 while a vehicle is as the city's data have it.
    """

    key: str
    name: str
    counters: int
    step_free: bool
    equipment: tuple[str, ...]
    version: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a vehicle may stand: its Ortsteil (`quarter`) and Stadtbezirk by number, and how to find it, in German.

    `permit_from` and `permit_until` are the first and the last day of the permission to stand there, None where it has
    no beginning or end. `version` is as that of a vehicle.
    """

    key: str
    name: str
    district: int
    quarter: int
    rhine_bank: RhineBank
    landmark: str
    latitude: float
    longitude: float
    step_free: bool
    power: bool
    permit_from: date | None = None
    permit_until: date | None = None
    version: int = 0

    def may_be_used_on(self, day: date) -> bool:
        """Whether there is a permission to stand there."""
        return (self.permit_from or day) <= day <= (self.permit_until or day)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Vehicles and places by key, the services offered at stops, and how long a vehicle drives between two places."""

    vehicles: Mapping[str, Vehicle]
    places: Mapping[str, Place]
    services: tuple[str, ...]
    minutes: Mapping[str, Mapping[str, int]]

    def travel(self, origin: str, destination: str) -> timedelta:
        """How long it takes from one place to another, by their keys; no time from a place to itself."""
        return timedelta(minutes=self.minutes.get(origin, {}).get(destination, 0))


@dataclass(frozen=True, slots=True)
class Plan:
    """A vehicle at a place from one moment to another (UTC), with so many of its counters."""

    vehicle: str
    place: str
    arrives_at: datetime
    departs_at: datetime
    counters: int


def moment(day: date, hour: time) -> datetime:
    """A time of day in the city, as plans have it."""
    return datetime.combine(day, hour, BERLIN).astimezone(UTC)


def cannot_follow(plan: Plan, others: Iterable[Plan], fleet: Fleet) -> Plan | None:
    """The first of the vehicle's other stops that leaves it no time to be at a planned one, the way included."""
    for other in others:
        if other.vehicle == plan.vehicle:
            there, back = fleet.travel(plan.place, other.place), fleet.travel(other.place, plan.place)
            if other.arrives_at < plan.departs_at + there and plan.arrives_at < other.departs_at + back:
                return other
    return None


def with_vehicle(plan: Plan, key: str, fleet: Fleet) -> Plan:
    """The same stop with another vehicle, and no more counters than that has."""
    return replace(plan, vehicle=key, counters=min(plan.counters, fleet.vehicles[key].counters))
