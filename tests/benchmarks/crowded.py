"""What a full database costs: free times in a full year against an empty one, bookings among a million others."""

import time
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx

from shared.city import City
from tests.benchmarks.booking import WARM_UP, bookings
from tests.benchmarks.crowd import fill, opening
from tests.benchmarks.rows import Row, at_most_times, compare, percentile
from tests.benchmarks.site import Site
from tests.support.days import now

AIM_FREE_TIMES = 1.2
AIM_BOOKING = 0.95
TAKEN = 0.68
"""How much of each day 280,000 appointments a year take at Duisburg's counters."""

QUESTIONS = {
    "all stations, a week": "/free-times?services=meldebescheinigung",
    "one station, a week": "/free-times?services=meldebescheinigung&station=mitte",
    "the earliest of each station": "/earliest?services=meldebescheinigung",
}


async def free_times_in_a_full_year(site: Site) -> list[Row]:
    """The same questions to two services in turn, one at a time: one with an empty year, one with a full one."""
    city = City.load("duisburg")
    async with AsyncExitStack() as stack:
        addresses = {}
        for name in ("full", "empty"):
            database = await stack.enter_async_context(site.database("appointments"))
            if name == "full":
                await fill(database, site.sizes.year, opening(city.bookable_days), TAKEN)
            platform = await site.platform()
            running = site.service("appointments", platform, database, roles="http")
            addresses[name], _ = await stack.enter_async_context(running)
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=20))
        rows = []
        for question, path in QUESTIONS.items():
            waits: dict[str, list[float]] = {name: [] for name in addresses}
            for turn in range(site.sizes.looks):
                day = now().date() + timedelta(days=turn % (city.bookable_days - 6))
                for name, address in addresses.items():
                    begun = time.perf_counter()
                    answer = await client.get(f"{address}/appointments/api/v1{path}&first_day={day}")
                    waits[name].append((time.perf_counter() - begun) * 1000)
                    answer.raise_for_status()
            for share in (0.5, 0.99):
                full, empty = (percentile(waits[name][3:] or waits[name], share) for name in ("full", "empty"))
                what = f"free times, {question}, p{share * 100:.0f}: {site.sizes.year:,} appointments against none"
                rows.append(at_most_times(what, "ms", full, empty, AIM_FREE_TIMES))
        return rows


async def booking_among_a_million(site: Site) -> list[Row]:
    """Two services loaded in turn with the same bookings: one alone, one among a million others."""
    crowded: list[float] = []
    alone: list[float] = []
    async with AsyncExitStack() as stack:
        urls = {}
        for name in ("crowded", "alone"):
            database = await stack.enter_async_context(site.database("appointments"))
            if name == "crowded":
                await fill(database, site.sizes.million, opening(-1))
            running = site.service("appointments", await site.platform(), database, roles="http,relay")
            address, _ = await stack.enter_async_context(running)
            urls[name] = f"{address}/appointments/api/v1/appointments"
        rounds = site.sizes.rounds
        bodies = await bookings(database, WARM_UP + rounds * site.sizes.bookings)
        for url in urls.values():
            await site.load(url, bodies[:WARM_UP])
        for turn in range(rounds):
            begin = WARM_UP + turn * site.sizes.bookings
            for name, rates in (("crowded", crowded), ("alone", alone)):
                load = await site.load(urls[name], bodies[begin : begin + site.sizes.bookings])
                rates.append(load.rate)
    what = f"booking with {site.sizes.million:,} appointments there against none"
    return [compare(what, "bookings/s", crowded, alone, AIM_BOOKING)]
