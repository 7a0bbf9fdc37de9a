"""Whatever the database says that means "not this server, not now": 503 at once, and service as soon as it can be."""

import asyncio
import socket
from uuid import uuid4

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.testing import LogCapture

from shared import postgres
from shared.db import driver_of
from shared.failures import Failure, classify
from shared.statements import Statement
from shared.tools import Tools
from tests.shared.database.kit import RAISE, Pair, visited
from tests.shared.kit import Bench
from tests.support.crossing import crossing
from tests.support.standby import ask, together
from tests.support.wait import eventually

NOBODY = "127.0.0.1:9"


def of(bench: Bench, server: str) -> str:
    """The bench's database on another server, or on several."""
    return f"{server}/{postgres.database_of(bench.settings.database)}"


async def test_each_code_is_answered_for_what_it_says(bench: Bench) -> None:
    away = "08000 08006 25006 25P03 25P04 26000 28000 28P01 3D000 40001 40P01 53000 53100 53200 53300 53400 55006"
    away += " 55P03 57000 57014 57P01 57P02 57P03 57P04 57P05 58000 58030 58P01"
    ours = "22003 23505 25P02 42P01 42501 54000 XX000 XX001"
    async with visited(bench) as (visitor, _):
        for code in away.split():
            assert (await visitor.run(RAISE.format(code))).status_code == 503, code
        for code in ours.split():
            assert (await visitor.run(RAISE.format(code))).status_code == 500, code
        assert await visitor.is_served()


HOW_IT_IS_AWAY = {
    "sessions are ended": (
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = '{role}'",
        "select 1",
    ),
    "no connection is left": ("alter role {role} connection limit 0", "alter role {role} connection limit -1"),
    "its password is another": ("alter role {role} password 'another'", "alter role {role} password 'secret'"),
    "it lets nobody in": ("alter role {role} nologin", "alter role {role} login"),
    "it is closed": ("alter database {base} allow_connections false", "alter database {base} allow_connections true"),
    "it is not there": ("alter database {base} rename to {base}_away", "alter database {base}_away rename to {base}"),
    "it is read only": (
        "alter role {role} set default_transaction_read_only = on",
        "alter role {role} reset default_transaction_read_only",
    ),
}


@pytest.mark.parametrize("how", HOW_IT_IS_AWAY)
async def test_a_database_that_is_away_is_said_to_be_and_used_as_soon_as_it_is_back(
    bench: Bench, pair: Pair, how: str
) -> None:
    base, role = postgres.database_of(bench.settings.database), f"role_{uuid4().hex[:12]}"
    names = {"base": base, "role": role}
    await ask(pair.primary.url, f"create role {role} login password 'secret'")
    await ask(of(bench, pair.primary.url), f"grant all on effects to {role}")
    server = pair.primary.url.rpartition("@")[2]
    end = HOW_IT_IS_AWAY["sessions are ended"][0].format(**names)
    away, back = (each.format(**names) for each in HOW_IT_IS_AWAY[how])
    async with visited(bench, url=f"postgresql://{role}:secret@{server}/{base}") as (visitor, _):
        assert await visitor.is_served()
        await ask(pair.primary.url, "select 1" if "rename" in away else away, end, away)
        if how != "sessions are ended":
            assert await visitor.missing() == ["database"]
            assert (await visitor.leave()).status_code == 503
            await ask(pair.primary.url, back)
        assert await visitor.is_served()
        assert await visitor.missing() == []


@pytest.mark.parametrize("limit", ["statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"])
async def test_a_request_that_takes_too_long_leaves_the_pool_as_it_was(bench: Bench, limit: str) -> None:
    base = postgres.database_of(bench.settings.database)
    await ask(bench.settings.database, f"alter database {base} set {limit} = '100ms'")
    async with visited(bench) as (visitor, runtime):

        async def idle() -> None:
            async with runtime.tools.db.transaction() as conn:
                await eventually(driver_of(conn).is_closed)
                await conn.execute(text("select 1"))

        if limit == "statement_timeout":
            assert (await visitor.run("select pg_sleep(60)")).status_code == 503
        else:
            with pytest.raises(DBAPIError) as failure:
                await idle()
            assert classify(failure.value) is Failure.TRANSIENT
        assert await visitor.is_served()


async def test_a_server_that_was_shut_down_under_requests_is_used_again(bench: Bench, pair: Pair) -> None:
    async with visited(bench) as (visitor, _):
        slow = asyncio.create_task(visitor.run("select pg_sleep(60)"))

        async def sleeps() -> bool:
            return bool(await ask(pair.primary.url, "select 1 from pg_stat_activity where wait_event = 'PgSleep'"))

        await eventually(sleeps)
        await asyncio.to_thread(pair.primary.stop)
        assert (await slow).status_code == 503
        assert (await visitor.leave()).status_code == 503
        assert await visitor.missing() == ["database"]
        await asyncio.to_thread(pair.primary.start)
        assert await visitor.is_served()
        assert await visitor.missing() == []


async def test_sessions_to_a_server_that_answers_no_more_cost_one_request_its_patience(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an address was moved to another machine: packets to the old one get lost, new sessions work."""
    monkeypatch.setattr(postgres, "BEGIN_LIMIT", 1.0)
    async with crossing(bench.settings.database) as road, visited(bench, url=road.url) as (visitor, _):
        await asyncio.gather(*[visitor.run("select pg_sleep(0.1)") for _ in range(3)])
        assert road.used == 3
        road.swallow()
        answers = [(await visitor.leave()).status_code for _ in range(6)]
    assert answers == [503, 200, 200, 200, 200, 200]


async def test_a_migration_under_prepared_statements_costs_a_try_and_no_more(bench: Bench) -> None:
    everything = Statement("select * from effects")
    tools = Tools(bench.settings.model_copy(update={"pool_size": 2}))

    async def look() -> None:
        async with tools.db.transaction() as conn:
            await conn.execute(text("select * from effects"))
            await everything.run(conn)

    await look()
    await ask(bench.settings.database, "alter table effects add column more text")

    with pytest.raises(DBAPIError, match="cached") as failure:
        await look()
    assert classify(failure.value) is Failure.TRANSIENT
    await look()
    await tools.db.close()


async def test_of_several_servers_the_one_that_can_write_is_found(bench: Bench, pair: Pair) -> None:
    """Behind one that only reads, one that is not there, and one that takes connections but does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        servers = together(pair.standby, pair.primary).replace("@", f"@{NOBODY},{address},")
        async with visited(bench, url=of(bench, servers)) as (visitor, _):
            assert await visitor.is_served()


async def test_a_standby_alone_is_named_once_for_ever(
    bench: Bench, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = LogCapture()
    monkeypatch.setattr("shared.runtime.log", structlog.wrap_logger(None, [said], structlog.BoundLogger))
    alone = of(bench, pair.standby.url)
    await pair.until_on_standby(alone)
    async with visited(bench, url=alone) as (visitor, _):
        for _ in range(3):
            assert (await visitor.leave()).status_code == 503
            assert await visitor.missing() == ["database"]
    [line] = said.entries
    assert line["event"] == "database_not_ready"
    assert line["error"].endswith(": read only")
