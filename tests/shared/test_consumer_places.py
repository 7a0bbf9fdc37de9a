"""What a consumer acknowledges and where it reads on, whatever came of a batch: nothing is passed by."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faststream import AckPolicy
from structlog.testing import LogCapture

from shared import applying, consumer, dead_letters
from shared.failures import WillPass
from shared.records import Parsed
from shared.settings import Platform
from shared.tools import Tools
from tests.shared.consuming import BATCH, Consuming, Failing
from tests.shared.kit import PlainSettings

ALL_AGAIN = {0: 5, 1: 9}
ALL_DONE = {0: 7, 1: 11}


@pytest.fixture
async def consuming(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Consuming]:
    platform = Platform(kafka="nowhere.test:1", postgres="postgresql://nowhere.test", topic_prefix="t")
    tools = Tools(PlainSettings(platform=platform, database="postgresql://nowhere.test/none"))
    made = Consuming(tools)
    monkeypatch.setattr(consumer, "sleep", made.sleep)
    monkeypatch.setattr(consumer, "random", SimpleNamespace(uniform=lambda _, most: most))
    yield made
    await tools.db.close()


@pytest.mark.parametrize(
    ("done", "acknowledged", "again"),
    [(4, ALL_DONE, {}), (3, {0: 7, 1: 10}, {1: 10}), (2, {0: 6, 1: 10}, {0: 6, 1: 10}), (1, {0: 6}, {0: 6, 1: 9})],
)
async def test_each_partition_is_acknowledged_as_far_as_it_was_done_and_read_on_from_there(
    consuming: Consuming, done: int, acknowledged: dict[int, int], again: dict[int, int]
) -> None:
    consuming.applied.together_is = done
    await consuming.handle()
    assert consuming.client.acknowledged == [acknowledged]
    assert consuming.client.sought == again
    assert consuming.applied.alone_tried == []
    assert consuming.waits == []


@pytest.mark.parametrize("error", [WillPass("away"), OSError()])
async def test_what_will_pass_is_waited_for_and_all_is_read_again(consuming: Consuming, error: Exception) -> None:
    consuming.applied.together_is = error
    await consuming.handle()
    assert (consuming.client.acknowledged, consuming.client.sought) == ([], ALL_AGAIN)
    assert (consuming.applied.alone_tried, consuming.halted) == ([], 0)
    assert len(consuming.waits) == 1


@pytest.mark.parametrize("error", [RuntimeError("bug"), dead_letters.TooMany()])
async def test_records_that_fail_together_are_tried_one_by_one(consuming: Consuming, error: Exception) -> None:
    consuming.applied.together_is = error
    await consuming.handle()
    assert consuming.applied.alone_tried == [0, 1, 2, 3]
    assert (consuming.client.acknowledged, consuming.client.sought) == ([ALL_DONE], {})
    assert consuming.waits == []


@pytest.mark.parametrize(("failing", "is_halt"), [(lambda: WillPass("away"), False), (dead_letters.TooMany, True)])
async def test_from_a_record_that_must_wait_on_all_is_read_again(
    consuming: Consuming, failing: Failing, is_halt: bool
) -> None:
    consuming.applied.together_is = RuntimeError("bug")
    consuming.applied.alone_is = {2: failing}
    await consuming.handle()
    assert consuming.applied.alone_tried == [0, 1, 2]
    assert consuming.client.acknowledged == [{0: 6, 1: 10}]
    assert consuming.client.sought == {0: 6, 1: 10}
    assert consuming.halted == is_halt
    assert consuming.waits == [consumer.HALT if is_halt else 0.5]


async def test_where_the_first_record_must_wait_nothing_is_acknowledged(consuming: Consuming) -> None:
    """Without offsets the client would acknowledge all that was fetched."""
    consuming.applied.together_is = RuntimeError("bug")
    consuming.applied.alone_is = {0: lambda: WillPass("away")}
    await consuming.handle()
    assert (consuming.client.acknowledged, consuming.client.sought) == ([], ALL_AGAIN)


@pytest.mark.parametrize("why", ["told to stop", "too long"])
async def test_one_by_one_ends_when_told_to_stop_or_when_it_takes_too_long(
    consuming: Consuming, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    now = [0.0]

    def last_one() -> None:
        if why == "told to stop":
            consuming.stopping.set()
        now[0] += applying.LONGEST_BATCH + 1

    if why == "too long":
        monkeypatch.setattr(consumer, "time", SimpleNamespace(monotonic=lambda: now[0]))
    alone = consuming.applied.alone

    async def ends(item: Parsed) -> None:
        await alone(item)
        last_one()

    monkeypatch.setattr(consuming.applied, "alone", ends)
    consuming.applied.together_is = RuntimeError("bug")
    await consuming.handle()
    assert consuming.applied.alone_tried == [0]
    assert (consuming.client.acknowledged, consuming.client.sought) == ([{0: 6}], {0: 6, 1: 9})
    assert consuming.waits == []


async def test_whatever_goes_wrong_with_a_batch_it_is_read_again(consuming: Consuming) -> None:
    consuming.applied.unreadable = MemoryError()
    await consuming.handle()
    assert (consuming.client.acknowledged, consuming.client.sought) == ([], ALL_AGAIN)
    assert len(consuming.waits) == 1


async def test_waits_grow_to_a_limit_and_begin_anew_after_success(consuming: Consuming) -> None:
    for _ in range(2_000):
        consuming.applied.together_is = WillPass("away")
        await consuming.handle()
    assert consuming.waits[:5] == [0.5, 1, 2, 4, consumer.LONGEST_WAIT]
    assert max(consuming.waits) == consumer.LONGEST_WAIT
    consuming.applied.together_is = len(BATCH)
    await consuming.handle()
    consuming.applied.together_is = WillPass("away")
    await consuming.handle()
    assert consuming.waits[-1] == 0.5


async def test_a_halt_is_over_once_a_batch_is_done(consuming: Consuming) -> None:
    consuming.applied.together_is, consuming.applied.alone_is = dead_letters.TooMany(), {0: dead_letters.TooMany}
    await consuming.handle()
    assert consuming.halted == 1
    consuming.applied.alone_is = {}
    await consuming.handle()
    assert consuming.halted == 0


async def test_a_consumer_that_waits_is_alive(consuming: Consuming) -> None:
    consuming.consumer.heartbeat._last = float("-inf")
    consuming.applied.together_is = WillPass("away")
    await consuming.handle()
    assert consuming.consumer.heartbeat.alive


async def test_a_consumer_ended_while_it_waits_has_passed_nothing_by(
    consuming: Consuming, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled(*_: Any) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(consumer, "sleep", cancelled)
    consuming.applied.together_is = WillPass("away")
    with pytest.raises(asyncio.CancelledError):
        await consuming.handle()
    assert consuming.client.sought == ALL_AGAIN


async def test_a_partition_given_to_another_member_keeps_none_of_the_others_from_being_read_again(
    consuming: Consuming,
) -> None:
    consuming.client.given_away = {0}
    consuming.applied.together_is = WillPass("away")
    await consuming.handle()
    assert consuming.client.sought == {1: 9}


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
    consuming: Consuming, monkeypatch: pytest.MonkeyPatch, error: Exception, said: tuple[str, str]
) -> None:
    """The inbox knows it, whichever member reads it again; the next acknowledgement covers it."""
    lines = LogCapture()
    monkeypatch.setattr(consumer, "log", structlog.wrap_logger(None, [lines], structlog.BoundLogger))
    consuming.client.refusal = error
    await consuming.handle()
    assert (consuming.client.sought, consuming.waits) == ({}, [])
    assert [(line["event"], line["log_level"]) for line in lines.entries] == [said]


async def test_a_consumer_that_cannot_start_is_alive_and_tries_again(
    consuming: Consuming, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[bool] = []
    failures: list[Exception] = [KafkaError(), OSError()]

    class Broker:
        def subscriber(self, *_: Any, **settings: Any) -> Any:
            assert settings["ack_policy"] is AckPolicy.MANUAL
            return lambda _: None

        async def stop(self) -> None:
            stopped.append(consuming.consumer.connected)

    async def connect(_: Any) -> None:
        assert not consuming.consumer.connected
        consuming.consumer.heartbeat._last = float("-inf")
        if failures:
            raise failures.pop(0)

    async def watch(*_: Any) -> None:
        assert consuming.consumer.missing() == []
        consuming.stopping.set()

    async def waited(seconds: float, _: asyncio.Event) -> None:
        assert consuming.consumer.heartbeat.alive
        assert consuming.consumer.missing() == ["kafka"]
        consuming.waits.append(seconds)

    monkeypatch.setattr(consumer, "sleep", waited)
    monkeypatch.setattr(consuming.consumer, "_new_broker", Broker)
    monkeypatch.setattr(consuming.consumer, "_connect", connect)
    monkeypatch.setattr(consuming.consumer._progress, "watch", watch)
    async with asyncio.timeout(30):
        await consuming.consumer.run(consuming.stopping)
    assert consuming.waits == [2, 2]
    assert stopped == [False, False, False], "each broker is stopped, also the one that was connected"
