"""Due work that fails concerns itself alone, whatever is raised and whatever stands in its row; what is stuck shows."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared import lanes, stuck
from shared.act import Act
from shared.due import Claim, Urgency, Work
from shared.failures import WillPass
from shared.runtime import Parts, Role, application
from shared.telemetry import Metrics
from shared.tools import Tools
from tests.shared.kit import Bench
from tests.shared.working import now, schedule
from tests.support.wait import eventually

DUE = {Role.DUE}
GOOD = "good"

RAISED: tuple[type[BaseException], ...] = (
    RuntimeError,
    LookupError,
    ValueError,
    TimeoutError,
    OSError,
    WillPass,
    asyncio.CancelledError,
)
WHERE = ("begin", "perform", "finish")

_PUT = text("""
    insert into due_work (kind, key, due_at, urgency, attempts, lease, leased_until)
    values (:kind, :key, cast(cast(:due_at as text) as timestamptz), :urgency, :attempts,
            cast(:lease as uuid), cast(cast(:leased_until as text) as timestamptz))
    on conflict do nothing
""")


class Fails:
    """An errand that raises where and what a key says: `begin OSError 7`, or `begin returns 7` for an odd answer."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()

    async def begin(self, act: Act, claims: Sequence[Claim]) -> Any:
        for claim in claims:
            if claim.key.startswith("begin returns"):
                return None
            await self._fail("begin", claim.key, act.conn)
        return {claim.key: claim.key for claim in claims}

    async def perform(self, tools: Tools, job: str) -> str:
        await self._fail("perform", job)
        return job

    async def finish(self, act: Act, results: Sequence[tuple[str, str]]) -> None:
        for job, _ in results:
            await self._fail("finish", job, act.conn)
        self.done.update(job for job, _ in results)

    async def __call__(self, act: Act, claim: Claim) -> None:
        await self._fail("handler", claim.key, act.conn)
        self.done[claim.key] += 1

    async def _fail(self, here: str, key: str, conn: Any = None) -> None:
        where, _, what = key.partition(" ")
        if where == here:
            if what.startswith("SQL") and conn is not None:
                await conn.execute(text("select 1 / 0"))
            raise next((each for each in RAISED if what.startswith(each.__name__)), RuntimeError)()


class OnlyErrand:
    """The three parts of an errand, for one whose handler is a function as well."""

    def __init__(self, fails: Fails) -> None:
        self.begin, self.perform, self.finish = fails.begin, fails.perform, fails.finish


def handlers(fails: Fails) -> dict[str, Any]:
    return {"errand": OnlyErrand(fails), "plain": fails.__call__}


async def attempts_of(bench: Bench, key: str) -> int:
    [row] = await bench.rows(f"select attempts from due_work where key = '{key}'")
    return int(row.attempts)


@pytest.mark.parametrize("raised", [RuntimeError, TimeoutError, asyncio.CancelledError])
async def test_what_fails_anywhere_waits_alone_and_the_others_go_out(bench: Bench, raised: type[BaseException]) -> None:
    fails, good = Fails(), {f"{GOOD} {number}" for number in range(12)}
    bad = [*(("errand", f"{where} {raised.__name__}") for where in WHERE), ("plain", f"handler {raised.__name__}")]
    work = [Work(kind, key, now(bench, minutes=-1), Urgency.DIRECT) for kind, key in bad]
    await schedule(bench, *work, *(Work("errand", key, now(bench), Urgency.DIRECT) for key in good))
    async with bench.running(DUE, due=handlers(fails)) as runtime:
        await eventually(lambda: set(fails.done) == good)

        async def all_came_again() -> bool:
            return all([await attempts_of(bench, key) >= 2 for _, key in bad])

        await eventually(all_came_again)
        failed = runtime.tools.metrics.registry.get_sample_value
        assert (failed("nahbar_notifications_due_work_failed_total", {"kind": "errand"}) or 0) >= 3
    assert set(fails.done.values()) == {1}, "the good ones were done once"
    assert {row.key for row in await bench.rows("select key from due_work")} == {"", *(key for _, key in bad)}


odd_keys = st.builds(
    lambda where, what, tail: f"{where} {what} {tail}",
    st.sampled_from([*WHERE, "handler", "begin returns"]),
    st.sampled_from(["SQL", *(each.__name__ for each in RAISED)]),
    st.integers(0, 10**6),
) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)
odd_rows = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["errand", "plain", "housekeeping", "of a newer version", ""]) | odd_keys,
        "key": odd_keys,
        "due_at": st.sampled_from(
            ["-infinity", "infinity", "0001-01-01T00:00Z", "4713-01-01 BC", "294276-12-31", "now"]
        ),
        "urgency": st.sampled_from([0, 1, 2, 3]) | st.integers(-(2**15), 2**15 - 1),
        "attempts": st.sampled_from([0, 9, -(2**31), 2**31 - 1]) | st.integers(-(2**31), 2**31 - 1),
        "lease": st.none() | st.uuids().map(str),
        "leased_until": st.sampled_from([None, "-infinity", "infinity", "now"]),
    }
)


def in_loop(test: Callable[[Any], Coroutine[Any, Any, None]]) -> Callable[[Any], None]:
    """Let hypothesis, which calls plain functions in a thread of its own, call a coroutine function of this loop."""
    loop = asyncio.get_running_loop()
    return lambda drawn: asyncio.run_coroutine_threadsafe(test(drawn), loop).result()


