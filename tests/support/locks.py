"""What tests of locks do: let something run into a lock that an open transaction holds."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.tools import Tools
from tests.support.wait import eventually

Found = TypeVar("Found")
_SOMEBODY_WAITS = text("""
    select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')
""")
_NO_LONG_WAIT = text("set local lock_timeout = '3s'")


async def waiting(tools: Tools, act: Awaitable[Found]) -> asyncio.Future[Found]:
    """The act as a task that waits for a lock now; fails when it ended without waiting."""
    task = asyncio.ensure_future(act)

    async def waits() -> bool:
        async with tools.db.transaction() as conn:
            return task.done() or bool((await conn.execute(_SOMEBODY_WAITS)).scalar_one())

    await eventually(waits)
    assert not task.done(), f"did not wait: {task.result()}"
    return task


async def wait_not_long(conn: AsyncConnection) -> None:
    """Let waits for locks in the open transaction fail after a moment, where nothing holds them that ends."""
    await conn.execute(_NO_LONG_WAIT)
