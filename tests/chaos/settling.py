"""Waiting, within limits, until nothing moves any more."""

import asyncio
import time
from collections.abc import Iterable
from datetime import timedelta
from importlib import import_module

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local.far_ends.store import Store
from services.notifications.delivery.domain import LOOK_UPS
from shared.events.base import Fact
from shared.events.registry import topics_of
from shared.settings import SERVICES
from tests.chaos.city import PARTITIONS, City

_WAITING = "select count(*) from outbox where published_at is null and refused is null"
_DUE = """
    select count(*) from due_work
    where due_at <= case kind when 'send' then cast($1 as timestamptz) + $2 else $1 end and kind <> 'housekeeping'
"""
_SOON = "select count(*) from due_work where kind in ('send', 'look-up') and due_at <= $1"
_OPEN = "select count(*) from messages where state in ('waiting', 'sending', 'checking', 'accepted')"
LATER_DAYS = 5
SOON = timedelta(minutes=5)
NEXT_TRY = timedelta(seconds=2)
"""A message that is to be tried again so soon is on its way: the longest pause of a run is shorter."""
RECEIPTS_GIVEN_UP = timedelta(hours=73)


async def settle(city: City, patience: float) -> list[str]:
    """Let a run come to its end: what is due is done, then reminders, later days and receipts, repeated questions.

    Returns:
        What still moved after `patience` seconds for each of them; nothing if all came to rest.
    """
    moving = await _silence(city, patience)
    if city.now < city.reminder_time:
        city.move_to(city.reminder_time + timedelta(seconds=5))
        moving += await _silence(city, patience)
    for _ in range(LATER_DAYS):
        city.move_to(max(city.now, city.day + timedelta(hours=9)) + RECEIPTS_GIVEN_UP)
        moving += await _silence(city, patience)
        if not await _open(city):
            break
    for _ in range(LOOK_UPS):
        if not await _soon(city):
            break
        city.move_to(city.now + SOON)
        moving += await _silence(city, patience)
    return moving


async def until_quiet(city: City, timeout: float) -> None:
    """Wait until nothing moves; fail if something still does after so many seconds."""
    moving = await _silence(city, timeout)
    assert not moving, moving


async def _silence(city: City, patience: float) -> list[str]:
    """Wait until nothing moves in two looks one after another."""
    end = time.monotonic() + patience
    quiet = 0
    while True:
        found = await _moving(city)
        quiet = 0 if found else quiet + 1
        if quiet == 2:
            return []
        if time.monotonic() > end:
            return [f"after {patience:g} s there still are {each}" for each in found]
        await asyncio.sleep(0.3)


async def _open(city: City) -> int:
    """How many messages have not ended: those about another day are due later."""
    conn = await asyncpg.connect(city.databases["notifications"], timeout=10)
    try:
        return int(await conn.fetchval(_OPEN))
    finally:
        await conn.close()


async def _soon(city: City) -> int:
    """How many messages will be tried or asked about again in the next minutes."""
    conn = await asyncpg.connect(city.databases["notifications"], timeout=10)
    try:
        return int(await conn.fetchval(_SOON, city.now + SOON))
    finally:
        await conn.close()


async def _moving(city: City) -> list[str]:
    found = []
    for service, url in city.databases.items():
        conn = await asyncpg.connect(url, timeout=10)
        try:
            if waiting := await conn.fetchval(_WAITING):
                found.append(f"{waiting} facts in the outbox of {service}")
            if due := await conn.fetchval(_DUE, city.now, NEXT_TRY):
                found.append(f"{due} pieces of due work in {service}")
        finally:
            await conn.close()
    for service, lag in (await _lags(city)).items():
        if lag:
            found.append(f"{lag} facts not read by {service}")
    store = Store(city.folder)
    if pending := store.counts()["pending"]:
        found.append(f"{pending} reports of the far ends")
    store.close()
    return found


async def _lags(city: City) -> dict[str, int]:
    """How many records of what it consumes each service has not committed; one that never did has read nothing."""
    consumed = {
        service: _partitions(city, import_module(f"services.{service}.consumers").REACTIONS) for service in SERVICES
    }
    consumer, admin = (
        AIOKafkaConsumer(bootstrap_servers=city.bootstrap),
        AIOKafkaAdminClient(bootstrap_servers=city.bootstrap),
    )
    try:
        await consumer.start()
        await admin.start()
        ends = await consumer.end_offsets({each for partitions in consumed.values() for each in partitions})
        lags = {}
        for service, partitions in consumed.items():
            committed = await admin.list_consumer_group_offsets(f"{city.prefix}.{service}")
            read = {partition: max(0, offset.offset) for partition, offset in committed.items()}
            lags[service] = sum(ends[each] - read.get(each, 0) for each in partitions)
        return lags
    except (KafkaError, OSError) as error:
        return {f"anybody ({type(error).__name__})": 1}
    finally:
        await consumer.stop()
        await admin.close()


def _partitions(city: City, facts: Iterable[type[Fact]]) -> list[TopicPartition]:
    topics = topics_of(city.prefix, facts)
    return [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
