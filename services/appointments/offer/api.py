"""The offer as JSON."""

from datetime import timedelta
from typing import Annotated

from fastapi import Query, Response
from pydantic import AwareDatetime, BaseModel, StringConstraints

from services.appointments.offer.days import load_earliest, load_earliest_by_service
from services.appointments.offer.domain import MOST_KEYS, Kind, Station, of_kind, staying
from services.appointments.offer.queries import Offer, grid_of, load_free_times, load_offer
from services.appointments.offer.refusals import check_choice
from shared.days import Day
from shared.http import CurrentAct, api_router, problems

router = api_router("/appointments/api/v1", "offer")

EARLIEST_MAX_AGE_S = 30

Key = Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z0-9-]+$")]
Keys = Annotated[
    list[Key],
    Query(
        min_length=1,
        max_length=MOST_KEYS,
        description="Keys of the services of one appointment, each as often as it is wanted.",
    ),
]
OneStation = Annotated[
    Key | None, Query(description="A station's key, or the id of a stop; left out, all stations with counters.")
]


class ServiceOut(BaseModel):
    """A service; names and things to bring by language (BCP 47), minutes and fee (in euro cents) for one of it.

    `most` is how many of it fit into one appointment, `stations` the keys of those that offer it; null means all with
    counters. `video` says whether it can be done by video too, `leika` is its key in the Leistungskatalog, where known.
    """

    key: str
    names: dict[str, str]
    bring: dict[str, list[str]]
    minutes: int
    fee_cents: int | None
    leika: str | None
    situation: str
    most: int
    stations: list[str] | None
    video: bool


class StationOut(BaseModel):
    """A Bürger-Service-Station; `district` is the number of its Stadtbezirk.

    The station of kind `video` is a virtual one for appointments by video; its district is 0. One of kind `stop` is the
    Bürgermobil, there for one day; its key is the stop's id, its address how to find it. `languages` are spoken at some
    counter besides German (BCP 47 tags).
    """

    key: str
    name: str
    district: int
    address: str | None
    kind: Kind
    languages: list[str]


class EarliestOut(BaseModel):
    """The earliest free start at one station; null where everything is taken."""

    station: str
    earliest: AwareDatetime | None


class ServiceEarliestOut(BaseModel):
    """The earliest free start for one service at each station that offers it."""

    service: str
    stations: list[EarliestOut]


class FreeTimesOut(BaseModel):
    """The free starts at one station, in order."""

    station: str
    earliest: AwareDatetime | None
    starts: list[AwareDatetime]


@router.get("/services")
async def services(act: CurrentAct) -> list[ServiceOut]:
    """All services that can be booked."""
    offer = await load_offer(act)
    return [ServiceOut.model_validate(each, from_attributes=True) for each in offer.services]


@router.get("/stations")
async def stations(act: CurrentAct) -> list[StationOut]:
    """All stations, and the stops to come that can be booked."""
    offer = await load_offer(act)
    return [StationOut.model_validate(each, from_attributes=True) for each in offer.stations]


@router.get("/earliest", responses=problems(422))
async def earliest(
    act: CurrentAct, response: Response, services: Keys, station: OneStation = None
) -> list[EarliestOut]:
    """The earliest free time for an appointment with these services, per station that offers them all."""
    offer = await load_offer(act, station, services)
    able, grid = _asked_for(offer, services, station), grid_of(act.tools.city)
    found = await load_earliest(act, able, grid.slots_for(offer.services))
    response.headers["Cache-Control"] = f"public, max-age={EARLIEST_MAX_AGE_S}"
    return [EarliestOut(station=key, earliest=start) for key, start in found.items()]


@router.get("/earliest/by-service")
async def earliest_by_service(act: CurrentAct, response: Response) -> list[ServiceEarliestOut]:
    """The earliest free time for each service alone, per station that offers it, stops left out; for other portals."""
    offer = await load_offer(act)
    found = await load_earliest_by_service(act, staying(offer.stations), offer.services)
    response.headers["Cache-Control"] = f"public, max-age={EARLIEST_MAX_AGE_S}"
    return [
        ServiceEarliestOut(
            service=key, stations=[EarliestOut(station=each, earliest=start) for each, start in stations.items()]
        )
        for key, stations in found.items()
    ]


@router.get("/free-times", responses=problems(422))
async def free_times(
    act: CurrentAct,
    services: Keys,
    station: OneStation = None,
    first_day: Annotated[Day | None, Query(description="Today where left out.")] = None,
    days: Annotated[int, Query(ge=1, le=31)] = 7,
) -> list[FreeTimesOut]:
    """The free times for an appointment with these services, per station that offers them all."""
    offer = await load_offer(act, station, services)
    able = _asked_for(offer, services, station)
    grid = grid_of(act.tools.city)
    start = min(max(first_day or act.today, act.today), grid.last_day(act.now) + timedelta(days=1))
    wanted = [start + timedelta(days=offset) for offset in range(days)]
    free = await load_free_times(act, able, wanted, grid.slots_for(offer.services))
    return [
        FreeTimesOut(station=key, earliest=starts[0] if starts else None, starts=starts) for key, starts in free.items()
    ]


def _asked_for(offer: Offer, services: list[str], station: str | None) -> list[Station]:
    """The stations to look at; appointments by video are another kind, and only asked for by their station."""
    found = check_choice(offer, services)
    return found if station else of_kind(found, Kind.COUNTER)
