"""The offer as JSON."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, StringConstraints

from services.appointments.booking.refusals import UnknownChoice
from services.appointments.offer.queries import grid_of, load_free_times, load_offer
from shared.clock import BERLIN
from shared.db import Connection
from shared.http import CurrentService, Now, problems

Key = Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z0-9-]+$")]

router = APIRouter(prefix="/appointments/api/v1", tags=["offer"])


class ServiceOut(BaseModel):
    """A service; names and things to bring by language (BCP 47), the fee in euro cents."""

    key: str
    names: dict[str, str]
    bring: dict[str, list[str]]
    minutes: int
    fee_cents: int | None


class StationOut(BaseModel):
    """A Bürger-Service-Station; `district` is the number of its Stadtbezirk."""

    key: str
    name: str
    district: int
    address: str | None


class FreeTimesOut(BaseModel):
    """The free starts at one station, in order."""

    station: str
    earliest: AwareDatetime | None
    starts: list[AwareDatetime]


@router.get("/services")
async def services(conn: Connection, now: Now) -> list[ServiceOut]:
    """All services that can be booked."""
    offer = await load_offer(conn, now.astimezone(BERLIN).date())
    return [ServiceOut.model_validate(each, from_attributes=True) for each in offer.services]


@router.get("/stations")
async def stations(conn: Connection, now: Now) -> list[StationOut]:
    """All stations."""
    offer = await load_offer(conn, now.astimezone(BERLIN).date())
    return [StationOut.model_validate(each, from_attributes=True) for each in offer.stations]


@router.get("/free-times", responses=problems(422))
async def free_times(
    conn: Connection,
    now: Now,
    service: CurrentService,
    services: Annotated[
        list[Key], Query(min_length=1, max_length=5, description="Keys of services, of one appointment.")
    ],
    station: Annotated[Key | None, Query(description="A station's key; left out, all stations.")] = None,
    first_day: Annotated[date | None, Query(description="Today where left out.")] = None,
    days: Annotated[int, Query(ge=1, le=31)] = 7,
) -> list[FreeTimesOut]:
    """The free times for an appointment with these services, per station."""
    today = now.astimezone(BERLIN).date()
    offer = await load_offer(conn, today, station, services)
    if not offer.stations or len(offer.services) != len(set(services)):
        raise UnknownChoice
    grid = grid_of(service.city)
    start = min(max(first_day or today, today), grid.last_day(now) + timedelta(days=1))
    wanted = [start + timedelta(days=offset) for offset in range(days)]
    free = await load_free_times(conn, offer.stations, wanted, grid.slots_for(offer.services), grid, now)
    return [
        FreeTimesOut(station=key, earliest=starts[0] if starts else None, starts=starts) for key, starts in free.items()
    ]
