"""Reading what a run left of the tours: the stops as their service and as `appointments` knows them, and the ways."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from asyncpg import Connection

from shared.events.mobile_office import StopState
from tests.chaos.history import Stop

_ANNOUNCED = "select id, version, announced from stops where announced is not null"
_KNOWN = "select p.*, s.name from stops p join stations s on s.key = p.station"
_TRAVEL = "select origin, destination, minutes from travel_times"


async def read_announced(mobile_office: "Connection[Any]") -> list[Stop]:
    """All stops people were ever told of, as they were told last."""
    return [
        _announced(row["id"], row["version"], StopState.model_validate_json(row["announced"]))
        for row in await mobile_office.fetch(_ANNOUNCED)
    ]


async def read_known(appointments: "Connection[Any]") -> list[Stop]:
    """All stops `appointments` knows."""
    return [
        Stop(
            UUID(row["station"]),
            row["version"],
            row["status"],
            row["name"],
            row["arrives_at"],
            row["departs_at"],
            row["counters"],
            row["delay_minutes"],
            frozenset(row["services"]),
        )
        for row in await appointments.fetch(_KNOWN)
    ]


async def read_travel(mobile_office: "Connection[Any]") -> dict[tuple[str, str], timedelta]:
    """How long a vehicle drives from one place to another."""
    rows = await mobile_office.fetch(_TRAVEL)
    return {(row["origin"], row["destination"]): timedelta(minutes=row["minutes"]) for row in rows}


def _announced(id: UUID, version: int, told: StopState) -> Stop:
    return Stop(
        id,
        version,
        told.status,
        told.place.name,
        told.arrives_at,
        told.departs_at,
        told.vehicle.counters,
        told.delay_minutes,
        frozenset(told.services),
    )
