"""The relay: nothing lost, order kept per aggregate, one leader, whatever is killed or frozen."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from sqlalchemy import text

from shared import relay
from shared.runtime import Role
from shared.telemetry import Metrics
from shared.tools import Tools
from shared.wakeup import Wakeup
from tests.shared.kit import Bench, make_bench, notice
from tests.shared.relaying import assert_complete_and_in_order, drained, unpublished
from tests.support.forked import Forked
from tests.support.wait import eventually

RELAY = {Role.RELAY}


async def write(bench: Bench, aggregates: int, versions: int, pause: float = 0) -> dict[UUID, int]:
    """Record `versions` facts for each aggregate, in order, with several writers at once."""
    tools = Tools(bench.settings)
    ids = [uuid4() for _ in range(aggregates)]

    async def writer(aggregate: UUID) -> None:
        for version in range(1, versions + 1):
            async with tools.db.transaction() as conn:
                await tools.outbox.record(conn, notice(aggregate, version))
            await asyncio.sleep(pause)

    await asyncio.gather(*[writer(aggregate) for aggregate in ids])
    await tools.db.close()
    return dict.fromkeys(ids, versions)


@contextlib.asynccontextmanager
async def relay_process(bench: Bench, folder: Path) -> AsyncIterator[Forked]:
    """A relay of its own process, ended with the block."""
    command = [sys.executable, "-m", "tests.shared.relay_process", bench.settings.database, bench.platform.kafka]
    process = Forked("relay", folder)
    await asyncio.to_thread(process.spawn, command)
    try:
        yield process
    finally:
        process.kill()


async def published(bench: Bench) -> int:
    [row] = await bench.rows("select count(*) from outbox where published_at is not null")
    return int(row[0])


async def test_facts_reach_kafka_with_their_cloudevents_attributes(bench: Bench) -> None:
    tools = Tools(bench.settings)
    first, second = notice(), notice()
    async with tools.db.transaction() as conn:
        cause = await tools.outbox.record(conn, first)
        await tools.outbox.record(conn, second, cause=cause)
    await tools.db.close()
    async with bench.running(RELAY):
        records = await bench.records(bench.topic, expected=2)
    by_id = {UUID(bytes=record.key): dict(record.headers) for record in records}
    start, follow = by_id[first.id], by_id[second.id]
    assert start["ce_specversion"] == b"1.0"
    assert start["ce_type"] == b"de.nahbar.notifications.NotificationDelivered"
    assert start["ce_source"] == b"/nahbar/notifications"
    assert start["ce_subject"].decode() == str(first.id)
    assert start["content-type"] == b"application/json"
    assert start["ce_id"] == start["ce_cause"] == follow["ce_cause"] != follow["ce_id"]


async def test_a_rolled_back_transaction_publishes_nothing(bench: Bench) -> None:
    tools = Tools(bench.settings)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block is the transaction
        async with tools.db.transaction() as conn:
            await tools.outbox.record(conn, notice())
            raise ZeroDivisionError
    async with tools.db.transaction() as conn:
        await tools.outbox.record(conn, notice(purpose="kept"))
    await tools.db.close()
    async with bench.running(RELAY):
        records = await bench.records(bench.topic, expected=1)
    assert len(records) == 1


async def test_a_version_can_be_recorded_only_once(bench: Bench) -> None:
    fact = notice()
    await bench.record(fact)
    with pytest.raises(Exception, match="duplicate key"):
        await bench.record(fact)


async def test_kill_9_loses_nothing_and_keeps_the_order(bench: Bench, tmp_path: Path) -> None:
    writing = asyncio.create_task(write(bench, aggregates=20, versions=60, pause=0.05))

    async def has_published_more() -> bool:
        return await published(bench) > before or writing.done()

    for _ in range(4):
        before = await published(bench)
        async with relay_process(bench, tmp_path) as process:
            await eventually(has_published_more)
            process.kill()
    expected = await writing
    async with bench.running(RELAY):
        await drained(bench)
    assert_complete_and_in_order(await bench.records(bench.topic, expected=1200), expected)


async def test_a_frozen_relay_loses_the_lead_and_breaks_no_order_when_it_thaws(bench: Bench, tmp_path: Path) -> None:
    async with relay_process(bench, tmp_path) as frozen:
        first = await write(bench, aggregates=5, versions=5)
        await drained(bench)
        frozen.pause()
        writing = asyncio.create_task(write(bench, aggregates=5, versions=20, pause=0.9))
        async with bench.running(RELAY) as runtime:
            await eventually(lambda: runtime.tools.metrics.leading._value.get() == 1, timeout=25)
            await asyncio.sleep(4)
            frozen.resume()
            second = await writing
            await drained(bench)
    assert_complete_and_in_order(await bench.records(bench.topic, expected=125), first | second)


async def test_of_two_relays_one_leads_and_the_other_follows_it(bench: Bench) -> None:
    async with bench.running(RELAY) as one:
        await eventually(lambda: one.tools.metrics.leading._value.get() == 1)
        async with bench.running(RELAY) as two:
            expected = await write(bench, aggregates=10, versions=20)
            await drained(bench)
            assert (one.tools.metrics.leading._value.get(), two.tools.metrics.leading._value.get()) == (1, 0)
            assert two.tools.metrics.published._value.get() == 0
    records = await bench.records(bench.topic, expected=200)
    assert len(records) == 200
    assert_complete_and_in_order(records, expected)


async def test_a_backlog_of_many_batches_is_sent_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is marked while the next is sent, so the next leaves it out."""
    monkeypatch.setattr(relay, "BATCH", 10)
    expected = await write(bench, aggregates=4, versions=10)
    async with bench.running(RELAY):
        await bench.records(bench.topic, expected=40)
    assert await unpublished(bench) == 0
    async with bench.running(RELAY):
        await bench.record(notice())
        await drained(bench)
    records = await bench.records(bench.topic, expected=41)
    assert len(records) == 41
    assert_complete_and_in_order([each for each in records if UUID(bytes=each.key) in expected], expected)


