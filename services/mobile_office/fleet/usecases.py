"""Use cases of the fleet."""

from itertools import permutations

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobile_office.tables import places, travel_times, vehicles, weekly_stops
from shared.city import City, CityStopPlace, TravelMinutes


async def load_city(conn: AsyncConnection, city: City) -> None:
    """Take over vehicles, places and travel times from the city's data; again changes nothing twice.

    The weekly plan of the city's data is only the first: where there is one, it stays as staff have made it.
    """
    known = city.mobile_office
    await _upsert(conn, vehicles, [each.model_dump() for each in known.vehicles])
    await _upsert(conn, places, [_place(city, each) for each in known.stop_places])
    ways = [
        {"origin": one.key, "destination": other.key, "minutes": _minutes(city, one, other, known.travel_minutes)}
        for one, other in permutations(known.stop_places, 2)
    ]
    await _upsert(conn, travel_times, ways)
    if not (await conn.execute(select(func.count()).select_from(weekly_stops))).scalar_one():
        await conn.execute(insert(weekly_stops), [each.model_dump() for each in known.weekly_stops])


async def _upsert(conn: AsyncConnection, table: object, rows: list[dict[str, object]]) -> None:
    statement = insert(table)  # type: ignore[arg-type]
    keys = [column.name for column in statement.table.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    await conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def _place(city: City, place: CityStopPlace) -> dict[str, object]:
    [bank] = {each.rhine_bank for known in city.districts for each in known.quarters if each.number == place.quarter}
    return place.model_dump() | {"district": city.district_of(place.quarter).number, "rhine_bank": bank}


def _minutes(city: City, one: CityStopPlace, other: CityStopPlace, minutes: TravelMinutes) -> int:
    """The Rhine divides the city: what lies across it is far, even within a district."""
    here, there = _place(city, one), _place(city, other)
    if here["rhine_bank"] != there["rhine_bank"]:
        return minutes.other_bank
    return minutes.same_district if here["district"] == there["district"] else minutes.same_bank
