"""Locks in one order: then no two transactions wait for each other for good.

A service lists what it locks in an `IntEnum`, in the order in which it is locked (`services/<name>/locks.py`). What
locks says so first: `note_lock` stands just before the statement. While tests run, the order is checked.
"""

from enum import IntEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import HIGHEST_LOCK

_KEY = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")

_checked = False


def check_order() -> None:
    """Let `note_lock` refuse a wrong order from now on; tests ask for it."""
    global _checked
    _checked = True


def note_lock(conn: AsyncConnection, lock: IntEnum) -> None:
    """Say what the next statement locks; what is locked already may be locked again, and more of its kind.

    Args:
        conn: in the open transaction.

    Raises:
        AssertionError: something that comes later in the order is locked already. Raised while tests run.
    """
    if not _checked:
        return
    highest: IntEnum | None = conn.info[HIGHEST_LOCK]
    if highest is not None and lock < highest:
        raise AssertionError(f"{lock!r} is locked after {highest!r}: lock it before, or change the order of all")
    conn.info[HIGHEST_LOCK] = lock


async def lock_key(conn: AsyncConnection, lock: IntEnum, key: str) -> None:
    """Lock what has no row of its own, until the transaction ends; keys of different kinds never meet.

    Raises:
        AssertionError: as `note_lock`.
    """
    note_lock(conn, lock)
    await conn.execute(_KEY, {"key": f"{lock.name} {key}"})
