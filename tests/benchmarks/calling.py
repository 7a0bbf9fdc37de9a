"""Calling the next number at twenty counters of one station, against the bare statement that decides who it is."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import asyncpg

from services.appointments.offer.queries import load_offer_on
from services.appointments.queue import counter as counters
from services.appointments.queue.calling import _CALL_NEXT
from services.appointments.queue.facts import particulars_of
from services.appointments.settings import Settings
from shared.act import Act
from shared.auth import EVERY_STATION, Caller
from shared.tools import Tools
from tests.benchmarks.rows import Row, compare, percentile, remark
from tests.benchmarks.site import Site
from tests.benchmarks.statement import row
from tests.support.days import now

AIM = 0.4
COUNTERS = [f"busy-{number}" for number in range(1, 21)]

_COUNTERS = "insert into counters (key, station, number) select 'busy-' || n, 'mitte', n from generate_series(1, 20) n"
_TICKETS = """
    insert into tickets (id, version, status, station, day, number, services, language, particulars, to_be_told,
                         issued_at)
    select gen_random_uuid(), 1, 'waiting', 'mitte', $1, 'A ' || n, '{meldebescheinigung}', 'de', $2, false,
           cast($3 as timestamptz) - n * interval '1 second'
    from generate_series(1, cast($4 as integer)) n
"""
_FREE = (
    "update tickets set status = 'closed', outcome = 'served', closed_at = now() where counter = $1 and outcome is null"
)

Call = Callable[[str], Awaitable[bool]]


async def call_next(site: Site) -> list[Row]:
    """All counters call until nobody waits; a person called is gone at once, which is not measured."""
    ours: list[float] = []
    bare: list[float] = []
    waits: list[float] = []
    for _ in range(site.sizes.rounds):
        bare.append(_rate(await _bare(site)))
        waits += (found := await _ours(site))
        ours.append(_rate(found))
    return [
        compare("call next at 20 counters", "calls/s", ours, bare, AIM),
        remark("call next at 20 counters, p99", f"{percentile(waits, 0.99) * 1000:.1f} ms"),
    ]


def _rate(seconds: list[float]) -> float:
    """Calls a second, of as many as are under way at once."""
    return len(COUNTERS) * len(seconds) / sum(seconds)


async def _ours(site: Site) -> list[float]:
    """What the API and the page do: the call, its fact, the entry in the audit log, one transaction."""
    async with site.database("appointments") as database:
        tools = Tools(Settings(database=database, pool_size=len(COUNTERS)))
        who = Caller(subject="clerk", roles=frozenset({"appointments:staff"}), stations=frozenset({EVERY_STATION}))

        async def call(counter: str) -> bool:
            async with tools.db.transaction() as conn:
                return await counters.call(Act(conn, tools, now(), who), counter) is not None

        seconds = await _all_call(site, database, call)
        await tools.db.close()
        return seconds


async def _bare(site: Site) -> list[float]:
    """The statement, in a transaction of its own."""
    async with site.database("appointments") as database:
        pool = await asyncpg.create_pool(database, min_size=len(COUNTERS), max_size=len(COUNTERS))

        async def call(counter: str) -> bool:
            moment = now()
            values = {"counter": counter, "day": moment.date(), "now": moment}
            async with pool.acquire() as conn, conn.transaction():
                return await row(conn, _CALL_NEXT, values) is not None

        seconds = await _all_call(site, database, call)
        await pool.close()
        return seconds


async def _all_call(site: Site, database: str, call: Call) -> list[float]:
    """How long each call took, with all counters at it at once."""
    await _prepare(database, site.sizes.calls)
    others = await asyncpg.create_pool(database, min_size=4, max_size=4)
    seconds: list[float] = []

    async def calls_until_nobody_waits(counter: str) -> None:
        while True:
            begun = time.perf_counter()
            if not await call(counter):
                return
            seconds.append(time.perf_counter() - begun)
            await others.execute(_FREE, counter)

    await asyncio.gather(*map(calls_until_nobody_waits, COUNTERS))
    await others.close()
    if len(seconds) != site.sizes.calls:
        raise RuntimeError(f"{len(seconds)} calls for {site.sizes.calls} tickets.")
    return seconds


async def _prepare(database: str, count: int) -> None:
    moment = now()
    day = moment.date()
    tools = Tools(Settings(database=database))
    async with tools.db.transaction() as conn:
        offer = await load_offer_on(conn, day, "mitte", ["meldebescheinigung"])
    await tools.db.close()
    conn = await asyncpg.connect(database)
    await conn.execute(_COUNTERS)
    await conn.execute(_TICKETS, day, particulars_of(offer, moment).model_dump_json(), moment, count)
    await conn.close()
