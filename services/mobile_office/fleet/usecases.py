"""Use cases of the fleet. What staff have changed, the city's data no longer overwrite."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from itertools import permutations
from typing import Any

from sqlalchemy import Table, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobile_office.city import MobileOffice, TravelMinutes
from services.mobile_office.fleet.domain import Place, Vehicle
from services.mobile_office.fleet.queries import load_fleet
from services.mobile_office.tables import places, travel_times, vehicles, weekly_stops
from shared.act import Act
from shared.city import City
from shared.problems import Problem

PLACE_CHANGED = "place-changed"
VEHICLE_CHANGED = "vehicle-changed"
"""What the audit log calls these deeds."""


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
    await _take_over(conn, vehicles, [each.model_dump() for each in known.vehicles])
    found = [place_of(city, **each.model_dump()) for each in known.stop_places]
    await _take_over(conn, places, [asdict(each) for each in found])
    await _measure(conn, permutations(found, 2), known.travel_minutes)
    if not (await conn.execute(select(func.count()).select_from(weekly_stops))).scalar_one():
        await conn.execute(insert(weekly_stops), [each.model_dump() for each in known.weekly_stops])


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
    await _save(act.conn, places, saved, known)
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
    await _save(act.conn, vehicles, saved, known)
    await act.note(VEHICLE_CHANGED, vehicle=vehicle.key)
    return saved


def _is_as(known: Place | Vehicle, wanted: Place | Vehicle) -> bool:
    """Whether nothing would change, whichever version was looked at."""
    return asdict(known) | {"version": wanted.version} == asdict(wanted)


async def _save(conn: AsyncConnection, table: Table, saved: Place | Vehicle, known: Place | Vehicle | None) -> None:
    """Save the next version of what has not been changed since it was looked at."""
    if known is None:
        statement: Any = insert(table).values(asdict(saved)).on_conflict_do_nothing().returning(table.c.key)
    else:
        unchanged = (table.c.key == saved.key) & (table.c.version == saved.version - 1)
        statement = update(table).where(unchanged).values(asdict(saved)).returning(table.c.key)
    if (await conn.execute(statement)).one_or_none() is None:
        raise FleetChanged(known)


async def _take_over(conn: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    statement = insert(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name != "key"}
    unchanged = table.c.version == 0
    await conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_=changed, where=unchanged), rows)


async def _measure(conn: AsyncConnection, ways: Iterable[tuple[Place, Place]], minutes: TravelMinutes) -> None:
    """Write down how long it takes on some ways; again where places have moved.

    In the order of their keys: two who save places at once would wait for each other's ways for good.
    """
    rows = [
        {"origin": one.key, "destination": other.key, "minutes": travel_minutes(one, other, minutes)}
        for one, other in sorted(ways, key=lambda way: (way[0].key, way[1].key))
    ]
    statement = insert(travel_times)
    found = {"minutes": statement.excluded.minutes}
    keys = [travel_times.c.origin, travel_times.c.destination]
    await conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=found), rows)


def travel_minutes(one: Place, other: Place, minutes: TravelMinutes) -> int:
    """The Rhine divides the city: what lies across it is far, even within a district."""
    if one.rhine_bank != other.rhine_bank:
        return minutes.other_bank
    return minutes.same_district if one.district == other.district else minutes.same_bank
