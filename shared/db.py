"""The database of a service: its engine, its transactions, and the tables every service has."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction, create_async_engine

from shared import postgres
from shared.failures import ends_session

_AFTER_COMMIT = "nahbar_after_commit"
_DRIVER = "nahbar_driver"
_GENERATION = "nahbar_generation"
HELD_LOCKS = "nahbar_held_locks"
"""Where a connection keeps what its transaction has locked; see `shared.locks`."""

KEPT_STATEMENTS = 400
"""Statements a session keeps prepared, enough for all of a service; each takes some 10 KiB of the server's memory."""


class Database:
    """A service's own database.

    Args:
        url: `postgresql://user:password@host:port/database`; of several servers (`host:port,host:port`) the one that
            can write is used.
        pool_size: connections kept; a request that finds none waits at most 5 seconds.
    """

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.url = url
        self.engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=partial(
                postgres.connect,
                url,
                command_timeout=30,
                statement_cache_size=KEPT_STATEMENTS,
                server_settings={"jit": "off"},
            ),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",  # transactions are begun and ended past SQLAlchemy, see `transaction`
        )
        self._generation = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that commits at the end; whatever waits for the commit is called after it.

        It is begun and ended on asyncpg's connection, so that statements sent through SQLAlchemy and past it
        (`shared.statements`) are part of it alike. SQLAlchemy's pool does not know of it and would keep a session in
        the middle of a transaction: one that does not end it as it should is thrown away.
        """
        async with self.engine.connect() as conn:
            session: Any = None
            callbacks: set[Callable[[], None]] = set()
            try:
                session = await self._begin(conn)
                conn.info.update({_AFTER_COMMIT: callbacks, _DRIVER: session, HELD_LOCKS: frozenset()})
                yield conn
                await postgres.commit(session)
            except BaseException as error:
                as_new = False
                try:
                    as_new = await _undone(session, error)
                finally:
                    if not as_new:
                        await _throw_away(conn, session)
                raise
        for callback in callbacks:
            callback()

    async def _begin(self, conn: AsyncConnection) -> Any:
        """Begin on a session that can; where an old one cannot, those as old are not tried any more.

        Returns:
            asyncpg's connection.
        """
        while True:
            session: Any = (await conn.get_raw_connection()).driver_connection
            new = _GENERATION not in conn.info
            generation: int = conn.info.setdefault(_GENERATION, self._generation)
            if generation == self._generation:
                try:
                    await postgres.begin(session)
                    return session
                except BaseException as error:
                    cancelled = not isinstance(error, Exception)
                    self._generation = max(self._generation, generation + (not cancelled))
                    if new or cancelled or isinstance(error, TimeoutError):
                        await _throw_away(conn, session)
                        raise
            await _throw_away(conn, session)

    async def close(self) -> None:
        await self.engine.dispose()


async def _undone(session: Any, error: BaseException) -> bool:
    """Roll back after a failure; returns whether the session is as good as new."""
    if session is None or session.is_closed() or not isinstance(error, Exception) or ends_session(error):
        return False
    try:
        if session.is_in_transaction():
            await session.execute("ROLLBACK", timeout=postgres.BEGIN_LIMIT)
        return True
    except Exception:
        return False


async def _throw_away(conn: AsyncConnection, session: Any) -> None:
    """End a session at once, without another word to its server; the pool opens a new one in its place."""
    if session is not None:
        session.terminate()
        await conn.invalidate()


def driver_of(conn: AsyncConnection) -> Any:
    """asyncpg's connection, in the open transaction."""
    return conn.info[_DRIVER]


def after_commit(conn: AsyncConnection, callback: Callable[[], None]) -> None:
    """Call something once, when the open transaction has been committed."""
    conn.info[_AFTER_COMMIT].add(callback)


@asynccontextmanager
async def savepoint(conn: AsyncConnection) -> AsyncIterator[AsyncTransaction]:
    """A part of the open transaction that can be undone alone, and with it its locks and what was to follow the commit.

    It is undone where it raises, or where the caller rolls back what it is given.
    """
    info = conn.info
    callbacks: set[Callable[[], None]] = info[_AFTER_COMMIT]
    before, held = set(callbacks), info[HELD_LOCKS]
    async with conn.begin_nested() as nested:
        kept = False
        try:
            yield nested
            kept = nested.is_active
        finally:
            if not kept:
                callbacks.intersection_update(before)
                info[HELD_LOCKS] = held


