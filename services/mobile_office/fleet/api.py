"""Places and vehicles as JSON: everybody may read the places, who leads changes both."""

from datetime import date
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from services.mobile_office.bodies import API, Body, Counters, Key, Line, Version, as_body
from services.mobile_office.fleet import usecases
from services.mobile_office.fleet.domain import Vehicle
from services.mobile_office.fleet.queries import load_fleet
from services.mobile_office.fleet.usecases import FleetChanged, place_of
from services.mobile_office.staff import LeadAct, StaffAct
from shared.city import RhineBank
from shared.days import Day
from shared.http import CurrentAct, api_router, problems

router = api_router(API, "fleet")


class PlaceIn(Body):
    """A place in an Ortsteil (`quarter`, its number); WGS 84 degrees; `landmark` says in German how to find it.

    `version` is that of the place as it was looked at, 0 for a new one or one that nobody has changed.
    """

    version: Version
    name: Line
    quarter: Annotated[int, Field(ge=0, le=9999)]
    landmark: Line
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    step_free: bool
    power: bool
    permit_from: Day | None = None
    permit_until: Day | None = None


class PlaceOut(BaseModel):
    """A place where a vehicle may stand between the days of its permission."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    version: int
    name: str
    district: int
    quarter: int
    rhine_bank: RhineBank
    landmark: str
    latitude: float
    longitude: float
    step_free: bool
    power: bool
    permit_from: date | None
    permit_until: date | None


class VehicleIn(Body):
    """A vehicle; `version` is as that of a place."""

    version: Version
    name: Line
    counters: Counters
    step_free: bool
    equipment: Annotated[list[Line], Field(max_length=20)]


class VehicleOut(BaseModel):
    """A vehicle; `counters` is how many people it serves at a time."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    version: int
    name: str
    counters: int
    step_free: bool
    equipment: list[str]


@router.get("/places")
async def places(act: CurrentAct) -> list[PlaceOut]:
    """All places where the Bürgermobil may stand."""
    return [PlaceOut.model_validate(each) for each in (await load_fleet(act.conn, act.tools.city)).places.values()]


@router.put("/staff/places/{key}", responses=problems(401, 403, 409, 422))
async def save_place(act: LeadAct, key: Annotated[Key, Path()], wanted: PlaceIn) -> PlaceOut:
    """Add a place under a new key, or change one. Sent again it changes nothing.

    If somebody else has changed it since that version it is refused (409) with theirs (`current`).
    """
    place = place_of(act.tools.city, key=key, **wanted.model_dump())
    try:
        return PlaceOut.model_validate(await usecases.save_place(act, place))
    except FleetChanged as changed:
        raise _with_current(changed, PlaceOut) from None


@router.get("/staff/vehicles", responses=problems(401, 403))
async def vehicles(act: StaffAct) -> list[VehicleOut]:
    """All vehicles."""
    return [VehicleOut.model_validate(each) for each in (await load_fleet(act.conn, act.tools.city)).vehicles.values()]


@router.put("/staff/vehicles/{key}", responses=problems(401, 403, 409, 422))
async def save_vehicle(act: LeadAct, key: Annotated[Key, Path()], wanted: VehicleIn) -> VehicleOut:
    """Add a vehicle under a new key, or change one. Sent again it changes nothing.

    If somebody else has changed it since that version it is refused (409) with theirs (`current`).
    """
    values = wanted.model_dump() | {"equipment": tuple(wanted.equipment)}
    try:
        saved = await usecases.save_vehicle(act, Vehicle(key=key, **values))
    except FleetChanged as changed:
        raise _with_current(changed, VehicleOut) from None
    return VehicleOut.model_validate(saved)


def _with_current(changed: FleetChanged, body: type[BaseModel]) -> FleetChanged:
    current: Any = changed.current
    changed.extra = {"current": as_body(body.model_validate(current)) if current else None}
    return changed
