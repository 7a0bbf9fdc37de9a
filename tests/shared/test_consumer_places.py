"""What a consumer acknowledges and where it reads on, whatever came of a batch: nothing is passed by."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faststream import AckPolicy
from structlog.testing import LogCapture

from shared import applying, consumer, dead_letters
from shared.consumer import Consumer
from shared.events.notifications import NotificationDelivered
from shared.failures import WillPass
from shared.records import Parsed, Record
from shared.settings import Platform
from shared.tools import Tools
from tests.shared.conftest import PlainSettings
from tests.shared.test_records import record

BATCH: list[Record] = [record([], partition=part, offset=at) for part, at in ((0, 5), (1, 9), (0, 6), (1, 10))]
ALL_AGAIN = {0: 5, 1: 9}
ALL_DONE = {0: 7, 1: 11}

Failing = Callable[[], Exception]


def by_number(offsets: Mapping[TopicPartition, int]) -> dict[int, int]:
    """Offsets by the number of their partition."""
    return {partition.partition: offset for partition, offset in offsets.items()}


class Client:
    """Kafka's client, as far as the consumer sees it."""

    def __init__(self) -> None:
        self.sought: dict[int, int] = {}
        self.acknowledged: list[dict[int, int]] = []
        self.given_away: set[int] = set()
        self.refusal: Exception | None = None

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition.partition in self.given_away:
            raise IllegalStateError
        self.sought[partition.partition] = offset

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        if self.refusal:
            raise self.refusal
        self.acknowledged.append(by_number(offsets))


class Applied:
    """What becomes of records: of all together, and of each alone by its number in the batch."""

    def __init__(self) -> None:
        self.together_is: int | Exception = len(BATCH)
        self.alone_is: dict[int, Failing] = {}
        self.alone_tried: list[int] = []
        self.unreadable: Exception | None = None

    async def read(self, records: Sequence[Record]) -> Sequence[Parsed]:
        if self.unreadable:
            raise self.unreadable
        return [Parsed(each) for each in records]

    async def together(self, parsed: Sequence[Parsed]) -> int:
        if isinstance(self.together_is, Exception):
            raise self.together_is
        return self.together_is

    async def alone(self, item: Parsed) -> None:
        number = BATCH.index(item.record)
        self.alone_tried.append(number)
        if number in self.alone_is:
            raise self.alone_is[number]()


class Bench:
    """A consumer between records and a client of ours, and how long it waits."""

    def __init__(self, tools: Tools) -> None:
        self.tools, self.client, self.applied = tools, Client(), Applied()
        self.waits: list[float] = []
        self.stopping = asyncio.Event()
        self.consumer: Any = Consumer(tools, {NotificationDelivered: self.react})
        vars(self.consumer).update(_client=self.client, _applying=self.applied)

    async def react(self, *_: Any) -> None: ...

    async def sleep(self, seconds: float, _: asyncio.Event) -> None:
        self.waits.append(seconds)

    async def handle(self) -> None:
        await self.consumer._handle(self.stopping, BATCH)

    @property
    def halted(self) -> float:
        return float(self.tools.metrics.halted._value.get())


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    platform = Platform(kafka="nowhere.test:1", postgres="postgresql://nowhere.test", topic_prefix="t")
    tools = Tools(PlainSettings(platform=platform, database="postgresql://nowhere.test/none"))
    made = Bench(tools)
    monkeypatch.setattr(consumer, "sleep", made.sleep)
    monkeypatch.setattr(consumer, "random", SimpleNamespace(uniform=lambda _, most: most))
    yield made
    await tools.db.close()


@pytest.mark.parametrize(
    ("done", "acknowledged", "again"),
    [(4, ALL_DONE, {}), (3, {0: 7, 1: 10}, {1: 10}), (2, {0: 6, 1: 10}, {0: 6, 1: 10}), (1, {0: 6}, {0: 6, 1: 9})],
)
async def test_each_partition_is_acknowledged_as_far_as_it_was_done_and_read_on_from_there(
    bench: Bench, done: int, acknowledged: dict[int, int], again: dict[int, int]
) -> None:
    bench.applied.together_is = done
    await bench.handle()
    assert bench.client.acknowledged == [acknowledged]
    assert bench.client.sought == again
    assert bench.applied.alone_tried == []
    assert bench.waits == []


@pytest.mark.parametrize("error", [WillPass("away"), OSError()])
async def test_what_will_pass_is_waited_for_and_all_is_read_again(bench: Bench, error: Exception) -> None:
    bench.applied.together_is = error
    await bench.handle()
    assert (bench.client.acknowledged, bench.client.sought) == ([], ALL_AGAIN)
    assert (bench.applied.alone_tried, bench.halted) == ([], 0)
    assert len(bench.waits) == 1


@pytest.mark.parametrize("error", [RuntimeError("bug"), dead_letters.TooMany()])
async def test_records_that_fail_together_are_tried_one_by_one(bench: Bench, error: Exception) -> None:
    bench.applied.together_is = error
    await bench.handle()
    assert bench.applied.alone_tried == [0, 1, 2, 3]
    assert (bench.client.acknowledged, bench.client.sought) == ([ALL_DONE], {})
    assert bench.waits == []


@pytest.mark.parametrize(("failing", "is_halt"), [(lambda: WillPass("away"), False), (dead_letters.TooMany, True)])
async def test_from_a_record_that_must_wait_on_all_is_read_again(bench: Bench, failing: Failing, is_halt: bool) -> None:
    bench.applied.together_is = RuntimeError("bug")
    bench.applied.alone_is = {2: failing}
    await bench.handle()
    assert bench.applied.alone_tried == [0, 1, 2]
    assert bench.client.acknowledged == [{0: 6, 1: 10}]
    assert bench.client.sought == {0: 6, 1: 10}
    assert bench.halted == is_halt
    assert bench.waits == [consumer.HALT if is_halt else 0.5]


