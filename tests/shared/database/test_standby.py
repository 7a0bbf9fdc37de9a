"""A server whose commits wait for a standby: what is acknowledged and published is what the standby has."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio
from sqlalchemy import text

from shared import postgres
from shared.db import Database
from shared.runtime import Role
from tests.shared.database.kit import Pair, visited
from tests.shared.kit import Bench, notice
from tests.support.standby import ask
from tests.support.wait import eventually


@pytest_asyncio.fixture
async def waiting(pair: Pair) -> AsyncIterator[Pair]:
    """Commits wait for the standby, which does not answer until `pair.standby.resume()`."""
    await pair.set("synchronous_standby_names", "'*'")

    async def is_waited_for() -> bool:
        return bool(await ask(pair.primary.url, "select sync_state = 'sync' from pg_stat_replication"))

    await eventually(is_waited_for)
    pair.standby.pause()
    yield pair
    pair.standby.resume()
    await pair.set("synchronous_standby_names", "''")


async def waits(bench: Bench) -> int:
    """How many commits in the bench's database wait for the standby."""
    found: int = await ask(
        bench.settings.database,
        "select count(*) from pg_stat_activity where wait_event = 'SyncRep' and datname = current_database()",
    )
    return found


async def one_waits(bench: Bench) -> None:
    async def one() -> bool:
        return await waits(bench) == 1

    await eventually(one)


async def test_a_commit_whose_wait_was_cut_short_is_not_acknowledged(bench: Bench, waiting: Pair) -> None:
    async with visited(bench) as (visitor, _):
        request = asyncio.create_task(visitor.leave("perhaps"))
        await one_waits(bench)
        await ask(
            waiting.primary.url, "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'"
        )
        assert (await request).status_code == 503
        assert await ask(bench.settings.database, "select count(*) from effects") == 1
        waiting.standby.resume()
        assert await visitor.is_served()


@pytest.mark.parametrize("how", ["the request is cancelled", "it takes too long"])
async def test_whoever_stops_waiting_shows_nobody_what_the_standby_lacks(
    bench: Bench, waiting: Pair, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "it takes too long":
        monkeypatch.setattr(postgres, "COMMIT_LIMIT", 0.5)
    database = Database(bench.settings.database, pool_size=1)

    async def request() -> None:
        async with database.transaction() as conn:
            await conn.execute(text("insert into effects values ('perhaps')"))

    task = asyncio.create_task(request())
    await one_waits(bench)
    if how == "the request is cancelled":
        task.cancel()
    with pytest.raises((TimeoutError, asyncio.CancelledError)):
        await task
    await asyncio.sleep(0.3)  # no cancellation reaches the server meanwhile
    async with database.transaction() as conn:
        assert (await conn.execute(text("select count(*) from effects"))).scalar_one() == 0
    assert await waits(bench) == 1
    waiting.standby.resume()

    async def seen() -> bool:
        return await bench.effects() == {"perhaps": 1}

    await eventually(seen)
    await database.close()


async def test_no_fact_is_published_whose_row_the_standby_lacks(bench: Bench, waiting: Pair) -> None:
    """Rows are seen too early after a cancelled wait, as here, and after a crash."""
    writing = asyncio.create_task(bench.record(notice()))
    await one_waits(bench)
    await ask(waiting.primary.url, "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'")
    with suppress(postgres.NotReplicated):
        await writing
    async with bench.running({Role.RELAY}) as runtime:
        await one_waits(bench)
        assert runtime.tools.metrics.outbox_age._value.get() > 0
        assert runtime.tools.metrics.published._value.get() == 0
        waiting.standby.resume()
        await eventually(lambda: runtime.tools.metrics.published._value.get() == 1)
    assert len(await bench.records(bench.topic, expected=1)) == 1
