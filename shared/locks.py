"""Locks in one order: then no two transactions wait for each other for good.

A service lists what it locks in an `IntEnum`, in the order in which it is locked (`services/<name>/locks.py`). What
locks says so first: `note_lock` stands just before the statement. While tests run, the order is checked.
"""

from enum import IntEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import HELD_LOCKS
from shared.statements import Statement

_KEY = Statement("select pg_advisory_xact_lock(hashtextextended(:key, 0))")

_checked = False


def check_order() -> None:
    """Let `note_lock` refuse a wrong order from now on; tests ask for it."""
    global _checked
    _checked = True


def note_lock(conn: AsyncConnection, lock: IntEnum, key: str | None = None) -> None:
    """Say what the next statement locks; more of the kind may follow, and what is locked already is never waited for.

    Savepoints that are undone forget it (`shared.db.savepoint`).

    Args:
        conn: in the open transaction.
        key: which one of its kind; None where that is not known before.

    Raises:
        AssertionError: something that comes later in the order is locked already. Raised while tests run.
    """
    held: frozenset[tuple[IntEnum, str | None]] = conn.info[HELD_LOCKS]
    if _checked and (key is None or (lock, key) not in held):
        highest = max((each for each, _ in held), default=lock)
        if lock < highest:
            raise AssertionError(f"{lock!r} is locked after {highest!r}: lock it before, or change the order of all")
    conn.info[HELD_LOCKS] = held | {(lock, key)}


def holds_several_kinds(conn: AsyncConnection) -> bool:
    """Whether the open transaction has locked things of several kinds: what else it does may lock the first again."""
    return len({lock for lock, _ in conn.info[HELD_LOCKS]}) > 1


async def lock_key(conn: AsyncConnection, lock: IntEnum, key: str) -> None:
    """Lock what has no row of its own, until the transaction ends; keys of different kinds never meet.

    Raises:
        AssertionError: as `note_lock`.
    """
    note_lock(conn, lock, key)
    await _KEY.run(conn, {"key": f"{lock.name} {key}"})
