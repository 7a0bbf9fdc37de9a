"""When a consumer counts as standing still: what is said of it, look by look, with a clock and a client of ours."""

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError
from structlog.testing import LogCapture

from shared import polling, progress
from shared.polling import PatientConsumer
from shared.progress import Progress
from shared.telemetry import Heartbeat, Metrics

ONE, TWO = TopicPartition("t", 0), TopicPartition("t", 1)
LONG = progress.LIMIT + 1


class Client:
    """Kafka's client, as far as `Progress` sees it."""

    def __init__(self) -> None:
        self.topics = {"t"}
        self.ends: dict[TopicPartition, int] = {ONE: 5, TWO: 5}
        self.at: dict[TopicPartition, int] = {ONE: 5, TWO: 5}
        self.failure: Exception | None = None
        self.answers = True

    def assignment(self) -> Any:
        return set(self.ends)

    def partitions_for_topic(self, topic: str) -> Any:
        return {0, 1} if topic in self.topics else None

    async def end_offsets(self, _: Any) -> dict[TopicPartition, int]:
        if not self.answers:
            await asyncio.Event().wait()
        if self.failure:
            raise self.failure
        return self.ends

    async def position(self, partition: TopicPartition) -> int:
        return self.at[partition]


class Watched:
    """A consumer that is looked at by a clock of ours."""

    def __init__(self) -> None:
        self.client, self.lines, self.now = Client(), LogCapture(), 1_000.0
        self.metrics = Metrics("notifications")
        self.progress = Progress(["t"], self.metrics)
        self.stopping = asyncio.Event()
        self._left: list[tuple[float, Callable[[], Any]]] = []

    async def look(self, *then: tuple[float, Callable[[], Any]]) -> None:
        """Look once, and again after each step: so many seconds pass, and something happens."""
        self._left = list(then)
        async with asyncio.timeout(30):
            await self.progress.watch(self.client, self.stopping)
        self.stopping.clear()

    async def sleep(self, _: float, stopping: asyncio.Event) -> None:
        if not self._left:
            stopping.set()
            return
        seconds, happens = self._left.pop(0)
        self.now += seconds
        happens()

    @property
    def stalled(self) -> float:
        return float(self.metrics.stalled._value.get())

    @property
    def said(self) -> Sequence[str]:
        return [line["event"] for line in self.lines.entries]


@pytest.fixture
async def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    made = Watched()
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: made.now))
    monkeypatch.setattr(progress, "sleep", made.sleep)
    monkeypatch.setattr(progress, "log", structlog.wrap_logger(None, [made.lines], structlog.BoundLogger))
    return made


def nothing() -> None: ...


async def test_a_consumer_with_nothing_left_to_read_does_not_stand_still(watched: Watched) -> None:
    await watched.look((LONG, nothing), (LONG, nothing))
    assert (watched.stalled, watched.progress.halted, watched.said) == (0, False, [])


async def test_a_consumer_that_stays_at_a_place_is_told_of_once_and_again_that_it_goes_on(watched: Watched) -> None:
    watched.client.at[TWO] = 3
    watched.progress.failed(LookupError())
    await watched.look((LONG, nothing), (LONG, nothing))
    assert (watched.stalled, watched.progress.halted) == (2 * LONG, True)
    [line] = watched.lines.entries
    assert (line["event"], line["topic"], line["partition"], line["offset"]) == ("consumer_stands_still", "t", 1, 3)
    assert line["error"] == "LookupError"
    watched.progress.got_on({TWO: 4})
    assert (watched.stalled, watched.progress.halted) == (0, False)
    assert watched.said == ["consumer_stands_still", "consumer_goes_on"]
    assert watched.progress.failed(LookupError()), "the same again would be news"


async def test_a_consumer_that_moves_does_not_stand_still(watched: Watched) -> None:
    watched.client.ends, watched.client.at = {ONE: 99, TWO: 99}, {ONE: 0, TWO: 0}

    def move() -> None:
        watched.client.at = {each: at + 1 for each, at in watched.client.at.items()}

    await watched.look((LONG, move), (LONG, move))
    assert (watched.stalled, watched.said) == (0, [])


