"""The relay publishes the outbox to Kafka: at least once, in order per aggregate, by one active relay per database.

The lock is a session lock on a connection of its own. A relay that freezes loses the connection
(`idle_session_timeout`) and with it the lock, so that another takes over.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)
from pydantic_core import from_json

from shared import postgres
from shared.failures import WillPass, without_input
from shared.kafka import Envelope, new_producer
from shared.settings import Platform
from shared.telemetry import Heartbeat, Metrics
from shared.wakeup import Wakeup

LOCK = 0x6E616862
BATCH = 2_000
POLL = 0.05
STANDBY_POLL = 1.0
FROZEN_AFTER = 10
KEEP_ALIVE = 2.0
SEND_LIMIT = 15.0
START_LIMIT = 8.0
"""Seconds a producer has to find its broker; the database hears nothing of the relay meanwhile."""
CLOSE_LIMIT = 3.0

_WAITING = """
    select id, event_id, cause, topic, type, schema_version, aggregate, version, body, headers, occurred_at,
           extract(epoch from clock_timestamp() - uuid_extract_timestamp(event_id))::float8 as age,
           current_setting('synchronous_standby_names') <> '' as has_standby
    from outbox where published_at is null and refused is null and id <> all($2::bigint[]) order by id limit $1
"""
_PUBLISHED = "update outbox set published_at = clock_timestamp() where id = any($1::bigint[])"
_REFUSED = "update outbox set refused = $2 where id = $1"
_WAIT_FOR_STANDBY = """
    begin; set local synchronous_commit = on; select pg_logical_emit_message(true, 'nahbar relay', ''); commit
