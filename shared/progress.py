"""Whether a consumer gets on: how long it has stood at the same place although there is more to read.

The cause does not matter: a database that is away, records nobody can read, a topic that is gone, a defect of ours.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from shared.telemetry import Metrics

LIMIT = 30.0
"""Seconds at the same place after which a consumer counts as halted."""
EVERY = 2.0
"""Seconds between two looks."""
PATIENCE = 5.0
"""Seconds Kafka has to answer."""

_Place = tuple[str, int, int]

log = structlog.get_logger()


class Progress:
    """Compares how far a consumer has come with where its partitions end.

    Args:
        topics: what the consumer reads.
        metrics: `stalled` says how long it has not got on.
    """

    def __init__(self, topics: Sequence[str], metrics: Metrics) -> None:
        self._topics = topics
        self._metrics = metrics
        self._in_hand: Mapping[TopicPartition, int] = {}
        self._since: dict[_Place, float] = {}
        self._out_of_reach_since: float | None = None
        self._error: str | None = None
        self._told: _Place | None = None

    @property
    def halted(self) -> bool:
        """Whether the consumer stands still although Kafka answers."""
        return self._out_of_reach_since is None and any(
            time.monotonic() - since > LIMIT for since in self._since.values()
        )

    @contextmanager
    def holding(self, first_offsets: Mapping[TopicPartition, int]) -> Iterator[None]:
        """What is in hand is not done, although the client's position is behind it."""
        self._in_hand = first_offsets
        try:
            yield
        finally:
            self._in_hand = {}

    def failed(self, error: BaseException) -> bool:
        """Remember why the consumer does not get on; returns whether that is news."""
        before, self._error = self._error, type(error).__name__
        return self._error != before

    def got_on(self, partitions: Mapping[TopicPartition, int]) -> None:
        """Something was done with these partitions, which therefore do not stand still."""
        for place in [each for each in self._since if TopicPartition(*each[:2]) in partitions]:
            del self._since[place]
        if not self._since:
            self._error = None
        self._show()

    async def watch(self, consumer: AIOKafkaConsumer, stopping: asyncio.Event) -> None:
        """Look again and again until told to stop."""
        self._since.clear()
        while not stopping.is_set():
            try:
                async with asyncio.timeout(PATIENCE):
                    places = await self._unread(consumer)
            except IllegalStateError:  # partitions are being given to other members at this moment
                pass
            except (KafkaError, OSError) as error:
                self.failed(error)
                self._out_of_reach_since = self._out_of_reach_since or time.monotonic()
            else:
                self._out_of_reach_since = None
                now = time.monotonic()
                self._since = {place: self._since.get(place, now) for place in places}
            self._show()
            await sleep(EVERY, stopping)

    async def _unread(self, consumer: AIOKafkaConsumer) -> list[_Place]:
        """Where the consumer stands in each partition that holds more, and the topics that are gone."""
        ends = await consumer.end_offsets(consumer.assignment())
        places = [(topic, -1, -1) for topic in self._topics if not consumer.partitions_for_topic(topic)]
        for partition, end in ends.items():
            at = self._in_hand.get(partition)
            at = await consumer.position(partition) if at is None else at
            if at < end:
                places.append((partition.topic, partition.partition, at))
        return places

    def _show(self) -> None:
        """Set the metric; say once where the consumer stands, and once that it goes on."""
        now = time.monotonic()
        where = min(self._since, key=lambda place: self._since[place], default=None)
        since = [*self._since.values(), *([self._out_of_reach_since] if self._out_of_reach_since else [])]
        seconds = now - min(since, default=now)
        self._metrics.stalled.set(seconds)
        if seconds > LIMIT and self._told is None:
            self._told = where or ("", -1, -1)
            topic, partition, offset = self._told
            log.error(
                "consumer_stands_still",
                topic=topic or "all",
                partition=partition,
                offset=offset,
                seconds=round(seconds),
                error=self._error,
            )
        elif seconds <= LIMIT and self._told is not None:
            self._told = None
            log.info("consumer_goes_on")


async def sleep(seconds: float, stopping: asyncio.Event) -> None:
    """Wait, but no longer than until told to stop."""
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
