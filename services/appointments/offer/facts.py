"""What is offered, as facts name it."""

from services.appointments.offer.domain import Station
from services.appointments.offer.queries import Offer
from shared.events.appointments import (
    BookedService,
    Place,
)


def services_of(offer: Offer) -> list[BookedService]:
    """The services of an offer, as facts name them."""
    return [
        BookedService(key=each.key, names=each.names, bring=each.bring, minutes=each.minutes, quantity=each.quantity)
        for each in offer.services
    ]


def place_of(offer: Offer) -> Place:
    """The station of an offer that has but one, as facts name it."""
    [station] = offer.stations
    return place_at(station)


def place_at(station: Station) -> Place:
    """A station as facts name it."""
    return Place(
        key=station.key,
        name=station.name,
        district=station.district,
        address=station.address,
        quarter=station.stop.quarter if station.stop else None,
    )
