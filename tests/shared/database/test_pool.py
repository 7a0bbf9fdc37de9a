"""Sessions in the pool are as good as new, and "committed" is said of nothing else."""

import asyncio
import random
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.db import Database
from shared.failures import Failure, classify
from shared.postgres import RolledBack
from shared.statements import Query, Statement, Unreadable
from tests.shared.database.kit import RAISE, visited
from tests.shared.kit import Bench
from tests.support.standby import ask
from tests.support.wait import eventually

INSERT = text("insert into effects values (:name)")


async def test_requests_cancelled_anywhere_leave_a_clean_pool(bench: Bench) -> None:
    """Cancelled once or twice, the second time while the first is cleaned up after."""
    drawn = random.Random(7)
    database = Database(bench.settings.database, pool_size=2)

    async def request(number: int) -> None:
        async with database.transaction() as conn:
            await conn.execute(INSERT, {"name": f"cancelled {number}"})
            await conn.execute(text("select pg_sleep(0.005)"))
            raise RuntimeError("a rollback follows")

    async def cancelled(number: int) -> None:
        task = asyncio.create_task(request(number))
        for _ in range(drawn.randint(1, 2)):
            await asyncio.sleep(drawn.uniform(0, 0.012))
            task.cancel()
        await asyncio.wait([task])

    for number in range(60):
        await cancelled(number)
    for number in range(4):
        async with database.transaction() as conn:
            await conn.execute(INSERT, {"name": f"kept {number}"})
        # Seen by another session: it was committed, not only said to be.
        assert await ask(bench.settings.database, f"select count(*) from effects where purpose = 'kept {number}'") == 1
    assert await ask(bench.settings.database, "select count(*) from effects") == 4
    await database.close()


@pytest.mark.parametrize("doing", ["a statement runs", "it is rolled back"])
async def test_nothing_of_a_request_cancelled_twice_gets_into_the_next(bench: Bench, doing: str) -> None:
    """The second time hits the clean-up after the first, as at the end of a process."""
    database = Database(bench.settings.database, pool_size=1)
    running = asyncio.Event()

    async def interrupted() -> None:
        async with database.transaction() as conn:
            await conn.execute(INSERT, {"name": "lost"})
            running.set()
            if doing == "a statement runs":
                await conn.execute(text("select pg_sleep(60)"))
            raise RuntimeError

    task = asyncio.create_task(interrupted())
    await running.wait()
    if doing == "a statement runs":
        pool: Any = database.engine.pool
        await eventually(lambda: bool(pool.checkedout() == 1))
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    await asyncio.wait([task])
    async with database.transaction() as conn:
        await conn.execute(INSERT, {"name": "kept"})
    assert await bench.effects() == {"kept": 1}
    await database.close()


async def test_nothing_is_acknowledged_that_the_server_undid(bench: Bench) -> None:
    """A use case that goes on after a failure as if nothing were: PostgreSQL answers its COMMIT with ROLLBACK."""
    database = Database(bench.settings.database, pool_size=1)

    async def go_on_regardless() -> None:
        async with database.transaction() as conn:
            await conn.execute(INSERT, {"name": "lost"})
            with suppress(DBAPIError):
                await conn.execute(text("select 1 / 0"))

    with pytest.raises(RolledBack):
        await go_on_regardless()
    async with database.transaction() as conn:
        await conn.execute(INSERT, {"name": "kept"})
    assert await bench.effects() == {"kept": 1}
    await database.close()


async def test_a_session_is_replaced_after_what_concerns_its_server_and_after_nothing_else(bench: Bench) -> None:
    """A contested time makes deadlocks and refusals; new sessions for each would make it slower still."""
    async with visited(bench) as (visitor, runtime):

        async def pid() -> int:
            async with runtime.tools.db.transaction() as conn:
                return int((await conn.execute(text("select pg_backend_pid()"))).scalar_one())

        first = await pid()
        for statement in ("select 1 / 0", RAISE.format("40P01"), RAISE.format("55P03")):
            await visitor.run(statement)
            assert await pid() == first
        for code in ("25006", "58030"):
            before = await pid()
            await visitor.run(RAISE.format(code))
            assert await pid() != before


async def test_a_value_no_column_can_hold_is_not_taken_for_a_database_that_is_away(bench: Bench) -> None:
    """Waiting would never help, and the consumer would wait for ever."""
    database = Database(bench.settings.database, pool_size=1)
    number = "select cast(:n as integer)"
    with pytest.raises(Exception, match="out of int32 range") as through_sqlalchemy:
        async with database.transaction() as conn:
            await conn.execute(text(number), {"n": 2**40})
    with pytest.raises(Exception, match="out of int32 range") as past_it:
        async with database.transaction() as conn:
            await Statement(number).run(conn, {"n": 2**40})
    assert classify(through_sqlalchemy.value) is classify(past_it.value) is Failure.PERMANENT
    await database.close()


async def test_a_row_that_is_not_what_it_is_read_into_is_our_fault_and_is_not_quoted(bench: Bench) -> None:
    database = Database(bench.settings.database, pool_size=1)
    with pytest.raises(Unreadable, match="int_parsing") as unreadable:
        async with database.transaction() as conn:
            await Query(int, "select 'Anna'").one(conn)
    assert "Anna" not in str(unreadable.value)
    assert classify(unreadable.value) is Failure.UNKNOWN
    await database.close()
