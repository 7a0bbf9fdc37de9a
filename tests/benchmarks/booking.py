"""Booking over HTTP against a bare FastAPI + asyncpg handler that runs the same statements."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from deploy.local.processes import free_port
from services.appointments.offer.domain import Kind, Station, able, of_kind, slots_on
from services.appointments.offer.queries import grid_of, load_offer_on
from shared.city import City
from shared.db import Database
from tests.benchmarks.rows import Row, compare, remark
from tests.benchmarks.site import Load, Site
from tests.support.days import now

AIM = 0.6
WARM_UP = 200
DAYS_AHEAD = 4
SERVICE = "meldebescheinigung"


async def booking_over_http(site: Site) -> list[Row]:
    """Both servers in a process of their own, on a database of their own, loaded in turn with the same bookings."""
    ours: list[Load] = []
    bare: list[Load] = []
    for _ in range(site.sizes.rounds):
        bare.append(await _bare(site))
        ours.append(await _ours(site))
    return [
        compare("booking over HTTP", "bookings/s", [load.rate for load in ours], [load.rate for load in bare], AIM),
        remark("load client, share of a core", f"{max(load.cpu / load.seconds for load in [*ours, *bare]):.0%}"),
    ]


async def _ours(site: Site) -> Load:
    async with (
        site.database("appointments") as database,
        site.service("appointments", await site.platform(), database, roles="http,relay") as (address, _),
    ):
        return await _measure(site, f"{address}/appointments/api/v1/appointments", database)


async def _bare(site: Site) -> Load:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = ["tests.benchmarks.bare_booking", str(port)]
    async with (
        site.database("appointments") as database,
        site.process("bare", [*command, database], f"{address}/ready", {}),
    ):
        return await _measure(site, f"{address}/appointments", database)


async def _measure(site: Site, url: str, database: str) -> Load:
    bodies = await bookings(database, WARM_UP + site.sizes.bookings)
    await site.load(url, bodies[:WARM_UP])
    return await site.load(url, bodies[WARM_UP:])


async def bookings(database: str, count: int) -> list[dict[str, Any]]:
    """As many bookings as asked for, each of which finds a seat; neighbours want different times."""
    times = list(islice(_times(await _stations(database)), count))
    if len(times) < count:
        raise ValueError(f"There are only {len(times)} seats to book.")
    return [
        {
            "time": {"station": station, "services": [SERVICE], "starts_at": start.isoformat()},
            "person": {"name": "Anna Muster", "mail": f"anna+{number}@example.org", "channels": ["mail"]},
        }
        for number, (station, start) in enumerate(times)
    ]


async def _stations(database: str) -> list[Station]:
    connected = Database(database, pool_size=2)
    async with connected.transaction() as conn:
        offer = await load_offer_on(conn, now().date(), services=[SERVICE])
    await connected.close()
    return of_kind(able(offer.stations, offer.services), Kind.COUNTER)


def _times(stations: list[Station]) -> Iterator[tuple[str, datetime]]:
    """Every seat once: all starts of all stations for their first counter, then for their second, and so on."""
    grid = grid_of(City.load("duisburg"))
    today = now().date()
    days = [today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD, grid.days_ahead)]
    for counter in range(max(len(station.counters) for station in stations)):
        for day in days:
            open_now = [station for station in stations if counter < len(station.counters)]
            starts = [
                (start, station.key)
                for station in open_now
                for start, open_counters in slots_on(station, day, grid).items()
                if counter < open_counters
            ]
            yield from ((key, start) for start, key in sorted(starts))