async def test_what_is_done_with_one_partition_does_not_hide_another(watched: Watched) -> None:
    watched.client.at = {ONE: 3, TWO: 3}
    watched.progress.failed(LookupError())
    await watched.look((LONG, nothing))
    watched.progress.got_on({ONE: 4})
    assert watched.progress.halted
    assert not watched.progress.failed(LookupError()), "why is known"


async def test_what_is_in_hand_is_not_done(watched: Watched) -> None:
    with watched.progress.holding({ONE: 0}):
        await watched.look((LONG, nothing))
        assert watched.progress.halted
    await watched.look((LONG, nothing))
    assert not watched.progress.halted


async def test_a_topic_that_is_gone_is_stood_still_at(watched: Watched) -> None:
    watched.client.topics, watched.client.ends = set(), {}
    await watched.look((LONG, nothing))
    assert watched.progress.halted
    assert [(line["topic"], line["offset"]) for line in watched.lines.entries] == [("t", -1)]


@pytest.mark.parametrize("at", [3, 5])
@pytest.mark.parametrize("failure", [KafkaError(), OSError(), None], ids=repr)
async def test_while_kafka_is_away_the_consumer_waits_but_is_not_halted(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, failure: Exception | None, at: int
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    watched.client.at[ONE] = at

    def away() -> None:
        watched.client.failure, watched.client.answers = failure, bool(failure)

    def back() -> None:
        watched.client.failure, watched.client.answers = None, True
        watched.client.at[ONE] = 5

    await watched.look((0, away), (LONG - 1, nothing), (1, nothing))
    assert (watched.stalled, watched.progress.halted) == (LONG, False)
    await watched.look((0, back), (1, nothing))
    assert (watched.stalled, watched.progress.halted) == (0, False)
    assert watched.lines.entries[0]["topic"] == ("t" if at == 3 else "all")
    assert watched.said == ["consumer_stands_still", "consumer_goes_on"]


async def test_partitions_that_are_just_given_away_are_looked_at_the_next_time(watched: Watched) -> None:
    watched.client.failure = IllegalStateError()
    await watched.look((LONG, nothing))
    assert (watched.stalled, watched.said) == (0, [])


async def test_a_consumer_that_starts_anew_is_not_held_to_where_it_stood(watched: Watched) -> None:
    watched.client.at[ONE] = 3
    await watched.look((LONG, nothing))
    await watched.look()
    assert (watched.stalled, watched.progress.halted) == (0, False)


@pytest.mark.parametrize(
    ("raised", "comes_out", "told"),
    [
        (ConsumerStoppedError(), ConsumerStoppedError, 0),
        (IllegalStateError(), IllegalStateError, 1),
        (LookupError(), KafkaError, 1),
    ],
    ids=repr,
)
async def test_what_cannot_be_read_is_said_once_and_polled_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, raised: Exception, comes_out: type[Exception], told: int
) -> None:
    """FastStream polls again after a `KafkaError`, and ends after anything else."""

    async def getmany(*_: Any, timeout_ms: int, **__: Any) -> Any:
        assert timeout_ms > 1, "data wakes it"
        raise raised

    monkeypatch.setattr("aiokafka.AIOKafkaConsumer.getmany", getmany)
    monkeypatch.setattr(polling, "log", structlog.wrap_logger(None, [watched.lines], structlog.BoundLogger))
    heartbeat = Heartbeat(limit=60)
    client = PatientConsumer(heartbeat=heartbeat, progress=watched.progress)
    for _ in range(2):
        heartbeat._last = float("-inf")
        with pytest.raises(comes_out) as error:
            await client.getmany(timeout_ms=1)
        assert type(error.value) is comes_out
        assert heartbeat.alive
    await client.stop()
    assert watched.said == ["records_not_read"] * told
