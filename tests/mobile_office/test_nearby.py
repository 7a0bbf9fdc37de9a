"""What is near: the same Stadtbezirk, then the same bank of the Rhine, then the other."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from services.mobile_office.city import MobileOffice
from services.mobile_office.tours.announced import AnnouncedStop
from services.mobile_office.tours.nearby import Whereabouts, nearest
from shared.city import City
from shared.events.mobile_office import StopPlace, StopState, Vehicle

CITY = City.load("duisburg")
NOON = datetime(2027, 2, 1, 12, tzinfo=UTC)


def stop(key: str, hours: int = 0, status: str = "scheduled") -> AnnouncedStop:
    """A stop at a place of the city."""
    known = next(each for each in CITY.part(MobileOffice).stop_places if each.key == key)
    [bank] = {q.rhine_bank for each in CITY.districts for q in each.quarters if q.number == known.quarter}
    place = StopPlace(
        **known.model_dump(include={"key", "name", "quarter", "landmark", "step_free", "latitude", "longitude"}),
        district=CITY.district_of(known.quarter).number,
        rhine_bank=bank,
    )
    begins = NOON + timedelta(hours=hours)
    vehicle = Vehicle(key="buergermobil-1", name="Bürgermobil 1", counters=1)
    state = StopState(
        status=status,
        place=place,
        vehicle=vehicle,
        arrives_at=begins,
        departs_at=begins + timedelta(hours=3),
        services=[],
    )
    return AnnouncedStop(uuid4(), 1, state)


def names(stops: list[AnnouncedStop]) -> list[str]:
    return [each.state.place.key for each in stops]


def test_the_district_comes_first_then_the_bank_then_the_way() -> None:
    stops = [stop("baerl"), stop("duissern"), stop("ruhrort"), stop("bruckhausen", 9), stop("marxloh", 5)]
    origin = Whereabouts.at(stop("alt-hamborn").state.place)
    assert names(nearest(stops, origin, 9)) == ["marxloh", "bruckhausen", "ruhrort", "duissern", "baerl"]


def test_a_place_is_named_once_with_its_next_stop_and_never_for_a_cancelled_one() -> None:
    stops = [stop("marxloh", 24), stop("marxloh", 2), stop("neumuehl", 1, "cancelled"), stop("neumuehl", 30)]
    found = nearest(stops, Whereabouts.at(stop("alt-hamborn").state.place), 9)
    assert [(each.state.place.key, each.arrives_at) for each in found] == [
        ("marxloh", NOON + timedelta(hours=2)),
        ("neumuehl", NOON + timedelta(hours=30)),
    ]


def test_the_middle_of_quarters_lies_among_their_places_and_on_their_banks() -> None:
    homberg = CITY.district_of(402)
    origin = Whereabouts.amid(CITY, homberg.number, [each.number for each in homberg.quarters])
    assert origin.banks == {"left", "right"}
    assert origin.kilometres_to(stop("alt-homberg").state.place) < origin.kilometres_to(stop("vierlinden").state.place)
