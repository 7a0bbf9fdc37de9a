"""The consumer with its inbox against bare aiokafka with the same SQL."""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from services.notifications.settings import Settings
from shared.act import Act
from shared.db import after_commit
from shared.events.appointments import AppointmentBooked
from shared.events.base import Received
from shared.events.registry import topic_of
from shared.inbox import _ENTER
from shared.kafka import consumer_settings
from shared.runtime import Parts, Role, application
from shared.settings import Platform
from shared.statements import Statement
from shared.tools import Tools
from tests.benchmarks.facts import booked, publish
from tests.benchmarks.rows import Row, compare
from tests.benchmarks.site import Site
from tests.benchmarks.statement import row, rows

AIM = 0.7
BATCH = 500

_TABLE = "create table effects (id uuid primary key, version int not null, starts_at timestamptz not null)"
_EFFECT = Statement("""
    insert into effects (id, version, starts_at) values (:id, :version, :starts_at)
    on conflict (id) do update set version = excluded.version, starts_at = excluded.starts_at
    where effects.version < excluded.version
""")


async def consumer_with_inbox(site: Site) -> list[Row]:
    """Facts wait in Kafka; each batch is one transaction: its inbox rows, and an effect per fact."""
    platform = await site.platform()
    await publish(platform, [booked(number) for number in range(site.sizes.facts)])
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(site.sizes.rounds):
        for measure, rates in ((_bare, bare), (_ours, ours)):
            async with site.database("notifications") as database:
                await _prepare(database)
                rates.append(site.sizes.facts / await measure(platform, database, site.sizes.facts))
                await _check(database, site.sizes.facts)
    return [compare("consumer with inbox", "facts/s", ours, bare, AIM)]


async def _prepare(database: str) -> None:
    conn = await asyncpg.connect(database)
    await conn.execute(_TABLE)
    await conn.close()


async def _check(database: str, count: int) -> None:
    conn = await asyncpg.connect(database)
    found = await conn.fetchrow("select (select count(*) from inbox) inbox, (select count(*) from effects) effects")
    await conn.close()
    if tuple(found) != (count, count):
        raise RuntimeError(f"{count} facts, {found['inbox']} in the inbox, {found['effects']} effects.")


def _values(fact: AppointmentBooked) -> dict[str, object]:
    return {"id": fact.id, "version": fact.version, "starts_at": fact.appointment.starts_at}


async def _ours(platform: Platform, database: str, count: int) -> float:
    """The seconds from the first effect to the last commit."""
    started = 0.0
    applied = 0
    done = asyncio.Event()

    async def react(act: Act, received: Received[AppointmentBooked]) -> None:
        nonlocal started, applied
        started = started or time.perf_counter()
        await _EFFECT.run(act.conn, _values(received.fact))
        applied += 1
        if applied == count:
            after_commit(act.conn, done.set)

    # A group is a prefix and a name: a prefix of its own would hide the facts, so each round reads as another service.
    tools = Tools(Settings(platform=platform, database=database))
    tools.name = f"notifications-{time.time_ns()}"
    app = application(tools, frozenset({Role.CONSUME}), Parts(reactions={AppointmentBooked: react}))
    async with app.router.lifespan_context(app):
        await asyncio.wait_for(done.wait(), 120)
        return time.perf_counter() - started


async def _bare(platform: Platform, database: str, count: int) -> float:
    """The seconds from the first effect to the last commit."""
    group = f"bare-{time.time_ns()}"
    consumer = AIOKafkaConsumer(
        topic_of(platform.topic_prefix, AppointmentBooked),
        bootstrap_servers=platform.kafka,
        group_id=group,
        enable_auto_commit=False,
        **consumer_settings(),
    )
    conn = await asyncpg.connect(database, server_settings={"jit": "off"})
    await consumer.start()
    started = 0.0
    try:
        while count > 0:
            batches = await consumer.getmany(timeout_ms=500, max_records=BATCH)
            facts = _read([record for batch in batches.values() for record in batch])
            if not facts:
                continue
            async with conn.transaction():
                fresh = await rows(conn, _ENTER, {"consumer": group, "event_ids": sorted(facts)})
                started = started or time.perf_counter()
                for each in fresh:
                    await row(conn, _EFFECT, _values(facts[each["event_id"]]))
            count -= len(facts)
            await consumer.commit()
        return time.perf_counter() - started
    finally:
        await consumer.stop()
        await conn.close()


def _read(records: Sequence[ConsumerRecord]) -> dict[UUID, AppointmentBooked]:
    return {
        UUID(dict(record.headers)["ce_id"].decode()): AppointmentBooked.model_validate_json(record.value)
        for record in records
    }
