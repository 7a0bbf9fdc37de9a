"""Draining the outbox against the bare producer, sending the same records with the same settings."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg

import shared.events
from shared.events.appointments import AppointmentBooked
from shared.events.registry import topic_of, type_of
from shared.kafka import new_producer
from shared.relay import Relay
from shared.settings import Platform
from shared.telemetry import Metrics
from shared.wakeup import Wakeup
from tests.benchmarks.facts import TRACE, booked, headers_of
from tests.benchmarks.rows import Row, compare
from tests.benchmarks.site import Site
from tests.support.wait import eventually

AIM = 0.75
APPOINTMENTS = 500
BODY = (Path(shared.events.__file__).parent / "examples" / "AppointmentBooked.v1.json").read_bytes()

_FILL = """
    insert into outbox (topic, type, schema_version, aggregate, version, body, headers, occurred_at)
    select $1, $2, 1, ($3::uuid[])[1 + number % $4], 1 + number / $4, $5, $6, clock_timestamp()
    from generate_series(0, $7 - 1) number
"""
_WAITS = "select exists (select from outbox where published_at is null)"


async def relay_drain(site: Site) -> list[Row]:
    """Facts of 500 appointments wait in the outbox; the relay is awake and connected, and so is the producer."""
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(site.sizes.rounds):
        bare.append(await _bare(await site.platform(), site.sizes.outbox))
        async with site.database("appointments") as database:
            ours.append(await _ours(await site.platform(), database, site.sizes.outbox))
    return [compare("relay drain", "facts/s", ours, bare, AIM)]


async def _bare(platform: Platform, count: int) -> float:
    topic, sample = topic_of(platform.topic_prefix, AppointmentBooked), booked()
    keys = [uuid4().bytes for _ in range(APPOINTMENTS)]
    records = [(keys[number % APPOINTMENTS], headers_of(sample)) for number in range(count)]
    producer = new_producer(platform)
    await producer.start()
    try:
        await producer.send_and_wait(topic, BODY, key=records[0][0], headers=records[0][1])
        started = time.perf_counter()
        sent = [await producer.send(topic, BODY, key=key, headers=headers) for key, headers in records]
        await asyncio.gather(*sent)
        return count / (time.perf_counter() - started)
    finally:
        await producer.stop()


async def _ours(platform: Platform, database: str, count: int) -> float:
    wakeup = Wakeup()
    conn = await asyncpg.connect(database)
    try:
        async with relaying(platform, database, wakeup):
            await _drain(conn, platform, wakeup, 1)
            return count / await _drain(conn, platform, wakeup, count)
    finally:
        await conn.close()


@asynccontextmanager
async def relaying(platform: Platform, database: str, wakeup: Wakeup) -> AsyncIterator[None]:
    """A relay at work."""
    stopping = asyncio.Event()
    relay = Relay("appointments", database, platform, wakeup, Metrics("appointments"))
    running = asyncio.create_task(relay.run(stopping))
    try:
        yield
    finally:
        stopping.set()
        await running


async def _drain(conn: "asyncpg.Connection", platform: Platform, wakeup: Wakeup, count: int) -> float:
    """Record facts in one transaction; the seconds from its commit until the relay has published them all."""
    topic, keys = topic_of(platform.topic_prefix, AppointmentBooked), [uuid4() for _ in range(APPOINTMENTS)]
    await conn.execute(_FILL, topic, type_of(AppointmentBooked), keys, APPOINTMENTS, BODY, json.dumps(TRACE), count)

    async def all_published() -> bool:
        return not await conn.fetchval(_WAITS)

    started = time.perf_counter()
    wakeup.set()
    await eventually(all_published, timeout=120, every=0.005)
    return time.perf_counter() - started
