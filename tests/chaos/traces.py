"""Reading what a run left outside of the databases: in the topics, and with the far ends."""

import asyncio
import json
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.far_ends.records import ReportKind
from deploy.local.far_ends.store import Store
from shared.events.registry import FACTS, topics_of
from shared.records import headers_as_text
from tests.chaos.city import PARTITIONS, City
from tests.chaos.history import Arrived, Logged

BAD_RECEIPTS = frozenset({"FAILED", "EXPIRED", "NOTDELIVERED", "REJECTED"})


async def read_log(city: City) -> list[Logged]:
    """Every record of every topic of facts, from the first on."""
    topics = topics_of(city.prefix, FACTS)
    partitions = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=city.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[Logged] = []
        async with asyncio.timeout(60):
            while any([await consumer.position(each) < ends[each] for each in partitions]):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += map(_logged, records)
        return found
    finally:
        await consumer.stop()


def _logged(record: Any) -> Logged:
    headers = headers_as_text(record.headers)
    return Logged(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        UUID(str(headers["ce_id"])),
        str(headers["ce_type"]),
        UUID(str(headers["ce_subject"])),
        json.loads(record.value)["version"],
        record.value,
    )


def last_arrival(city: City) -> int:
    """The number of the message the far ends got last."""
    return max((each.number for each in _read_far_ends(city)[0]), default=0)


def read_arrived(city: City, after: int) -> list[Arrived]:
    """What the far ends accepted after the message of a number."""
    accepted, bad_news = _read_far_ends(city)
    return [
        Arrived(each.reference, each.channel.value, each.recipient, each.number in bad_news)
        for each in accepted
        if each.number > after
    ]


def _read_far_ends(city: City) -> tuple[list[Any], set[int | None]]:
    """What was accepted, and the numbers of those a failure was reported of."""
    store = Store(city.folder)
    try:
        reports = store.reports()
        bad = {each.message for each in reports if each.kind is ReportKind.BOUNCE or each.detail in BAD_RECEIPTS}
        return store.accepted(), bad
    finally:
        store.close()
