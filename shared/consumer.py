"""Consuming facts: every fact's effects happen once, whatever is delivered twice, late, or broken.

Offsets are committed after the transaction that holds the effects. Failures that will pass are waited for and read
again; records that cannot be taken are put aside as dead letters; too many of those in a row stop the consumer,
because a bad deployment must not empty a topic.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage

from shared import applying, dead_letters, kafka
from shared.applying import Applying
from shared.events.registry import topics_of
from shared.failures import Failure, classify
from shared.polling import PatientConsumer
from shared.progress import Progress, sleep
from shared.reactions import Reactions
from shared.records import Parsed, Record
from shared.telemetry import Heartbeat
from shared.tools import Tools

HALT = kafka.MAX_POLL_INTERVAL / 3
"""Seconds to wait, at most, after too many dead letters."""
LONGEST_WAIT = 5.0
"""Seconds to wait, at most, for what will pass."""

log = structlog.get_logger()


class Consumer:
    """Reads the topics of the facts a service reacts to and calls its reactions."""

    def __init__(
        self,
        tools: Tools,
        reactions: Reactions,
        max_records: int = 500,
    ) -> None:
        platform = tools.settings.platform
        self.heartbeat = Heartbeat(limit=kafka.MAX_POLL_INTERVAL)
        self.connected = False
        self._tools = tools
        self._bootstrap = platform.kafka
        self._security = kafka.security_of(platform)
        self._group = f"{platform.topic_prefix}.{tools.name}"
        self._topics = topics_of(platform.topic_prefix, reactions)
        self._applying = Applying(tools, self._group, reactions)
        self._max_records = max_records
        self._setbacks = 0
        self._progress = Progress(self._topics, tools.metrics)
        self._missing_codecs = kafka.missing_codecs()
        self._client: AIOKafkaConsumer | None = None

    def missing(self) -> list[str]:
        """What keeps it from consuming: `kafka`, `codecs`, or that it stands still (`consumer`)."""
        hindrances = {
            "kafka": not self.connected,
            "codecs": bool(self._missing_codecs),
            "consumer": self.connected and self._progress.halted,
        }
        return [name for name, is_there in hindrances.items() if is_there]

    async def run(self, stopping: asyncio.Event) -> None:
        """Consume until told to stop; then finish the batch in hand, commit and leave the group."""
        if self._missing_codecs:
            log.error("codecs_missing", codecs=self._missing_codecs, remedy="install aiokafka with its extra `all`")
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
                self.connected = True
                await self._progress.watch(self._consumer, stopping)
            except (KafkaError, OSError) as error:
                log.warning("consumer_cannot_start", error=type(error).__name__)
                self.heartbeat.beat()
                await sleep(2, stopping)
            finally:
                self.connected = False
                await broker.stop()

    def _new_broker(self) -> KafkaBroker:
        return KafkaBroker(
            self._bootstrap,
            security=self._security,
            apply_types=False,
            allow_auto_create_topics=False,
            metadata_max_age_ms=int(kafka.METADATA_AGE * 1000),
            graceful_timeout=15,
            logger=None,
        )

    async def _connect(self, broker: KafkaBroker) -> None:
        await broker.connect()
        config = broker.config.broker_config
        settings = config.builder.keywords  # type: ignore[attr-defined]
        config.builder = partial(self._new_client, **settings)
        await broker.start()

    def _new_client(self, *args: Any, **settings: Any) -> PatientConsumer:
        self._client = PatientConsumer(*args, heartbeat=self.heartbeat, progress=self._progress, **settings)
        return self._client

    async def _handle(self, stopping: asyncio.Event, records: Sequence[Record]) -> None:
        """Take a batch; whatever goes wrong here, the records are read again."""
        with self._progress.holding(_first_offsets(records)):
            try:
                await self._take(stopping, records)
            except Exception as error:
                log.error("batch_failed", error=type(error).__name__, exc_info=True)
                await self._retreat(records, error, stopping)

    async def _take(self, stopping: asyncio.Event, records: Sequence[Record]) -> None:
        parsed = await self._applying.read(records)
        try:
            done = await self._applying.together(parsed)
        except Exception as error:
            if classify(error) is Failure.TRANSIENT and not isinstance(error, dead_letters.TooMany):
                await self._retreat(records, error, stopping)
            else:  # a batch may hold more records to put aside than the limit has
                await self._apply_one_by_one(parsed, stopping)
        else:
            await self._get_on(records[:done], records[done:])

    async def _apply_one_by_one(self, parsed: Sequence[Parsed], stopping: asyncio.Event) -> None:
        """Apply each record in a transaction of its own, putting aside those that cannot be taken.

        Where it must stop before the end, what was done is acknowledged and the rest is read again.
        """
        started = time.monotonic()
        records = [item.record for item in parsed]
        for done, item in enumerate(parsed):
            if stopping.is_set() or time.monotonic() - started > applying.LONGEST_BATCH:
                await self._get_on(records[:done], records[done:])
                return
            try:
                await self._applying.alone(item)
            except Exception as error:
                await self._commit(records[:done])
                await self._retreat(records[done:], error, stopping)
                return
        await self._get_on(records)

    async def _get_on(self, done: Sequence[Record], rest: Sequence[Record] = ()) -> None:
        """Acknowledge what was done; the rest is read again."""
        self._setbacks = 0
        self._tools.metrics.halted.set(0)
        self._rewind(rest)
        await self._commit(done)

    async def _retreat(self, records: Sequence[Record], error: Exception, stopping: asyncio.Event) -> None:
        """Wait, longer each time, and read the records again."""
        halted = isinstance(error, dead_letters.TooMany)
        self._tools.metrics.halted.set(int(halted))
        self._setbacks += 1
        wait = HALT if halted else min(LONGEST_WAIT, 0.25 * 2 ** min(self._setbacks, 10))
        if self._progress.failed(error):
            first = records[0]
            log.error(
                "consumer_halted" if halted else "consumer_waits",
                error=type(error).__name__,
                topic=first.topic,
                partition=first.partition,
                offset=first.offset,
                seconds=round(wait, 1),
            )
        self.heartbeat.beat()
        try:
            await sleep(wait * random.uniform(0.5, 1), stopping)  # noqa: S311 - spreads the load
        finally:
            self._rewind(records)

    def _rewind(self, records: Sequence[Record]) -> None:
        for partition, offset in _first_offsets(records).items():
            try:
                self._consumer.seek(partition, offset)
            except IllegalStateError:  # it was given to another member, which reads from the committed offset
                continue

    async def _commit(self, records: Sequence[Record]) -> None:
        offsets = {TopicPartition(record.topic, record.partition): record.offset + 1 for record in records}
        if not offsets:
            return
        self._progress.got_on(offsets)
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