class Responsiveness:
    """The longest this process worked without a break: its own time, in which other processes do not count."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def watch(self) -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            self.longest = max(self.longest, time.thread_time() - before)
            await asyncio.sleep(0.002)


async def test_good_work_is_done_beside_rows_of_any_kind(bench: Bench) -> None:
    fails, good, responsive = Fails(), 0, Responsiveness()
    tools = Tools(bench.settings)
    app = application(tools, frozenset(DUE), Parts(due=handlers(fails)))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):

        async def among(rows: list[dict[str, Any]]) -> None:
            nonlocal good
            async with tools.db.transaction() as conn:
                await conn.execute(_PUT, rows)
            keys = [f"{GOOD} {good + number}" for number in range(8)]
            good += len(keys)
            async with tools.db.transaction() as conn:
                kinds = ("errand", "plain")
                work = [
                    Work(kinds[number % 2], key, tools.clock.now(), Urgency(number // 2))
                    for number, key in enumerate(keys)
                ]
                await tools.due.schedule(conn, *work)
            await eventually(lambda: all(fails.done[key] == 1 for key in keys))
            assert (await client.get("/notifications/health/live")).status_code == 200

        given_rows = given(st.lists(odd_rows, min_size=1, max_size=25))
        shared_bench = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        watching = asyncio.create_task(responsive.watch())
        await asyncio.to_thread(shared_bench(given_rows(in_loop(among))))
        watching.cancel()
    assert responsive.longest < 0.1
    assert max(count for key, count in fails.done.items() if key.startswith(GOOD)) == 1


async def test_work_that_never_ends_gives_its_slot_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "LONGEST", timedelta(seconds=1))
    begun: Counter[str] = Counter()

    class Hangs:
        async def begin(self, act: Act, claims: Sequence[Claim]) -> dict[str, Any]:
            return {claim.key: claim.key for claim in claims}

        async def perform(self, tools: Tools, job: str) -> None:
            begun[job] += 1
            if not job.startswith(GOOD):
                await asyncio.Event().wait()

        async def finish(self, act: Act, results: Sequence[tuple[str, None]]) -> None: ...

    hanging = [Work("send", str(number), now(bench, minutes=-1), Urgency.DIRECT) for number in range(18)]
    await schedule(bench, *hanging, Work("send", GOOD, now(bench), Urgency.DIRECT))
    async with bench.running(DUE, due={"send": Hangs()}):
        await eventually(lambda: begun[GOOD] == 1)


async def test_a_lane_that_cannot_claim_is_not_alive(bench: Bench) -> None:
    async with bench.running(DUE) as runtime:
        for name in ("due", "due-bulk"):
            runtime.loops[name].heartbeat.limit = 3
        async with runtime.tools.db.transaction() as conn:
            await conn.execute(text("alter table due_work rename column attempts to tries"))
        await eventually(lambda: set(runtime.stuck_loops()) >= {"due", "due-bulk"})


async def test_what_is_stuck_is_counted_and_named_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stuck, "LOOK_EVERY", 0.1)
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(stuck.log, "error", lambda event, **values: lines.append({"event": event, **values}))
    tools, id, address = Tools(bench.settings), str(uuid4()), "ab" * 32
    rows = [
        {"kind": "send", "key": id, "due": 11, "attempts": 5, "urgency": 1},
        {"kind": "send", "key": address, "due": 12, "attempts": 50, "urgency": 1},
        {"kind": "send", "key": "late, but tried less", "due": 11, "attempts": 4, "urgency": 1},
        {"kind": "send", "key": "tried, but not late", "due": 9, "attempts": 5, "urgency": 1},
        {"kind": "send", "key": "of no lane", "due": 13, "attempts": 0, "urgency": 9},
        {"kind": "newer", "key": "x", "due": 11, "attempts": 0, "urgency": 1},
        {"kind": "newer", "key": "y", "due": 9, "attempts": 0, "urgency": 1},
    ]
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("""
                insert into due_work (kind, key, due_at, urgency, attempts, leased_until)
                values (:kind, :key, now() - make_interval(mins => :due), :urgency, :attempts, 'infinity')
            """),
            rows,
        )
    await tools.db.close()

    def counted(metrics: Metrics, kind: str) -> float | None:
        return metrics.registry.get_sample_value("nahbar_notifications_due_work_stuck", {"kind": kind})

    async with bench.running(DUE, due={"send": Fails().__call__}) as running:
        await eventually(lambda: counted(running.tools.metrics, "send") == 3)
        assert counted(running.tools.metrics, "other") == 1
        async with running.tools.db.transaction() as conn:
            await conn.execute(text("delete from due_work where kind = 'newer'"))
        await eventually(lambda: counted(running.tools.metrics, "other") == 0)
        assert running.stuck_loops() == [], "a restart would not help"
    assert lines == [
        {"event": "due_work_stuck", "work": "newer", "keys": ["x"], "rows": 1},
        {"event": "due_work_stuck", "work": "send", "keys": ["of no lane", "abababababab…", id], "rows": 3},
    ]


async def test_a_look_for_what_is_stuck_that_fails_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stuck, "LOOK_EVERY", 0.01)
    stopping, looks = asyncio.Event(), [WillPass(), LookupError()]

    def transaction() -> Any:
        if not looks:
            stopping.set()
        raise looks.pop() if looks else RuntimeError

    clock = SimpleNamespace(now=lambda: datetime.now(UTC))
    tools: Any = SimpleNamespace(clock=clock, db=SimpleNamespace(transaction=transaction))
    watching = stuck.StuckWork(tools, {})
    async with asyncio.timeout(30):
        await watching.run(stopping)
    assert looks == []
