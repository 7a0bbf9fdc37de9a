"""Reads of the fleet."""

from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobile_office.city import MobileOffice
from services.mobile_office.fleet.domain import Fleet, Place, Vehicle
from services.mobile_office.locks import Lock
from services.mobile_office.tables import places, vehicles
from shared.city import City
from shared.locks import note_lock

_WAYS = text("select origin, jsonb_object_agg(destination, minutes) as minutes from travel_times group by origin")
_LOCK_VEHICLES = text("select from vehicles order by key for no key update")


async def load_fleet(conn: AsyncConnection, city: City) -> Fleet:
    """All vehicles, places and travel times, with the services the city offers at stops."""
    return Fleet(
        vehicles={row["key"]: _vehicle(row) for row in await _all(conn, vehicles)},
        places={row["key"]: Place(**row) for row in await _all(conn, places)},
        services=tuple(city.part(MobileOffice).services),
        minutes={row.origin: row.minutes for row in await conn.execute(_WAYS)},
    )


async def lock_vehicles(conn: AsyncConnection) -> None:
    """Let nobody else put a vehicle somewhere until the transaction ends."""
    note_lock(conn, Lock.VEHICLES)
    await conn.execute(_LOCK_VEHICLES)


async def _all(conn: AsyncConnection, table: Any) -> list[Any]:
    return list((await conn.execute(select(table).order_by(*table.primary_key))).mappings())


def _vehicle(row: Any) -> Vehicle:
    return Vehicle(**{**row, "equipment": tuple(row["equipment"])})
