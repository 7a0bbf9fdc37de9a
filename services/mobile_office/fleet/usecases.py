"""Use cases of the fleet. What staff have changed, the city's data no longer overwrite."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from itertools import permutations
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobile_office.city import MobileOffice, TravelMinutes
from services.mobile_office.fleet.domain import Place, Vehicle
from services.mobile_office.fleet.queries import load_fleet
from services.mobile_office.tables import weekly_stops
from shared.act import Act
from shared.city import City
from shared.problems import Problem
from shared.statements import Insert, Query, Statement

PLACE_CHANGED = "place-changed"
VEHICLE_CHANGED = "vehicle-changed"
"""What the audit log calls these deeds."""

_TAKE_VEHICLE = Statement("""
    insert into vehicles (key, name, counters, step_free, equipment)
    values (:key, :name, :counters, :step_free, :equipment)
    on conflict (key) do update
    set name = excluded.name, counters = excluded.counters, step_free = excluded.step_free,
        equipment = excluded.equipment
    where vehicles.version = 0
""")
_ADD_VEHICLE = Statement("""
    insert into vehicles (key, name, counters, step_free, equipment, version)
    values (:key, :name, :counters, :step_free, :equipment, :version)
    on conflict do nothing
""")
_CHANGE_VEHICLE = Statement("""
    update vehicles
    set name = :name, counters = :counters, step_free = :step_free, equipment = :equipment, version = :version
    where key = :key and version = :version - 1
""")
_TAKE_PLACE = Statement("""
    insert into places (key, name, district, quarter, rhine_bank, landmark, latitude, longitude, step_free, power,
                        permit_from, permit_until)
    values (:key, :name, :district, :quarter, :rhine_bank, :landmark, :latitude, :longitude, :step_free, :power,
            :permit_from, :permit_until)
    on conflict (key) do update
    set name = excluded.name, district = excluded.district, quarter = excluded.quarter,
        rhine_bank = excluded.rhine_bank, landmark = excluded.landmark, latitude = excluded.latitude,
        longitude = excluded.longitude, step_free = excluded.step_free, power = excluded.power,
        permit_from = excluded.permit_from, permit_until = excluded.permit_until
    where places.version = 0
""")
_ADD_PLACE = Statement("""
    insert into places (key, name, district, quarter, rhine_bank, landmark, latitude, longitude, step_free, power,
                        permit_from, permit_until, version)
    values (:key, :name, :district, :quarter, :rhine_bank, :landmark, :latitude, :longitude, :step_free, :power,
            :permit_from, :permit_until, :version)
    on conflict do nothing
""")
_CHANGE_PLACE = Statement("""
    update places
    set name = :name, district = :district, quarter = :quarter, rhine_bank = :rhine_bank, landmark = :landmark,
        latitude = :latitude, longitude = :longitude, step_free = :step_free, power = :power,
        permit_from = :permit_from, permit_until = :permit_until, version = :version
    where key = :key and version = :version - 1
""")
_MEASURE = Statement("""
    insert into travel_times (origin, destination, minutes) values (:origin, :destination, :minutes)
    on conflict (origin, destination) do update set minutes = excluded.minutes
