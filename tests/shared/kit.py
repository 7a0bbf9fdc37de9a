"""A service made of nothing but the kernel, and ways to look at what it did."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.events.base import Fact
from shared.events.notifications import NoticeState, NotificationDelivered
from shared.events.registry import dead_letter_topic, topic_of
from shared.kafka import create_topics
from shared.kernel_tables import kernel_tables
from shared.runtime import Parts, Role, Runtime, application
from shared.settings import Platform, ServiceSettings
from shared.tools import Tools
from tests.support.wait import eventually


class PlainSettings(ServiceSettings):
    """Settings of a service that has only the kernel's tables."""

    service: ClassVar[str] = "notifications"


def notice(aggregate: UUID | None = None, version: int = 1, purpose: str = "reminder") -> NotificationDelivered:
    """Some fact."""
    state = NoticeState(
        matter=uuid4(),
        matter_service="appointments",
        matter_version=1,
        purpose=purpose,
        tried=[],
        at=datetime(2026, 11, 23, 9, tzinfo=UTC),
    )
    return NotificationDelivered(id=aggregate or uuid4(), version=version, notice=state)


async def new_plain_database(server: str) -> str:
    """A database with the kernel's tables; returns its URL."""
    name = f"plain_{uuid4().hex[:12]}"
    conn = await asyncpg.connect(f"{server}/postgres")
    await conn.execute(f"create database {name}")
    await conn.close()
    url = f"{server}/{name}"
    metadata = MetaData()
    kernel_tables(metadata)
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as open_conn:
        await open_conn.run_sync(metadata.create_all)
        await open_conn.execute(text("create table effects (purpose text)"))
    await engine.dispose()
    return url


class Bench:
    """One database, its own topics, and services on top of them.

    Args:
        kafka: bootstrap servers.
        server: URL of the PostgreSQL server.
        prefix: topic prefix of this test.
    """

    def __init__(self, kafka: str, server: str, prefix: str, database: str) -> None:
        self.platform = Platform(kafka=kafka, postgres=server, topic_prefix=prefix, partitions=4)
        self.settings = PlainSettings(platform=self.platform, database=database)
        self.topic = topic_of(prefix, NotificationDelivered)
        self.dead_letter_topic = dead_letter_topic(prefix, "notifications")

    @asynccontextmanager
    async def running(self, roles: set[Role] | None = None, **parts: Any) -> AsyncIterator[Runtime]:
        """A started service; its loops end with the block."""
        app = application(Tools(self.settings), frozenset(roles or Role), Parts(**parts))
        async with app.router.lifespan_context(app):
            yield app.state.runtime

    async def record(self, *facts: Fact) -> None:
        """Record facts, each in a transaction of its own, with no relay awake."""
        tools = Tools(self.settings)
        for fact in facts:
            async with tools.db.transaction() as conn:
                await tools.outbox.record(conn, fact)
        await tools.db.close()

    async def rows(self, sql: str) -> list[Any]:
        """What a query finds in the database."""
        tools = Tools(self.settings)
        async with tools.db.transaction() as conn:
            found = (await conn.execute(text(sql))).all()
        await tools.db.close()
        return list(found)

    async def effects(self) -> Counter[str]:
        """How often each purpose was applied, as committed."""
        return Counter([row.purpose for row in await self.rows("select purpose from effects")])

    async def until_applied(self, purpose: str, times: int = 1) -> None:
        """Wait until a fact of this purpose has had its effect."""

        async def applied() -> bool:
            return (await self.effects())[purpose] >= times

        await eventually(applied, every=0.1)

    async def records(self, topic: str, expected: int, timeout: float = 20) -> list[ConsumerRecord]:
        """What a topic holds, once it holds at least `expected` records and no more arrive."""
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=self.platform.kafka, auto_offset_reset="earliest")
        await consumer.start()
        found: list[ConsumerRecord] = []

        async def enough() -> bool:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found.extend(records)
            return len(found) >= expected

        try:
            await eventually(enough, timeout=timeout)
            for records in (await consumer.getmany(timeout_ms=300)).values():
                found.extend(records)
        finally:
            await consumer.stop()
        return found


BenchFactory = Callable[..., Awaitable[Bench]]


async def make_bench(kafka: str, server: str, prefix: str) -> Bench:
    """A bench with its topics and its database."""
    bench = Bench(kafka, server, prefix, await new_plain_database(server))
    await create_topics(kafka, [bench.topic, bench.dead_letter_topic], 4)
    return bench