async def transaction(request: Request) -> AsyncGenerator[AsyncConnection]:
    """FastAPI dependency: the one transaction of a request."""
    database: Database = request.app.state.tools.db
    async with database.transaction() as conn:
        yield conn


Connection = Annotated[AsyncConnection, Depends(transaction, scope="function")]
"""Commits before the response is sent (`scope="function"`), so that no unkept promise leaves the house."""


def kernel_tables(metadata: MetaData) -> None:
    """Add the tables every service has to its metadata."""
    moment = DateTime(timezone=True)
    Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column(
            "event_id",
            Uuid,
            nullable=False,
            unique=True,
            server_default=text("uuidv7()"),
        ),
        Column("cause", Uuid, nullable=True),
        Column("topic", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("schema_version", SmallInteger, nullable=False),
        Column("aggregate", Uuid, nullable=False),
        Column("version", Integer, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("headers", JSONB, nullable=False, server_default=text("'{}'")),
        Column("occurred_at", moment, nullable=False),
        Column("alive_until", moment),
        Column("published_at", moment),
        Column("refused", Text),
        UniqueConstraint("aggregate", "version"),
        Index(
            "outbox_waiting",
            "id",
            postgresql_where=text("published_at is null and refused is null"),
        ),
        Index(
            "outbox_published",
            "published_at",
            postgresql_where=text("published_at is not null"),
        ),
    )
    Table(
        "inbox",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("event_id", Uuid, primary_key=True),
        Column("received_at", moment, nullable=False, server_default=func.now()),
        Index("inbox_received", "received_at"),
    )
    Table(
        "dead_letters",
        metadata,
        Column("id", Uuid, primary_key=True, server_default=text("uuidv7()")),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("digest", LargeBinary, nullable=False, server_default=text("''::bytea")),
        Column("key", LargeBinary),
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary),
        Column("reason", Text, nullable=False),
        Column("recorded_at", moment, nullable=False, server_default=func.now()),
        Column("settled_at", moment),
        Column("settled_by", Text),
        Column("settlement", Text),
        UniqueConstraint("topic", "partition", "position", "digest"),
        Index(
            "dead_letters_open",
            "recorded_at",
            postgresql_where=text("settled_at is null"),
        ),
    )
    Table(
        "due_work",
        metadata,
        Column("kind", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("due_at", moment, nullable=False),
        Column("urgency", SmallInteger, nullable=False),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("lease", Uuid),
        Column("leased_until", moment),
        Index("due_work_next", "urgency", "due_at"),
    )
    Table(
        "idempotency_keys",
        metadata,
        Column("scope", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("digest", Text, nullable=False),
        Column("resource", Text, nullable=False),
        Column("created_at", moment, nullable=False, server_default=func.now()),
        Index("idempotency_keys_created", "created_at"),
    )
    Table(
        "kept_pages",
        metadata,
        Column("name", Text, primary_key=True),
        Column("box", LargeBinary, nullable=False),
        Column("kept_at", moment, nullable=False, server_default=func.now()),
        Index("kept_pages_kept", "kept_at"),
    )
    Table(
        "people",
        metadata,
        Column("matter", Uuid, primary_key=True),
        Column("person_key", Text, nullable=False, index=True),
        Column("box", LargeBinary, nullable=False),
        Column("delete_after", moment),
        Index(
            "people_delete_after",
            "delete_after",
            postgresql_where=text("delete_after is not null"),
        ),
    )
    Table(
        "audit",
        metadata,
        Column("id", Uuid, primary_key=True, server_default=text("uuidv7()")),
        Column("at", moment, nullable=False),
        Column("who", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("matter", Uuid),
        Column("station", Text),
        Column("details", JSONB, nullable=False, server_default=text("'{}'")),
        Index("audit_at", "at"),
    )