""")
_HAS_WEEKLY_PLAN = Query(bool, "select exists (select from weekly_stops)")
_FIRST_WEEKLY_STOP = Insert(
    weekly_stops, "vehicle", "place", "weekday", "arrives", "departs", "every_weeks", "valid_from"
)


class FleetChanged(Problem):
    """Somebody else changed the vehicle or place since it was looked at; `current` is what they made of it."""

    status = 409
    slug = "fleet-changed"
    title = "Somebody else has changed this; look at theirs and change it again"

    def __init__(self, current: Place | Vehicle | None) -> None:
        super().__init__()
        self.current = current


class UnknownQuarter(Problem):
    status = 422
    slug = "unknown-quarter"
    title = "The city has no such Ortsteil"


class PermitUnfit(Problem):
    status = 422
    slug = "permit-unfit"
    title = "The permission ends before it begins"


async def load_city(conn: AsyncConnection, city: City) -> None:
    """Take over vehicles, places and travel times from the city's data; again changes nothing twice.

    The weekly plan of the city's data is only the first: where there is one, it stays as staff have made it.
    """
    known = city.part(MobileOffice)
    await _TAKE_VEHICLE.run_each(conn, [each.model_dump() for each in known.vehicles])
    found = [place_of(city, **each.model_dump()) for each in known.stop_places]
    await _TAKE_PLACE.run_each(conn, map(asdict, found))
    await _measure(conn, permutations(found, 2), known.travel_minutes)
    if not await _HAS_WEEKLY_PLAN.one(conn):
        await _FIRST_WEEKLY_STOP.run_each(conn, [each.model_dump() for each in known.weekly_stops])


def place_of(city: City, *, quarter: int, **values: Any) -> Place:
    """A place with the Stadtbezirk and the bank of the Rhine its Ortsteil is in.

    Raises:
        UnknownQuarter
    """
    for district in city.districts:
        for known in district.quarters:
            if known.number == quarter:
                return Place(quarter=quarter, district=district.number, rhine_bank=known.rhine_bank, **values)
    raise UnknownQuarter


async def save_place(act: Act, place: Place) -> Place:
    """Add a place (version 0, a new key) or change one; sent again it changes nothing.

    Args:
        place: as it is to be, with the version that was looked at.

    Raises:
        FleetChanged: it has another version by now.
        PermitUnfit
    """
    if place.permit_from and place.permit_until and place.permit_until < place.permit_from:
        raise PermitUnfit
    others = dict((await load_fleet(act.conn, act.tools.city)).places)
    known = others.pop(place.key, None)
    if known and _is_as(known, place):
        return known
    saved = replace(place, version=place.version + 1)
    if not await (_CHANGE_PLACE if known else _ADD_PLACE).run(act.conn, asdict(saved)):
        raise FleetChanged(known)
    ways = [way for other in others.values() for way in permutations((place, other), 2)]
    await _measure(act.conn, ways, act.tools.city.part(MobileOffice).travel_minutes)
    await act.note(PLACE_CHANGED, place=place.key)
    return saved


async def save_vehicle(act: Act, vehicle: Vehicle) -> Vehicle:
    """Add a vehicle (version 0, a new key) or change one; sent again it changes nothing.

    Raises:
        FleetChanged: it has another version by now.
    """
    known = (await load_fleet(act.conn, act.tools.city)).vehicles.get(vehicle.key)
    if known and _is_as(known, vehicle):
        return known
    saved = replace(vehicle, version=vehicle.version + 1)
    if not await (_CHANGE_VEHICLE if known else _ADD_VEHICLE).run(act.conn, asdict(saved)):
        raise FleetChanged(known)
    await act.note(VEHICLE_CHANGED, vehicle=vehicle.key)
    return saved


def _is_as(known: Place | Vehicle, wanted: Place | Vehicle) -> bool:
    """Whether nothing would change, whichever version was looked at."""
    return asdict(known) | {"version": wanted.version} == asdict(wanted)


async def _measure(conn: AsyncConnection, ways: Iterable[tuple[Place, Place]], minutes: TravelMinutes) -> None:
    """Write down how long it takes on some ways; again where places have moved.

    In the order of their keys: two who save places at once would wait for each other's ways for good.
    """
    rows = [
        {"origin": one.key, "destination": other.key, "minutes": travel_minutes(one, other, minutes)}
        for one, other in sorted(ways, key=lambda way: (way[0].key, way[1].key))
    ]
    await _MEASURE.run_each(conn, rows)


def travel_minutes(one: Place, other: Place, minutes: TravelMinutes) -> int:
    """The Rhine divides the city: what lies across it is far, even within a district."""
    if one.rhine_bank != other.rhine_bank:
        return minutes.other_bank
    return minutes.same_district if one.district == other.district else minutes.same_bank
