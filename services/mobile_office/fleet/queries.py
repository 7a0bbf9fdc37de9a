"""Reads of the fleet."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobile_office.city import MobileOffice
from services.mobile_office.fleet.domain import Fleet, Place, Vehicle
from services.mobile_office.locks import Lock
from shared.city import City
from shared.locks import note_lock
from shared.statements import Query, Statement

_VEHICLES = Query(Vehicle, "select key, name, counters, step_free, equipment, version from vehicles order by key")
_PLACES = Query(
    Place,
    """
    select key, name, district, quarter, rhine_bank, landmark, latitude, longitude, step_free, power,
           permit_from, permit_until, version
    from places order by key
""",
)


@dataclass(frozen=True, slots=True)
class _Ways:
    origin: str
    minutes: Mapping[str, int]


_WAYS = Query(
    _Ways,
    """
    select origin, jsonb_object_agg(destination, minutes) as minutes from travel_times group by origin
""",
)
_LOCK_VEHICLES = Statement("select from vehicles order by key for no key update")


async def load_fleet(conn: AsyncConnection, city: City) -> Fleet:
    """All vehicles, places and travel times, with the services the city offers at stops."""
    return Fleet(
        vehicles={each.key: each for each in await _VEHICLES.all(conn)},
        places={each.key: each for each in await _PLACES.all(conn)},
        services=tuple(city.part(MobileOffice).services),
        minutes={each.origin: each.minutes for each in await _WAYS.all(conn)},
    )


async def lock_vehicles(conn: AsyncConnection) -> None:
    """Let nobody else put a vehicle somewhere until the transaction ends."""
    note_lock(conn, Lock.VEHICLES)
    await _LOCK_VEHICLES.run(conn)
