"""Consuming facts: every fact's effects happen once, whatever is delivered twice, late, or broken.

Offsets are committed after the transaction that holds the effects. Failures that will pass are waited for and read
again; records that cannot be taken are put aside as dead letters; too many of those in a row stop the consumer,
because a bad deployment must not empty a topic.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import dead_letters, kafka
from shared.events.base import Fact, Received
from shared.events.registry import topics_of, type_of
from shared.failures import Failure, classify, without_input
from shared.inbox import first_seen
from shared.telemetry import Heartbeat, enter_trace

if TYPE_CHECKING:
    from shared.service import Service

Reaction = Callable[[AsyncConnection, "Service", Received[Any]], Awaitable[None]]
Record: TypeAlias = ConsumerRecord

TRIES_OF_UNKNOWN = 5
LONGEST_WAIT = kafka.MAX_POLL_INTERVAL / 3
LONGEST_PAUSE = 4.0
"""Seconds until another try while something is away: this long at most after it is back."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Parsed:
    record: Record
    received: Received[Fact] | None = None
    malformed: str | None = None


class _WatchedConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types
    """Beats a heart at each poll, and polls patiently: data wakes it, so waiting longer costs no latency."""

    def __init__(self, *args: Any, heartbeat: Heartbeat, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._heartbeat = heartbeat

    async def getmany(
        self,
        *partitions: TopicPartition,
        timeout_ms: int = 0,
        max_records: int | None = None,
    ) -> Any:
        self._heartbeat.beat()
        return await super().getmany(*partitions, timeout_ms=500, max_records=max_records)


class Consumer:
    """Reads the topics of the facts a service reacts to and calls its reactions."""

    def __init__(
        self,
        service: "Service",
        reactions: Mapping[type[Fact], Reaction],
        max_records: int = 500,
    ) -> None:
        platform = service.settings.platform
        self.heartbeat = Heartbeat(limit=kafka.MAX_POLL_INTERVAL)
        self.connected = False
        self._service = service
        self._bootstrap = platform.kafka
        self._security = kafka.security_of(platform)
        self._group = f"{platform.topic_prefix}.{service.name}"
        self._topics = topics_of(platform.topic_prefix, reactions)
        self._facts = {type_of(fact): fact for fact in reactions}
        self._reactions = reactions
        self._max_records = max_records
        self._setbacks = 0
        self._client: AIOKafkaConsumer | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Consume until told to stop; then finish the batch in hand, commit and leave the group."""
        while not stopping.is_set():
            broker = self._new_broker()
            subscriber = broker.subscriber(
                *self._topics,
                group_id=self._group,
                batch=True,
                batch_timeout_ms=1,
                max_records=self._max_records,
                ack_policy=AckPolicy.MANUAL,
                parser=_unparsed,
                decoder=_undecoded,
                **kafka.consumer_settings(),
            )
            subscriber(partial(self._handle, stopping))
            try:
                await self._connect(broker)
                self._client = subscriber.consumer
                self.connected = True
                await stopping.wait()
            except (KafkaError, OSError) as error:
                log.warning("consumer_cannot_start", error=type(error).__name__)
                self.heartbeat.beat()
                await _sleep(2, stopping)
            finally:
                self.connected = False
                await broker.stop()

    def _new_broker(self) -> KafkaBroker:
        return KafkaBroker(
            self._bootstrap,
            security=self._security,
            apply_types=False,
            allow_auto_create_topics=False,
            graceful_timeout=15,
            logger=None,
        )

    async def _connect(self, broker: KafkaBroker) -> None:
        await broker.connect()
        config = broker.config.broker_config
        settings = config.builder.keywords  # type: ignore[attr-defined]
        config.builder = partial(_WatchedConsumer, heartbeat=self.heartbeat, **settings)
        await broker.start()

    async def _handle(self, stopping: asyncio.Event, records: Sequence[Record]) -> None:
        """Take a batch; whatever goes wrong here, the records are read again."""
        try:
            await self._take(stopping, records)
        except Exception as error:
            log.error("batch_failed", error=type(error).__name__, exc_info=True)
            await self._retreat(records, error, stopping)

    async def _take(self, stopping: asyncio.Event, records: Sequence[Record]) -> None:
        parsed = [self._parse(record) for record in records]
        try:
            await self._apply(parsed)
        except Exception as error:
            if classify(error) is Failure.TRANSIENT:
                await self._retreat(records, error, stopping)
                return
            if not await self._apply_one_by_one(parsed, stopping):
                return
        self._setbacks = 0
        await self._commit(records)

    def _parse(self, record: Record) -> _Parsed:
        try:
            return _Parsed(record, kafka.read_fact(kafka.headers_as_text(record.headers), record.value, self._facts))
        except kafka.Malformed as error:
            return _Parsed(record, malformed=str(error))

    async def _apply(self, parsed: Sequence[_Parsed]) -> None:
        """Apply records in one transaction; facts already in the inbox change nothing."""
        service = self._service
        ids = [item.received.event_id for item in parsed if item.received]
        async with service.db.transaction() as conn:
            fresh = await first_seen(conn, self._group, ids) if ids else set()
            known = len(ids) - len(fresh)
            for item in parsed:
                if item.malformed:
                    await self._put_aside(conn, item.record, "malformed", item.malformed)
                elif item.received and item.received.event_id in fresh:
                    fresh.remove(item.received.event_id)
                    await self._react(conn, item.record, item.received)
        service.metrics.duplicates.inc(known)

    async def _react(self, conn: AsyncConnection, record: Record, received: Received[Fact]) -> None:
        headers = dict(record.headers)
        enter_trace(headers.get("traceparent", b"").decode(errors="replace"))
        await self._reactions[type(received.fact)](conn, self._service, received)
        metrics = self._service.metrics
        metrics.handled.labels(type(received.fact).__name__).inc()
        metrics.fact_age.observe(max(0.0, time.time() - record.timestamp / 1000))

    async def _apply_one_by_one(self, parsed: Sequence[_Parsed], stopping: asyncio.Event) -> bool:
        """Apply each record in a transaction of its own, putting aside those that cannot be taken.

        Returns:
            False if it had to stop before the end; what was done is committed, the rest will be read again.
        """
        started = time.monotonic()
        for done, item in enumerate(parsed):
            rest = [other.record for other in parsed[done:]]
            if stopping.is_set() or time.monotonic() - started > LONGEST_WAIT:
                await self._commit([other.record for other in parsed[:done]])
                self._rewind(rest)
                return False
            try:
                await self._apply_alone(item)
            except Exception as error:
                await self._commit([other.record for other in parsed[:done]])
                await self._retreat(rest, error, stopping)
                return False
        return True

    async def _apply_alone(self, item: _Parsed) -> None:
        """Apply one record or put it aside; raises what should be waited for."""
        for tried in range(1, TRIES_OF_UNKNOWN + 1):
            try:
                await self._apply([item])
                return
            except Exception as error:
                kind = classify(error)
                if kind is Failure.TRANSIENT:
                    raise
                log.warning(
                    "fact_failed",
                    tried=tried,
                    kind=kind,
                    error=without_input(error),
                    exc_info=kind is Failure.UNKNOWN,
                )
                if kind is Failure.PERMANENT or tried == TRIES_OF_UNKNOWN:
                    async with self._service.db.transaction() as conn:
                        await self._put_aside(conn, item.record, kind, without_input(error))
                    return
                await asyncio.sleep(0.1 * 2**tried)

    async def _put_aside(self, conn: AsyncConnection, record: Record, kind: str, reason: str) -> None:
        await dead_letters.put_aside(conn, self._service, record, f"{kind}: {reason}")
        self._service.metrics.dead_letters.labels(kind).inc()

    async def _retreat(self, records: Sequence[Record], error: Exception, stopping: asyncio.Event) -> None:
        """Wait, longer each time, and read the records again."""
        halted = isinstance(error, dead_letters.TooMany)
        self._service.metrics.halted.set(int(halted))
        self._setbacks += 1
        wait = LONGEST_WAIT if halted else min(LONGEST_PAUSE, 0.25 * 2 ** min(self._setbacks, 10))
        log.error(
            "consumer_halted" if halted else "consumer_waits",
            error=type(error).__name__,
            seconds=round(wait, 1),
        )
        self.heartbeat.beat()
        await _sleep(wait * random.uniform(0.5, 1), stopping)  # noqa: S311 - spreads the load
        self._rewind(records)

    def _rewind(self, records: Sequence[Record]) -> None:
        for partition, offset in _first_offsets(records).items():
            try:
                self._consumer.seek(partition, offset)
            except (
                IllegalStateError
            ):  # the partition was given to another member, which reads from the committed offset
                continue

    async def _commit(self, records: Sequence[Record]) -> None:
        offsets = {TopicPartition(record.topic, record.partition): record.offset + 1 for record in records}
        if not offsets:
            return
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            log.info("commit_after_rebalance")
        except KafkaError as error:
            log.warning("commit_failed", error=type(error).__name__)

    @property
    def _consumer(self) -> AIOKafkaConsumer:
        assert self._client is not None, "records arrive only after the start"
        return self._client


async def _unparsed(records: tuple[Record, ...]) -> KafkaMessage:
    """FastStream parser that parses nothing: its own decodes all headers, and one bad byte would lose the batch."""
    return KafkaMessage(raw_message=records, body=records, consumer=FAKE_CONSUMER)


async def _undecoded(message: KafkaMessage) -> Any:
    return message.raw_message


def _first_offsets(records: Sequence[Record]) -> dict[TopicPartition, int]:
    first: dict[TopicPartition, int] = {}
    for record in records:
        first.setdefault(TopicPartition(record.topic, record.partition), record.offset)
    return first


async def _sleep(seconds: float, stopping: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
