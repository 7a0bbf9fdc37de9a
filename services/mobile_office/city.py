"""What the city's data say of the Bürgermobil."""

from datetime import date, time
from typing import ClassVar

from pydantic import Field

from shared.city import CityData, CityPart


class CityVehicle(CityData):
    """A Bürgermobil with its counters."""

    key: str
    name: str
    counters: int = Field(ge=1)
    step_free: bool
    equipment: list[str] = []


class CityStopPlace(CityData):
    """A place where a Bürgermobil may stand, in an Ortsteil (`quarter`, its number).

    `landmark` says in German how to find it, `power` whether there is a socket, `permit_until` the last day of the
    permission to stand there. Coordinates are WGS 84 degrees.
    """

    key: str
    name: str
    quarter: int
    landmark: str
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    step_free: bool
    power: bool
    permit_until: date | None = None


class TravelMinutes(CityData):
    """How long a vehicle drives between two places, in minutes, by what lies between them."""

    same_district: int = Field(ge=0)
    same_bank: int = Field(ge=0)
    other_bank: int = Field(ge=0)


class CityWeeklyStop(CityData):
    """A stop of the weekly plan, in local time; `every_weeks` counts from the week of `valid_from`."""

    vehicle: str
    place: str
    weekday: int = Field(ge=0, le=6)
    arrives: time
    departs: time
    every_weeks: int = Field(default=1, ge=1)
    valid_from: date


class MobileOffice(CityPart):
    """The city's Bürgermobil: vehicles, places, the first weekly plan, and the keys of services offered at stops."""

    service: ClassVar[str] = "mobile_office"

    vehicles: list[CityVehicle]
    services: list[str]
    travel_minutes: TravelMinutes
    stop_places: list[CityStopPlace]
    weekly_stops: list[CityWeeklyStop]
