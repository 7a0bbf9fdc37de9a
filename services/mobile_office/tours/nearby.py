"""Rules of what else is near: the same Stadtbezirk first, then the same bank of the Rhine, then the other one."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import cos, hypot, radians
from statistics import fmean
from typing import Self

from services.mobile_office.city import MobileOffice
from services.mobile_office.tours.announced import AnnouncedStop
from shared.city import City
from shared.events.mobile_office import StopPlace


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where somebody looks from; coordinates are WGS 84 degrees."""

    district: int
    banks: frozenset[str]
    latitude: float
    longitude: float

    @classmethod
    def at(cls, place: StopPlace) -> Self:
        """The place of a stop."""
        return cls(place.district, frozenset({place.rhine_bank}), place.latitude, place.longitude)

    @classmethod
    def amid(cls, city: City, district: int, quarters: Collection[int]) -> Self:
        """The middle of some Ortsteile of a Stadtbezirk, as far as their places tell; else that of the city."""
        places = city.part(MobileOffice).stop_places
        near = [each for each in places if each.quarter in quarters] or places
        banks = {known.rhine_bank for each in city.districts for known in each.quarters if known.number in quarters}
        middle = fmean(each.latitude for each in near), fmean(each.longitude for each in near)
        return cls(district, frozenset(banks), *middle)

    def kilometres_to(self, place: StopPlace) -> float:
        """How far a place is, as the crow flies; good enough within a city."""
        north = (place.latitude - self.latitude) * 111
        east = (place.longitude - self.longitude) * 111 * cos(radians(self.latitude))
        return hypot(north, east)


def nearest(stops: Iterable[AnnouncedStop], here: Whereabouts, most: int) -> list[AnnouncedStop]:
    """The next stops that take place near somewhere, at most one of each place.

    Within the district the soonest come first, elsewhere the nearest.
    """

    def order(stop: AnnouncedStop) -> tuple[int, float, float]:
        place, soon = stop.state.place, stop.arrives_at.timestamp()
        if place.district == here.district:
            return 0, 0, soon
        return (1 if place.rhine_bank in here.banks else 2), here.kilometres_to(place), soon

    found: dict[str, AnnouncedStop] = {}
    for stop in sorted((each for each in stops if each.takes_place), key=order):
        found.setdefault(stop.state.place.key, stop)
    return list(found.values())[:most]
