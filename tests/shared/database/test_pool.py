"""Sessions in the pool are as good as new, and "committed" is said of nothing else."""

import asyncio
import random
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.db import Database
from shared.failures import Failure, classify
from shared.postgres import RolledBack
from shared.statements import Statement
from tests.shared.conftest import Bench
from tests.shared.database.conftest import visited
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


async def test_no_session_is_left_in_a_transaction_by_a_cancelled_clean_up(bench: Bench) -> None:
    database = Database(bench.settings.database, pool_size=1)
    base = bench.settings.database.rpartition("/")[2]
    open_ones = f"select count(*) from pg_stat_activity where datname = '{base}' and state like 'idle in transaction%'"

    async def interrupted() -> None:
        async with database.transaction() as conn:
            await conn.execute(INSERT, {"name": "lost"})
            asyncio.get_running_loop().call_soon(me.cancel)  # reaches the task while it rolls back
            raise RuntimeError

    me = asyncio.create_task(interrupted())
    await asyncio.wait([me])

    async def none_open() -> bool:
        return bool(await ask(bench.settings.database, open_ones) == 0)

    await eventually(none_open)
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


async def test_a_session_goes_on_after_a_refusal_that_concerns_its_transaction_alone(bench: Bench) -> None:
    """A contested time makes deadlocks and refusals; new sessions for each would make it slower still."""
    async with visited(bench) as (visitor, service):
        pids = set()
        for statement in (
            "select 1 / 0",
            "do $$ begin raise exception 'x' using errcode = '40P01'; end $$",
            "do $$ begin raise exception 'x' using errcode = '55P03'; end $$",
        ):
            await visitor.run(statement)
            async with service.db.transaction() as conn:
                pids.add((await conn.execute(text("select pg_backend_pid()"))).scalar_one())
        assert len(pids) == 1


async def test_a_value_no_column_can_hold_is_not_taken_for_a_database_that_is_away(bench: Bench) -> None:
    """Waiting would never help, and the consumer would wait for ever."""
    database = Database(bench.settings.database, pool_size=1)
    number = "select cast(:n as integer)"
    with pytest.raises(Exception, match="out of int32 range") as through_sqlalchemy:
        async with database.transaction() as conn:
            await conn.execute(text(number), {"n": 2**40})
    with pytest.raises(Exception, match="out of int32 range") as past_it:
        async with database.transaction() as conn:
            await Statement(number).row(conn, {"n": 2**40})
    assert classify(through_sqlalchemy.value) is classify(past_it.value) is Failure.UNKNOWN
    await database.close()