async def test_where_the_first_record_must_wait_nothing_is_acknowledged(bench: Bench) -> None:
    """Without offsets the client would acknowledge all that was fetched."""
    bench.applied.together_is = RuntimeError("bug")
    bench.applied.alone_is = {0: lambda: WillPass("away")}
    await bench.handle()
    assert (bench.client.acknowledged, bench.client.sought) == ([], ALL_AGAIN)


@pytest.mark.parametrize("why", ["told to stop", "too long"])
async def test_one_by_one_ends_when_told_to_stop_or_when_it_takes_too_long(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    now = [0.0]

    def last_one() -> None:
        if why == "told to stop":
            bench.stopping.set()
        now[0] += applying.LONGEST_BATCH + 1

    if why == "too long":
        monkeypatch.setattr(consumer, "time", SimpleNamespace(monotonic=lambda: now[0]))
    alone = bench.applied.alone

    async def ends(item: Parsed) -> None:
        await alone(item)
        last_one()

    monkeypatch.setattr(bench.applied, "alone", ends)
    bench.applied.together_is = RuntimeError("bug")
    await bench.handle()
    assert bench.applied.alone_tried == [0]
    assert (bench.client.acknowledged, bench.client.sought) == ([{0: 6}], {0: 6, 1: 9})
    assert bench.waits == []


async def test_whatever_goes_wrong_with_a_batch_it_is_read_again(bench: Bench) -> None:
    bench.applied.unreadable = MemoryError()
    await bench.handle()
    assert (bench.client.acknowledged, bench.client.sought) == ([], ALL_AGAIN)
    assert len(bench.waits) == 1


async def test_waits_grow_to_a_limit_and_begin_anew_after_success(bench: Bench) -> None:
    for _ in range(2_000):
        bench.applied.together_is = WillPass("away")
        await bench.handle()
    assert bench.waits[:5] == [0.5, 1, 2, 4, consumer.LONGEST_WAIT]
    assert max(bench.waits) == consumer.LONGEST_WAIT
    bench.applied.together_is = len(BATCH)
    await bench.handle()
    bench.applied.together_is = WillPass("away")
    await bench.handle()
    assert bench.waits[-1] == 0.5


async def test_a_halt_is_over_once_a_batch_is_done(bench: Bench) -> None:
    bench.applied.together_is, bench.applied.alone_is = dead_letters.TooMany(), {0: dead_letters.TooMany}
    await bench.handle()
    assert bench.halted == 1
    bench.applied.alone_is = {}
    await bench.handle()
    assert bench.halted == 0


async def test_a_consumer_that_waits_is_alive(bench: Bench) -> None:
    bench.consumer.heartbeat._last = float("-inf")
    bench.applied.together_is = WillPass("away")
    await bench.handle()
    assert bench.consumer.heartbeat.alive


async def test_a_consumer_ended_while_it_waits_has_passed_nothing_by(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled(*_: Any) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(consumer, "sleep", cancelled)
    bench.applied.together_is = WillPass("away")
    with pytest.raises(asyncio.CancelledError):
        await bench.handle()
    assert bench.client.sought == ALL_AGAIN


async def test_a_partition_given_to_another_member_keeps_none_of_the_others_from_being_read_again(bench: Bench) -> None:
    bench.client.given_away = {0}
    bench.applied.together_is = WillPass("away")
    await bench.handle()
    assert bench.client.sought == {1: 9}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (CommitFailedError(), ("commit_after_rebalance", "info")),
        (IllegalStateError(), ("commit_after_rebalance", "info")),
        (KafkaError(), ("commit_failed", "warning")),
    ],
    ids=repr,
)
async def test_what_was_done_is_not_done_again_because_it_cannot_be_acknowledged(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception, said: tuple[str, str]
) -> None:
    """The inbox knows it, whichever member reads it again; the next acknowledgement covers it."""
    lines = LogCapture()
    monkeypatch.setattr(consumer, "log", structlog.wrap_logger(None, [lines], structlog.BoundLogger))
    bench.client.refusal = error
    await bench.handle()
    assert (bench.client.sought, bench.waits) == ({}, [])
    assert [(line["event"], line["log_level"]) for line in lines.entries] == [said]


async def test_a_consumer_that_cannot_start_is_alive_and_tries_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[bool] = []
    failures: list[Exception] = [KafkaError(), OSError()]

    class Broker:
        def subscriber(self, *_: Any, **settings: Any) -> Any:
            assert settings["ack_policy"] is AckPolicy.MANUAL
            return lambda _: None

        async def stop(self) -> None:
            stopped.append(bench.consumer.connected)

    async def connect(_: Any) -> None:
        assert not bench.consumer.connected
        bench.consumer.heartbeat._last = float("-inf")
        if failures:
            raise failures.pop(0)

    async def watch(*_: Any) -> None:
        assert bench.consumer.missing() == []
        bench.stopping.set()

    async def waited(seconds: float, _: asyncio.Event) -> None:
        assert bench.consumer.heartbeat.alive
        assert bench.consumer.missing() == ["kafka"]
        bench.waits.append(seconds)

    monkeypatch.setattr(consumer, "sleep", waited)
    monkeypatch.setattr(bench.consumer, "_new_broker", Broker)
    monkeypatch.setattr(bench.consumer, "_connect", connect)
    monkeypatch.setattr(bench.consumer._progress, "watch", watch)
    async with asyncio.timeout(30):
        await bench.consumer.run(bench.stopping)
    assert bench.waits == [2, 2]
    assert stopped == [False, False, False], "each broker is stopped, also the one that was connected"
