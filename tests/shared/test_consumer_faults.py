"""Consuming while members come and go, and while Kafka or the database is away: every fact has its effect once."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from shared.act import Act
from shared.events.notifications import NotificationDelivered
from shared.runtime import Role
from tests.shared.kit import Bench, make_bench, notice
from tests.shared.records import as_headers, produce
from tests.support.stack import Backend
from tests.support.wait import eventually

CONSUME = {Role.CONSUME}


async def effect(act: Act, received: Any) -> None:
    """A reaction that takes a moment, so that a rebalance finds it at work."""
    await asyncio.sleep(0.002)
    await act.conn.execute(text("insert into effects values (:purpose)"), {"purpose": received.fact.notice.purpose})


REACTIONS: Any = {NotificationDelivered: effect}


async def publish(bench: Bench, *purposes: str) -> None:
    """Put facts into the topic, each with a key of its own, past any outbox."""
    facts = [notice(purpose=purpose) for purpose in purposes]
    await produce(bench, *[(fact.model_dump_json().encode(), as_headers(fact.id)) for fact in facts])


async def until_applied_once(bench: Bench, purposes: list[str]) -> None:
    """Wait for all effects, and see that none came twice and nothing was put aside."""

    async def all_applied() -> bool:
        return len(await bench.effects()) >= len(purposes)

    await eventually(all_applied, timeout=60, every=0.2)
    assert await bench.effects() == Counter(purposes)
    assert await bench.rows("select 1 from dead_letters") == []


async def test_members_come_and_go_and_every_fact_has_its_effect_once(bench: Bench) -> None:
    purposes: list[str] = []

    async def publish_more() -> None:
        more = [f"{uuid4()}" for _ in range(100)]
        await publish(bench, *more)
        purposes.extend(more)

    async with bench.running(CONSUME, reactions=REACTIONS) as first:
        await publish_more()
        async with bench.running(CONSUME, reactions=REACTIONS) as second:
            while not _handled(second.tools):
                assert len(purposes) < 20_000, "the second member gets no partitions"
                await publish_more()
        handled = _handled(first.tools)
        await publish_more()
        await until_applied_once(bench, purposes)
        assert _handled(first.tools) > handled


async def test_while_the_database_is_away_facts_wait(stack: Backend, own_postgres: Postgres, topic_prefix: str) -> None:
    bench = await make_bench(stack.bootstrap, own_postgres.url, topic_prefix)
    purposes = [f"{uuid4()}" for _ in range(60)]
    async with bench.running(CONSUME, reactions=REACTIONS) as runtime:
        await publish(bench, *purposes[:20])
        await eventually(lambda: _handled(runtime.tools) > 0)
        own_postgres.kill()
        await publish(bench, *purposes[20:40])
        await asyncio.sleep(2)
        assert runtime.stuck_loops() == []
        await asyncio.to_thread(own_postgres.start)
        await publish(bench, *purposes[40:])
        await until_applied_once(bench, purposes)


async def test_after_kafka_was_killed_the_consumer_goes_on(stack: Backend, own_kafka: Kafka, topic_prefix: str) -> None:
    bench = await make_bench(own_kafka.bootstrap, stack.url, topic_prefix)
    purposes = [f"{uuid4()}" for _ in range(40)]
    async with bench.running(CONSUME, reactions=REACTIONS) as runtime:
        await publish(bench, *purposes[:20])
        await eventually(lambda: _handled(runtime.tools) > 0)
        own_kafka.kill()
        await asyncio.sleep(1)
        await asyncio.to_thread(own_kafka.start)
        await publish(bench, *purposes[20:])
        await until_applied_once(bench, purposes)


def _handled(tools: Any) -> float:
    return float(tools.metrics.handled.labels("NotificationDelivered")._value.get())
