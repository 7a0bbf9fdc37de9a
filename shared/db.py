"""The database of a service: its engine and its transactions."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Request
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
