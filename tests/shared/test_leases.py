"""Leases of due work: committed before anything begins, and nothing is ended by a worker that has lost its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared import lanes
from shared.act import Act, acting
from shared.claims import HOLD, still_ours
from shared.due import Claim, Urgency, Work
from shared.lanes import Lane
from shared.runtime import Role
from shared.tools import Tools
from shared.wakeup import Wakeup
from tests.shared.kit import Bench
from tests.shared.working import Errands, Recorder, now, schedule
from tests.support.wait import eventually

DUE = {Role.DUE}


@pytest.fixture
async def tools(bench: Bench) -> AsyncIterator[Tools]:
    """A service whose loops do not run."""
    tools = Tools(bench.settings)
    yield tools
    await tools.db.close()


def lane_of(tools: Tools, **handlers: Any) -> Lane:
    return Lane(tools, handlers, list(Urgency), 20, Wakeup())


async def lease(bench: Bench, *keys: str) -> UUID:
    """Let a worker, which is not ours, claim work for an hour."""
    new = uuid4()
    tools = Tools(bench.settings)
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("""
                update due_work set lease = :lease, leased_until = clock_timestamp() + interval '1 hour'
                where key = any(:keys)
            """),
            {"lease": new, "keys": list(keys)},
        )
    await tools.db.close()
    return new


async def leases(bench: Bench) -> dict[str, UUID]:
    """Whose work is whose."""
    held = "select key, lease from due_work where leased_until > clock_timestamp() + interval '50 minutes'"
    return {row.key: row.lease for row in await bench.rows(held)}


async def test_an_errand_that_outlives_its_lease_does_not_end_the_work_of_who_took_over(bench: Bench) -> None:
    answered = asyncio.Event()
    errands = Errands(until=answered)
    await schedule(bench, Work("send", "x", now(bench), Urgency.DIRECT))
    async with bench.running(DUE, due={"send": errands}):
        await eventually(lambda: errands.performed["x"] == 1)
        taken = await lease(bench, "x")
        answered.set()
        await eventually(lambda: errands.finished["x"] == 1)
        assert await leases(bench) == {"x": taken}


async def test_who_lost_a_lease_before_beginning_begins_nothing(bench: Bench, tools: Tools) -> None:
    errands, recorder = Errands(), Recorder()
    await schedule(bench, *(Work(kind, kind, now(bench), Urgency.DIRECT) for kind in ("send", "note")))
    taken = await lease(bench, "send", "note")
    lane = lane_of(tools, send=errands, note=recorder)
    await lane._begin("send", [Claim("send", "send", 1, uuid4())])
    await lane._transact(recorder, Claim("note", "note", 1, uuid4()))
    assert (errands.performed, recorder.attempts) == ({}, [])
    assert await leases(bench) == {"send": taken, "note": taken}


async def test_who_failed_after_losing_a_lease_does_not_put_the_work_off(bench: Bench, tools: Tools) -> None:
    await schedule(bench, Work("send", "x", now(bench), Urgency.DIRECT))
    taken = await lease(bench, "x")
    await lane_of(tools)._pause(Claim("send", "x", 1, uuid4()), RuntimeError())
    assert await leases(bench) == {"x": taken}


async def test_a_worker_that_claims_again_does_not_end_its_new_claim_with_the_old_one(
    bench: Bench, tools: Tools
) -> None:
    """Results of both claims may be recorded together."""
    await schedule(bench, *(Work("send", key, now(bench), Urgency.DIRECT) for key in ("a", "b")))
    held = await lease(bench, "a", "b")
    batch = [(Claim("send", "a", 1, uuid4()), "a", "done"), (Claim("send", "b", 1, held), "b", "done")]
    await lane_of(tools)._finish(Errands(), batch)
    assert await leases(bench) == {"a": held}
    both = [Claim("send", "a", 1, uuid4()), Claim("send", "a", 2, held)]
    async with acting(tools) as act:
        assert await still_ours(HOLD, act, both, lanes.LEASE) == both[1:]


async def test_only_work_that_is_still_ours_is_begun(bench: Bench, tools: Tools) -> None:
    begun: list[list[str]] = []

    class Notes(Errands):
        async def begin(self, act: Act, claims: Sequence[Claim]) -> dict[str, Any]:
            begun.append([claim.key for claim in claims])
            return {}

    await schedule(bench, *(Work("send", key, now(bench), Urgency.DIRECT) for key in ("ours", "lost")))
    held, lost = Claim("send", "ours", 1, await lease(bench, "ours", "lost")), Claim("send", "lost", 1, uuid4())
    lane = lane_of(tools, send=Notes())
    await lane._begin("send", [lost, held])
    await lane._begin("send", [lost])
    assert begun == [["ours"]]


async def test_a_lease_is_held_and_ended_for_work_of_its_kind_alone(bench: Bench, tools: Tools) -> None:
    """A worker claims work of several kinds with one lease, and an id may be the key of work of each kind."""
    kinds = ("send", "note", "other")
    await schedule(bench, *(Work(kind, "x", now(bench), Urgency.DIRECT) for kind in kinds))
    held = await lease(bench, "x")
    lane = lane_of(tools)
    assert await lane._hold(Claim("note", "x", 1, held), timedelta())
    await lane._finish(Errands(), [(Claim("send", "x", 1, held), "x", "done")])
    left = await bench.rows("select kind, leased_until > clock_timestamp() as held from due_work order by kind")
    assert [tuple(row) for row in left] == [("note", False), ("other", True)]


async def test_work_scheduled_again_is_free_and_tried_anew(bench: Bench, tools: Tools) -> None:
    await schedule(bench, Work("send", "x", now(bench), Urgency.DIRECT))
    await lease(bench, "x")
    async with tools.db.transaction() as conn:
        await conn.execute(text("update due_work set attempts = 9"))
    await schedule(bench, Work("send", "x", now(bench), Urgency.DIRECT))
    assert [tuple(row) for row in await bench.rows("select attempts, lease, leased_until from due_work")] == [
        (0, None, None)
    ]


async def test_taking_work_back_leaves_that_of_other_kinds(bench: Bench, tools: Tools) -> None:
    await schedule(bench, *(Work(kind, "x", now(bench), Urgency.DIRECT) for kind in ("send", "note")))
    async with tools.db.transaction() as conn:
        await tools.due.cancel(conn, "send", ["x"])
    assert [row.kind for row in await bench.rows("select kind from due_work")] == ["note"]


async def test_who_claims_passes_by_what_another_is_just_claiming(bench: Bench, tools: Tools) -> None:
    await schedule(bench, *(Work("send", key, now(bench), Urgency.DIRECT) for key in ("a", "b")))
    values = {"urgencies": [1], "now": now(bench), "kinds": ["send"], "length": lanes.LEASE}
    async with tools.db.transaction() as one:
        first = await lanes._CLAIM.all(one, {**values, "limit": 1, "lease": uuid4()})
        async with tools.db.transaction() as other, asyncio.timeout(10):
            second = await lanes._CLAIM.all(other, {**values, "limit": 2, "lease": uuid4()})
    assert [len(first), len(second)] == [1, 1]
    assert {claim.key for claim in [*first, *second]} == {"a", "b"}


async def test_the_claim_is_committed_before_an_errand_begins_and_its_beginning_before_it_starts(bench: Bench) -> None:
    seen: list[tuple[str, int, int]] = []

    class Looks(Errands):
        async def begin(self, act: Act, claims: Sequence[Claim]) -> dict[str, Any]:
            await act.conn.execute(text("insert into effects values ('begun')"))
            await self._look("begin")
            return await super().begin(act, claims)

        async def perform(self, tools: Tools, job: str) -> str:
            await self._look("perform")
            return await super().perform(runtime.tools, job)

        async def _look(self, when: str) -> None:
            [row] = await bench.rows("select attempts, (select count(*) from effects) as begun from due_work")
            seen.append((when, row.attempts, row.begun))

    await schedule(bench, Work("send", "x", now(bench), Urgency.DIRECT))
    errands = Looks()
    async with bench.running({Role.HTTP}) as runtime:
        lane = lane_of(runtime.tools, send=errands)
        assert not await lane._claim(20)
        await eventually(lambda: errands.finished["x"] == 1)
    assert seen == [("begin", 1, 0), ("perform", 1, 1)]


async def test_an_errand_whose_beginning_cannot_be_committed_is_not_started(bench: Bench) -> None:
    class Uncommittable(Errands):
        async def begin(self, act: Act, claims: Sequence[Claim]) -> dict[str, Any]:
            await act.conn.execute(text("insert into promises values (1), (1)"))
            return await super().begin(act, claims)

    tools = Tools(bench.settings)
    async with tools.db.transaction() as conn:
        await conn.execute(text("create table promises (id int unique deferrable initially deferred)"))
    await tools.db.close()
    errands = Uncommittable()
    await schedule(bench, Work("send", "x", now(bench), Urgency.DIRECT))
    async with bench.running(DUE, due={"send": errands}):

        async def tried_again() -> bool:
            [row] = await bench.rows("select attempts from due_work where key = 'x'")
            return bool(row.attempts >= 2)

        await eventually(tried_again)
    assert errands.performed == {}


class Forgetful(Errands):
    """An errand whose results the database does not take at first."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._left = times

    async def finish(self, act: Act, results: Sequence[tuple[Any, Any]]) -> None:
        if self._left:
            self._left -= 1
            await act.conn.execute(text("select pg_terminate_backend(pg_backend_pid())"))
        await super().finish(act, results)


async def recorded(bench: Bench, errands: Errands) -> None:
    """Wait until a result is recorded; what was done is not done again for it."""
    await schedule(bench, Work("send", "x", now(bench), Urgency.DIRECT))
    async with bench.running(DUE, due={"send": errands}):
        await eventually(lambda: errands.finished["x"] == 1)
    assert errands.performed["x"] == 1


async def test_a_result_is_kept_while_the_database_refuses_it_some_times(bench: Bench) -> None:
    await recorded(bench, Forgetful(lanes.RECORD_TRIES))


async def test_a_result_is_kept_while_the_database_is_away_for_long(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing_held(*_: Any) -> bool:
        return False

    monkeypatch.setattr(Lane, "_hold", nothing_held)
    monkeypatch.setattr(lanes, "RECORD_AGAIN", 0.01)
    await recorded(bench, Forgetful(lanes.RECORD_TRIES * 4))
