"""Locks are taken in one order; a wrong one is refused while tests run."""

from collections.abc import AsyncIterator
from enum import IntEnum, auto

import pytest

from shared import locks
from shared.act import acting
from shared.locks import lock_key, note_lock
from shared.tools import Tools
from tests.shared.kit import Bench
from tests.support.locks import wait_not_long, waiting


class Lock(IntEnum):
    """What is locked, first things first."""

    SHELF = auto()
    BOX = auto()
    LID = auto()


@pytest.fixture
async def tools(bench: Bench) -> AsyncIterator[Tools]:
    made = Tools(bench.settings)
    yield made
    await made.db.close()


async def lock_all(tools: Tools, *wanted: Lock) -> None:
    """Lock some things in a transaction of their own."""
    async with acting(tools) as act:
        for each in wanted:
            note_lock(act.conn, each)


async def test_what_comes_earlier_in_the_order_is_not_locked_later(tools: Tools) -> None:
    with pytest.raises(AssertionError, match=r"SHELF.*after.*BOX"):
        await lock_all(tools, Lock.BOX, Lock.SHELF)


async def test_the_order_is_kept_with_gaps_and_twice_the_same(tools: Tools) -> None:
    await lock_all(tools, Lock.SHELF, Lock.SHELF, Lock.LID, Lock.LID)


async def test_each_transaction_begins_anew(tools: Tools) -> None:
    await lock_all(tools, Lock.LID)
    await lock_all(tools, Lock.SHELF)


async def test_what_an_undone_attempt_locked_is_free_again(tools: Tools) -> None:
    async with acting(tools) as act:
        note_lock(act.conn, Lock.SHELF)
        async with act.attempt() as attempt:
            note_lock(act.conn, Lock.LID)
            await attempt.rollback()
        note_lock(act.conn, Lock.BOX)


async def test_what_a_kept_attempt_locked_stays_locked(tools: Tools) -> None:
    async with acting(tools) as act:
        async with act.attempt():
            note_lock(act.conn, Lock.LID)
        with pytest.raises(AssertionError):
            note_lock(act.conn, Lock.BOX)


async def test_nothing_is_refused_where_no_test_runs(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_checked", False)
    await lock_all(tools, Lock.BOX, Lock.SHELF)


async def test_a_key_is_locked_until_the_transaction_ends(tools: Tools) -> None:
    async def lock_box(key: str) -> None:
        async with acting(tools) as act:
            await lock_key(act.conn, Lock.BOX, key)

    async with acting(tools) as act:
        await lock_key(act.conn, Lock.BOX, "red")
        second = await waiting(tools, lock_box("red"))
        await wait_not_long(act.conn)
        await lock_box("blue")
    await second


async def test_keys_of_different_kinds_never_meet(tools: Tools) -> None:
    async with acting(tools) as one, acting(tools) as other:
        await lock_key(one.conn, Lock.BOX, "red")
        await wait_not_long(other.conn)
        await lock_key(other.conn, Lock.LID, "red")


async def test_a_key_keeps_to_the_order(tools: Tools) -> None:
    async with acting(tools) as act:
        note_lock(act.conn, Lock.LID)
        with pytest.raises(AssertionError):
            await lock_key(act.conn, Lock.BOX, "red")


async def test_what_is_locked_already_may_be_named_again(tools: Tools) -> None:
    async with acting(tools) as act:
        note_lock(act.conn, Lock.SHELF, "left")
        note_lock(act.conn, Lock.LID)
        note_lock(act.conn, Lock.SHELF, "left")
        for unknown in ("right", None):
            with pytest.raises(AssertionError):
                note_lock(act.conn, Lock.SHELF, unknown)
