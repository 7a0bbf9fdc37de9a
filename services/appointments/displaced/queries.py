"""Reads of where else somebody could go."""

from datetime import timedelta

from services.appointments.booking.facts import binding_before
from services.appointments.booking.queries import Appointment
from services.appointments.closing.domain import NEAR_IN_TIME
from services.appointments.displaced.domain import Displaced, Spot, by_nearness, further
from services.appointments.offer.days import FreeTime
from services.appointments.offer.domain import Station, able, choose, like
from services.appointments.offer.queries import Leaving, Offer, grid_of, load_free_times, load_offer
from shared.act import Act
from shared.city import City
from shared.clock import BERLIN


def displaced(found: Appointment, offer: Offer, city: City) -> Displaced:
    """An appointment that cannot take place as booked, with the places of an offer where it could be instead."""
    assert found.state is not None, "a binding appointment has one"
    before = binding_before(found.state)
    here = Spot(before.place.district, city.banks_of(before.place.district, before.place.quarter))
    stations = like(found.kind, able(offer.stations, choose(offer.services, found.services)))
    places = by_nearness(here, [(_spot(each, city), each) for each in stations])
    seats = grid_of(city).slots_in(found.ends_at - found.starts_at)
    return Displaced(before.starts_at, seats, places, found.interpreter)


async def load_further(act: Act, found: Appointment) -> list[FreeTime]:
    """Some times that are free besides the one that is kept for somebody, the best first; nobody keeps them."""
    asked = displaced(found, await load_offer(act), act.tools.city)
    old = asked.starts_at.astimezone(BERLIN).date()
    days = [
        day for n in range(-NEAR_IN_TIME.days, NEAR_IN_TIME.days + 1) if act.today <= (day := old + timedelta(days=n))
    ]
    stations = [each for places in asked.places.values() for each in places]
    by_key, kept = {each.key: each for each in stations}, Leaving(found.id, (found.station, found.starts_at))
    free = await load_free_times(act, stations, days, asked.seats, kept)
    return [FreeTime(start, by_key[key]) for key, start in further(asked, free)]


def _spot(station: Station, city: City) -> Spot:
    quarter = station.stop.quarter if station.stop else None
    return Spot(station.district, city.banks_of(station.district, quarter))
