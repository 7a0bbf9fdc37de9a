"""Topics as operators run them: partitions added later, and records of any size a topic takes."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from shared import kafka
from shared.events.registry import type_of
from shared.kafka import Envelope, first_partitions
from shared.runtime import Role
from tests.shared.consuming import Effects, configure
from tests.shared.kit import Bench, notice
from tests.shared.records import Strange, as_headers, produce_strange
from tests.shared.relaying import assert_complete_and_in_order, drained
from tests.support.wait import eventually

BOTH = {Role.RELAY, Role.CONSUME}
LIMIT = 1024 * 1024 + 12
"""Kafka's `max.message.bytes`, unless changed."""


def test_partitions_added_later_move_no_key_and_all_there_were_are_used(caplog: pytest.LogCaptureFixture) -> None:
    keys = [uuid4().bytes for _ in range(500)]
    choose, same = first_partitions(4), first_partitions(12)
    before = [choose(key, range(4), range(4)) for key in keys]
    assert [choose(key, [5, 3, 0, 1, 4, 2], range(6)) for key in keys] == before
    assert [same(key, range(4), range(4)) for key in keys] == before, "a topic may have fewer than are asked for"
    assert set(before) == {0, 1, 2, 3}
    told = [each.msg for each in caplog.records if isinstance(each.msg, dict)]
    assert [(each["event"], each["partitions"], each["used"]) for each in told] == [("partitions_not_used", 6, 4)]


async def test_partitions_added_while_services_run_part_no_aggregate_and_are_consumed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "METADATA_AGE", 1.0)
    effects = Effects()
    aggregates = [uuid4() for _ in range(30)]
    async with bench.running(BOTH, reactions=effects.reactions) as runtime:
        await bench.record(*[notice(each, 1, "first") for each in aggregates])
        await bench.until_applied("first", len(aggregates))
        admin = AIOKafkaAdminClient(bootstrap_servers=bench.platform.kafka)
        await admin.start()
        await admin.create_partitions({bench.topic: NewPartitions(8)})
        await admin.close()
        newest = TopicPartition(bench.topic, 7)
        await eventually(lambda: newest in runtime.consumer._consumer.assignment(), timeout=60)  # type: ignore[union-attr]
        await bench.record(*[notice(each, 2, "second") for each in aggregates])
        await bench.until_applied("second", len(aggregates))
        foreign = Strange(notice(purpose="added").model_dump_json().encode(), as_headers(uuid4()))
        await produce_strange(bench, [foreign], partition=7)
        await bench.until_applied("added")
        records = await bench.records(bench.topic, expected=61)
    ours = [each for each in records if each.key]
    assert_complete_and_in_order(ours, dict.fromkeys(aggregates, 2))
    assert {each.partition for each in ours} <= {0, 1, 2, 3}


def padded(size: int) -> Any:
    """A fact whose batch on the wire is that many bytes, as far as its time has microseconds."""

    def wire(fact: Any) -> int:
        builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 100 * LIMIT)
        headers = Envelope(
            service="notifications",
            event_id=uuid4(),
            cause=None,
            type=type_of(type(fact)),
            schema_version=1,
            aggregate=fact.id,
            occurred_at=datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        ).headers({})
        body = fact.model_dump_json().encode()
        builder.append(0, timestamp=1, key=fact.id.bytes, value=body, headers=headers)
        return int(builder.size())

    near = size - 10_000
    return notice(purpose="x" * (near + size - wire(notice(purpose="x" * near))))


@pytest.mark.parametrize("limit", [LIMIT, 5 * LIMIT])
async def test_the_largest_fact_a_topic_takes_arrives_and_one_byte_more_is_parked(bench: Bench, limit: int) -> None:
    """Also where an operator raised the limit, beyond what is fetched of a partition at once."""
    await configure(bench, "max.message.bytes", str(limit))
    largest, too_large = padded(limit), padded(limit + 1)
    await bench.record(too_large, notice(purpose="good"), largest, notice(purpose="last"))
    effects = Effects()
    async with bench.running(BOTH, reactions=effects.reactions):
        await drained(bench)
        await bench.until_applied(largest.notice.purpose)
        await bench.until_applied("last")
    [refused] = await bench.rows("select aggregate from outbox where refused is not null")
    assert refused.aggregate == too_large.id
    assert "good" in await bench.effects()