async def test_what_was_sent_when_the_relay_is_told_to_stop_is_marked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BATCH", 10)
    await write(bench, aggregates=4, versions=10)
    stopping, publish = asyncio.Event(), relay.Relay._publish

    async def publish_and_stop(*given: Any) -> Sequence[int]:
        published = await publish(*given)
        stopping.set()
        return published

    monkeypatch.setattr(relay.Relay, "_publish", publish_and_stop)
    metrics = Metrics("notifications")
    await relay.Relay("notifications", bench.settings.database, bench.platform, Wakeup(), metrics).run(stopping)
    assert await unpublished(bench) == 30
    assert len(await bench.records(bench.topic, expected=10)) == 10


async def test_a_row_too_large_for_kafka_is_parked_and_holds_nobody_up(bench: Bench) -> None:
    aggregate = uuid4()
    await bench.record(
        notice(aggregate, 1), notice(aggregate, 2, purpose="x" * 2_000_000), notice(aggregate, 3), notice()
    )
    async with bench.running(RELAY) as runtime:
        await drained(bench)
        assert runtime.tools.metrics.refused._value.get() == 1
    assert len(await bench.records(bench.topic, expected=3)) == 3
    assert [row.version for row in await bench.rows("select version from outbox where refused is not null")] == [2]


async def test_a_row_the_broker_refuses_is_found_in_its_batch_and_parked(bench: Bench) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bench.platform.kafka)
    await admin.start()
    limit = ConfigResource(ConfigResourceType.TOPIC, bench.topic, {"max.message.bytes": "20000"})
    await admin.alter_configs([limit])
    await admin.close()
    facts = [notice() for _ in range(10)]
    await bench.record(*facts[:5], notice(purpose="x" * 60_000), *facts[5:])
    async with bench.running(RELAY):
        await drained(bench)
    assert len(await bench.records(bench.topic, expected=10)) == 10
    [refused] = await bench.rows("select refused from outbox where refused is not null")
    assert refused[0] == "MessageSizeTooLargeError"


async def test_while_kafka_is_away_facts_wait_and_go_out_in_order_when_it_is_back(
    own_kafka: Any, stack: Any, topic_prefix: str
) -> None:
    bench = await make_bench(own_kafka.bootstrap, stack.url, topic_prefix)
    async with bench.running(RELAY) as runtime:
        first = await write(bench, aggregates=5, versions=5)
        await drained(bench)
        own_kafka.kill()
        second = await write(bench, aggregates=5, versions=30)
        await asyncio.sleep(2)
        assert await unpublished(bench) == 150
        assert runtime.stuck_loops() == []
        await asyncio.to_thread(own_kafka.start)
        await drained(bench, timeout=60)
    assert_complete_and_in_order(await bench.records(bench.topic, expected=175), first | second)


async def test_a_lost_database_connection_is_made_again(bench: Bench) -> None:
    async with bench.running(RELAY) as runtime:
        await eventually(lambda: runtime.tools.metrics.leading._value.get() == 1)
        async with runtime.tools.db.transaction() as conn:
            await conn.execute(
                text("""
                select pg_terminate_backend(pid) from pg_stat_activity
                where application_name = 'relay notifications' and datname = current_database()
            """)
            )
        expected = await write(bench, aggregates=2, versions=5)
        await drained(bench)
    assert_complete_and_in_order(await bench.records(bench.topic, expected=10), expected)
