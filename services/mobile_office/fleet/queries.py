"""Reads of the fleet."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobile_office.fleet.domain import Fleet, Place, Vehicle
from services.mobile_office.tables import places, travel_times, vehicles
from shared.city import City


async def load_fleet(conn: AsyncConnection, city: City) -> Fleet:
    """All vehicles, places and travel times, with the services the city offers at stops."""
    return Fleet(
        vehicles={row["key"]: _vehicle(row) for row in await _all(conn, vehicles)},
        places={row["key"]: Place(**row) for row in await _all(conn, places)},
        services=tuple(city.mobile_office.services),
        minutes={(row["origin"], row["destination"]): row["minutes"] for row in await _all(conn, travel_times)},
    )


async def _all(conn: AsyncConnection, table: Any) -> list[Any]:
    return list((await conn.execute(select(table).order_by(*table.primary_key))).mappings())


def _vehicle(row: Any) -> Vehicle:
    return Vehicle(row["key"], row["name"], row["counters"], row["step_free"], tuple(row["equipment"]))
