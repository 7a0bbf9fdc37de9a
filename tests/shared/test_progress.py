"""A consumer that does not get on shows it, whatever the cause; one that takes part of a batch keeps its place."""

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition, codec
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy.exc import OperationalError

from shared import applying, dead_letters, kafka, progress
from shared.act import Act
from shared.events.notifications import NotificationDelivered
from shared.runtime import Role
from shared.tools import Tools
from tests.shared.consuming import Effects, configure
from tests.shared.kit import Bench, make_bench, notice
from tests.shared.records import as_headers, produce
from tests.support.stack import Backend
from tests.support.wait import eventually

CONSUME = {Role.CONSUME}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LIMIT", 1.0)
    monkeypatch.setattr(progress, "EVERY", 0.2)


def lines(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    """What the log says of an event."""
    return [each.msg for each in caplog.records if isinstance(each.msg, dict) and each.msg["event"] == event]


async def publish(bench: Bench, *purposes: str) -> None:
    """Put facts into one partition, in one go."""
    facts = [notice(purpose=purpose) for purpose in purposes]
    await produce(bench, *[(fact.model_dump_json().encode(), as_headers(fact.id)) for fact in facts], key=b"k")


async def committed(bench: Bench) -> int:
    """How many records the consumer has acknowledged."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bench.platform.kafka)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(f"{bench.platform.topic_prefix}.notifications")
    finally:
        await admin.close()
    return sum(max(0, each.offset) for each in offsets.values())


def stalled(tools: Tools) -> float:
    return float(tools.metrics.stalled._value.get())


class Waiting(Effects):
    """A reaction that fails for one purpose until it is let through."""

    def __init__(self, first: Exception, later: Exception) -> None:
        super().__init__()
        self.let_through = False
        self._failures = [first]
        self._later = later

    async def __call__(self, act: Act, received: Any) -> None:
        if received.fact.notice.purpose == "cursed" and not self.let_through and not self._failures:
            self._failures = [self._later]
        if self.let_through:
            self._failures = []
        await super().__call__(act, received)


def away() -> Exception:
    return OperationalError("x", {}, ConnectionError("gone"))


async def test_after_a_failure_half_way_nothing_behind_the_failed_record_is_acknowledged(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    effects = Waiting(RuntimeError("bug"), away())
    await publish(bench, "before", "cursed", "after")
    async with bench.running(CONSUME, reactions=effects.reactions) as runtime:
        await eventually(lambda: effects.tried["cursed"] >= 4)
        assert await committed(bench) == 1
        assert await bench.effects() == {"before": 1}
        await eventually(lambda: stalled(runtime.tools) > progress.LIMIT)
        assert await runtime.missing_dependencies() == ["consumer"]
        assert runtime.stuck_loops() == []
        effects.let_through = True
        await bench.until_applied("after")
        await eventually(lambda: stalled(runtime.tools) == 0)
        assert await runtime.missing_dependencies() == []

        async def acknowledged() -> bool:
            return await committed(bench) == 3

        await eventually(acknowledged)
    assert await bench.effects() == {"before": 1, "cursed": 1, "after": 1}
    [told] = lines(caplog, "consumer_stands_still")
    assert (told["topic"], told["offset"], told["error"]) == (bench.topic, 1, "OperationalError")


async def test_a_batch_that_fails_for_now_acknowledges_nothing(bench: Bench) -> None:
    effects = Waiting(away(), away())
    await publish(bench, "before", "cursed", "after")
    async with bench.running(CONSUME, reactions=effects.reactions):
        await eventually(lambda: effects.tried["cursed"] >= 3)
        assert await committed(bench) == 0
        assert await bench.effects() == {}
        effects.let_through = True
        await bench.until_applied("after")
    assert await bench.effects() == {"before": 1, "cursed": 1, "after": 1}


async def test_a_consumer_halted_by_dead_letters_says_so_and_that_it_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "LIMIT", 0)
    monkeypatch.setattr("shared.consumer.HALT", 0.5)
    effects = Effects()
    await produce(bench, (b"{}", as_headers(notice().id)), key=b"k")
    await publish(bench, "good")
    async with bench.running(CONSUME, reactions=effects.reactions) as runtime:
        await eventually(lambda: runtime.tools.metrics.halted._value.get() == 1)
        await eventually(lambda: stalled(runtime.tools) > progress.LIMIT)
        assert await runtime.missing_dependencies() == ["consumer"]
        monkeypatch.setattr(dead_letters, "LIMIT", 20)
        await bench.until_applied("good")
        await eventually(lambda: stalled(runtime.tools) == 0)
        assert runtime.tools.metrics.halted._value.get() == 0


@pytest.mark.parametrize("compression", ["gzip", "lz4", "snappy", "zstd"])
async def test_a_topic_is_consumed_however_an_operator_compresses_it(bench: Bench, compression: str) -> None:
    await configure(bench, "compression.type", compression)
    effects = Effects()
    async with bench.running({Role.CONSUME, Role.RELAY}, reactions=effects.reactions):
        await bench.record(*[notice(purpose="packed") for _ in range(20)])
        await bench.until_applied("packed", 20)


async def test_a_missing_codec_is_told_at_the_start_and_what_stands_still_for_it_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await configure(bench, "compression.type", "lz4")
    await publish(bench, "packed")
    monkeypatch.setattr(codec, "has_lz4", lambda: False)
    async with bench.running(CONSUME, reactions=Effects().reactions) as runtime:
        await eventually(lambda: runtime.consumer is not None and runtime.consumer.connected)
        assert await runtime.missing_dependencies() == ["codecs"]
        [told] = lines(caplog, "codecs_missing")
        assert told["codecs"] == ["lz4"]

        async def stands_still() -> bool:
            return await runtime.missing_dependencies() == ["codecs", "consumer"]

        await eventually(stands_still)
        await eventually(lambda: len(lines(caplog, "consumer_stands_still")) == 1)
        [read] = lines(caplog, "records_not_read")
        [still] = lines(caplog, "consumer_stands_still")
        assert (read["error"], still["error"]) == ("UnsupportedCodecError", "UnsupportedCodecError")
        assert (still["topic"], still["offset"]) == (bench.topic, 0)


async def test_a_batch_that_takes_too_long_is_cut_so_that_the_group_stays_together(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """300 records of 20 ms each take twice as long as the group waits for a poll."""
    monkeypatch.setattr(kafka, "MAX_POLL_INTERVAL", 3.0)
    monkeypatch.setattr(applying, "LONGEST_BATCH", 0.5)
    effects = Effects()

    async def slow(act: Act, received: Any) -> None:
        await asyncio.sleep(0.02)
        await effects(act, received)

    purposes = [f"fact {number}" for number in range(300)]
    await publish(bench, *purposes)
    async with bench.running(CONSUME, reactions={NotificationDelivered: slow}) as runtime:
        await eventually(lambda: len(effects.tried) > 0)
        joined = runtime.consumer._consumer._coordinator.generation  # type: ignore[union-attr]
        await eventually(lambda: len(effects.tried) == len(purposes), timeout=60)
        assert runtime.consumer._consumer._coordinator.generation == joined  # type: ignore[union-attr]

        async def acknowledged() -> bool:
            return await committed(bench) == len(purposes)

        await eventually(acknowledged)
    assert set(effects.tried.values()) == {1}
    assert await bench.effects() == dict.fromkeys(purposes, 1)


async def test_however_slow_a_batch_is_it_gets_on_by_a_record(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "LONGEST_BATCH", -1.0)
    effects, purposes = Effects(), ["first", "second", "last"]
    await publish(bench, *purposes)
    async with bench.running(CONSUME, reactions=effects.reactions):
        await bench.until_applied("last")
    assert await bench.effects() == dict.fromkeys(purposes, 1)


async def test_kafka_may_come_after_the_service(stack: Backend, own_kafka: Any, topic_prefix: str) -> None:
    bench = await make_bench(own_kafka.bootstrap, stack.url, topic_prefix)
    own_kafka.kill()
    await bench.record(notice(purpose="early"))
    effects = Effects()
    async with bench.running({Role.CONSUME, Role.RELAY}, reactions=effects.reactions) as runtime:
        assert await runtime.missing_dependencies() == ["kafka"]
        assert runtime.stuck_loops() == []
        await asyncio.to_thread(own_kafka.start)
        await bench.until_applied("early")
        assert await runtime.missing_dependencies() == []
        own_kafka.kill()
        await eventually(lambda: stalled(runtime.tools) > progress.LIMIT, timeout=40)
        assert await runtime.missing_dependencies() == [], "people go on booking while Kafka is away"


async def test_a_topic_that_is_deleted_shows_and_is_taken_up_again_when_it_is_there(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kafka, "METADATA_AGE", 1.0)
    effects = Effects()
    async with bench.running({Role.CONSUME, Role.RELAY}, reactions=effects.reactions) as runtime:
        await bench.record(notice(purpose="before"))
        await bench.until_applied("before")
        admin = AIOKafkaAdminClient(bootstrap_servers=bench.platform.kafka)
        await admin.start()
        await admin.delete_topics([bench.topic])
        await admin.close()

        async def shows() -> bool:
            return await runtime.missing_dependencies() == ["consumer"]

        await eventually(shows, timeout=60)
        await eventually(lambda: bench.topic in [each["topic"] for each in lines(caplog, "consumer_stands_still")])
        await kafka.create_topics(bench.platform.kafka, [bench.topic], 4)
        await bench.record(notice(purpose="after"))
        await eventually(lambda: effects.tried["after"] == 1, timeout=60)
        assert TopicPartition(bench.topic, 3) in runtime.consumer._consumer.assignment()  # type: ignore[union-attr]