"""
"""Ends once the standby has all that was committed before: a commit waits for what stands in the log in front of it."""

_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)

log = structlog.get_logger()

Connection: TypeAlias = "asyncpg.Connection"


class Relay:
    """Publishes one service's outbox.

    Args:
        service: the name that stands in the facts' `source`.
        database: URL of the service's database.
        platform: how to reach Kafka.
        wakeup: set when a transaction that recorded facts has been committed.
    """

    def __init__(
        self,
        service: str,
        database: str,
        platform: Platform,
        wakeup: Wakeup,
        metrics: Metrics,
    ) -> None:
        self.heartbeat = Heartbeat(limit=60)
        self._service = service
        self._database = database
        self._platform = platform
        self._wakeup = wakeup
        self._metrics = metrics
        self._singly = 0
        self._producer: AIOKafkaProducer | None = None
        self._said = ""

    async def run(self, stopping: asyncio.Event) -> None:
        """Publish until told to stop; what is in flight then is finished, within a time limit."""
        while not stopping.is_set():
            try:
                await self._lead(stopping)
            except (
                OSError,
                TimeoutError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                asyncpg.InternalClientError,
                KafkaError,
                WillPass,
            ) as error:
                self._say(error)
                await self._wakeup.wait(1)
            finally:
                self._metrics.leading.set(0)
                await self._drop_producer()

    def _say(self, error: Exception) -> None:
        """Log why nothing is published, once for each reason until something is again."""
        reason = without_input(error)
        if reason != self._said:
            log.warning("relay_interrupted", error=reason)
        self._said = reason

    async def _lead(self, stopping: asyncio.Event) -> None:
        """Take the lock, or wait until it is free; then publish until something breaks."""
        settings = {
            "idle_session_timeout": f"{FROZEN_AFTER}s",
            "application_name": f"relay {self._service}",
            "plan_cache_mode": "force_custom_plan",  # only then are the ids to leave out looked up in a hash table
            "synchronous_commit": "off",  # a mark that a crash takes back means a fact sent twice, as any crash may
        }
        conn = await postgres.connect(self._database, command_timeout=10, server_settings=settings)
        await conn.set_type_codec("jsonb", encoder=str, decoder=from_json, schema="pg_catalog")
        try:
            while not await conn.fetchval("select pg_try_advisory_lock($1)", LOCK):
                self.heartbeat.beat()
                try:
                    await asyncio.wait_for(stopping.wait(), STANDBY_POLL)
                    return
                except TimeoutError:
                    continue
            self._metrics.leading.set(1)
            published: Sequence[int] = []
            while not stopping.is_set():
                self.heartbeat.beat()
                limit = 1 if self._singly else BATCH
                rows = await conn.fetch(_WAITING, limit, published)
                self._said = ""
                self._metrics.outbox_age.set(rows[0]["age"] if rows else 0)
                await self._secure(conn, rows)
                published = await self._publish(conn, rows, published) if rows else published
                if len(rows) < limit:
                    await self._mark(conn, published)
                    published = []
                    await self._wakeup.wait(POLL)
            await self._mark(conn, published)
        finally:
            await conn.close(timeout=2)

    async def _secure(self, conn: Connection, rows: Sequence[asyncpg.Record]) -> None:
        """Let no fact out whose row a switch-over could take back, or that could not be marked afterwards.

        Rows are seen before the standby has them where somebody cancelled the wait of their commit, or after a crash.

        Raises:
            ReadOnly: the server can no longer write.
        """
        if not postgres.can_write(conn):
            raise postgres.ReadOnly("the server can only read")
        if rows and rows[0]["has_standby"]:
            await conn.execute(_WAIT_FOR_STANDBY)

    async def _publish(
        self, conn: Connection, rows: Sequence[asyncpg.Record], published: Sequence[int]
    ) -> Sequence[int]:
        """Send rows in order and wait for the acknowledgements; rows published before are marked meanwhile.

        A row too large for Kafka is parked. Of a batch that was refused nobody knows the culprit: it is sent again row
        by row to find it. After any error the producer is thrown away: aiokafka's idempotent producer does
        not recover from a lost batch (aio-libs/aiokafka issue 1017).

        Returns:
            The ids of the rows that Kafka has now and that are still to be marked.
        """
        marking = asyncio.create_task(self._mark(conn, published))
        sent: list[tuple[asyncpg.Record, asyncio.Future[Any]]] = []
        failure: BaseException | None = None
        try:
            producer = await self._ready_producer()
            for row in rows:
                try:
                    sent.append((row, await self._send(producer, row)))
                except Exception as error:
                    failure = error
                    break
        finally:
            await marking
        await self._wait(conn, [future for _, future in sent])

        acknowledged: list[int] = []
        broken: set[UUID] = set()
        for row, future in sent:
            lost = future.exception() if future.done() else TimeoutError("no acknowledgement")
            if lost is not None:
                broken.add(row["aggregate"])
                failure = failure or lost
            elif row["aggregate"] not in broken:
                acknowledged.append(row["id"])
        if isinstance(failure, _TOO_LARGE) and len(rows) == 1:
            await self._park(conn, rows[0], failure)
        together = isinstance(failure, _TOO_LARGE) and len(rows) > 1
        self._singly = len(rows) - len(acknowledged) if together else max(0, self._singly - len(rows))
        if failure:
            await self._mark(conn, acknowledged)
            raise failure
        return acknowledged

    async def _mark(self, conn: Connection, published: Sequence[int]) -> None:
        if published:
            await conn.execute(_PUBLISHED, published)
            self._metrics.published.inc(len(published))

    async def _park(self, conn: Connection, row: asyncpg.Record, error: BaseException) -> None:
        log.error(
            "outbox_row_refused",
            row=row["id"],
            type=row["type"],
            error=type(error).__name__,
        )
        await conn.execute(_REFUSED, row["id"], type(error).__name__)
        self._metrics.refused.inc()

    async def _send(self, producer: AIOKafkaProducer, row: asyncpg.Record) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = await producer.send(
            row["topic"],
            row["body"],
            key=row["aggregate"].bytes,
            headers=Envelope(
                service=self._service,
                event_id=row["event_id"],
                cause=row["cause"],
                type=row["type"],
                schema_version=row["schema_version"],
                aggregate=row["aggregate"],
                occurred_at=row["occurred_at"],
            ).headers(row["headers"]),
        )
        return future

    async def _wait(self, conn: Connection, futures: Sequence[asyncio.Future[Any]]) -> None:
        """Wait for acknowledgements while showing the database that this relay is not frozen."""
        pending = set(futures)
        for _ in range(int(SEND_LIMIT / KEEP_ALIVE)):
            if not pending:
                return
            _, pending = await asyncio.wait(pending, timeout=KEEP_ALIVE)
            if pending:
                await conn.execute("select 1")

    async def _ready_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = new_producer(self._platform)
            try:
                await asyncio.wait_for(producer.start(), START_LIMIT)
            except BaseException:
                await _close(producer)
                raise
            self._producer = producer
        return self._producer

    async def _drop_producer(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await _close(producer)


async def _close(producer: AIOKafkaProducer) -> None:
    """Close a producer although its broker may be gone: aiokafka itself would wait for ever to flush."""
    try:
        await asyncio.wait_for(producer.stop(), CLOSE_LIMIT)
    except Exception as error:
        log.info("producer_abandoned", error=type(error).__name__)
        await producer._sender.close()  # noqa: SLF001 - stop() gave up before it came to this
        await producer.client.close()
