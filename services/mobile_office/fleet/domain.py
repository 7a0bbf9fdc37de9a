"""Vehicles, the places where they stand, and how long it takes from one to the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from shared.city import RhineBank


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
