"""One record never stops the rest: generated records on a real Kafka, beside good facts in the same partition."""

import asyncio
import gc
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared import dead_letters
from shared.act import Act
from shared.applying import Applying
from shared.events.notifications import NotificationDelivered
from shared.records import parse
from shared.runtime import Role, Runtime
from shared.telemetry import Metrics
from tests.shared.kit import Bench, make_bench, notice
from tests.shared.records import FACTS, GOOD, Strange, as_headers, produce_strange, record
from tests.support.stack import Backend
from tests.support.wait import eventually

CONSUME = {Role.CONSUME}
TYPE = ("ce_type", b"de.nahbar.notifications.NotificationDelivered")
NEVER = "never"
LONGEST_TURN = 0.1
"""Seconds of computing between two turns of the event loop, in which nothing is answered."""


async def effect(act: Act, received: Any) -> None:
    await act.conn.execute(text("insert into effects values (:purpose)"), {"purpose": received.fact.notice.purpose})


REACTIONS: Any = {NotificationDelivered: effect}


def good(purpose: str) -> Strange:
    fact = notice(purpose=purpose)
    return Strange(fact.model_dump_json().encode(), as_headers(fact.id), b"k", int(time.time() * 1000))


def bodies() -> list[bytes]:
    """Bodies that are hard to read, or to keep, each at most about as large as Kafka takes one."""
    fact = notice(purpose=NEVER)
    whole = fact.model_dump_json()
    return [
        b"",
        b"{}",
        b"[" * 500_000,
        b"\xff" * 500_000,
        whole[:-3].encode(),
        whole.replace(NEVER, "a\\u0000b").encode(),
        whole.replace(NEVER, "\\ud800").encode(),
        whole.replace('"tried":[]', f'"tried":[{",".join(["1"] * 400_000)}]').encode(),
        whole.replace('"version":1', f'"version":{"9" * 5_000}').encode(),
        whole.replace("2026-11-23", "9999-99-99").encode(),
    ]


_NAMES = st.text(max_size=6) | st.sampled_from(
    ["ce_type", "ce_id", "ce_time", "ce_cause", "traceparent", "content-type", "a\x00b", "n\udcff", "\udcc3("]
)
_VALUES = st.none() | st.binary(max_size=30)
_HEADERS = st.lists(st.tuples(_NAMES, _VALUES), max_size=5)
_KNOWN = st.builds(lambda whole, rest: [*(as_headers(uuid4()) if whole else [TYPE]), *rest], st.booleans(), _HEADERS)
_STRANGE = st.builds(
    Strange,
    value=st.none() | st.binary(max_size=100) | st.sampled_from(bodies()),
    headers=_HEADERS | _KNOWN,
    key=st.none() | st.binary(max_size=20),
    timestamp=st.sampled_from([-1, 0, int(time.time() * 1000)]),
) | st.just(Strange(b"", [TYPE, *[("n", None)] * 50_000]))


class Turns:
    """Measures the longest turn of the event loop in processor time, to which the work of others does not add."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def __aenter__(self) -> "Turns":
        self._task = asyncio.create_task(self._measure())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _measure(self) -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, time.thread_time() - before)


def slowness() -> float:
    """How many times longer this machine computes now than a common one, at least 1."""
    started = time.thread_time()
    sum(range(3_000_000))
    return max(1.0, (time.thread_time() - started) / 0.05)


def test_whatever_comes_the_good_facts_are_handled_and_the_process_answers(
    stack: Backend, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "LIMIT", 1_000_000)  # here every second record is broken on purpose
    with asyncio.Runner() as runner:
        bench = runner.run(make_bench(stack.bootstrap, stack.url, topic_prefix))
        running = bench.running(CONSUME, reactions=REACTIONS)
        runtime = runner.run(running.__aenter__())

        @settings(max_examples=6, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(st.lists(_STRANGE, min_size=8, max_size=16))
        def feed(strange: Sequence[Strange]) -> None:
            runner.run(handled_beside(bench, runtime, strange))

        gc.disable()  # it would look through all that this run has loaded, and a served process has not
        try:
            feed()
        finally:
            gc.enable()
            runner.run(running.__aexit__(None, None, None))
        assert runner.run(bench.rows("select 1 from dead_letters")) != []


async def handled_beside(bench: Bench, runtime: Runtime, strange: Sequence[Strange]) -> None:
    """Strange records, with a good one after each: these have their effects, each once, and the loop goes round."""
    purposes = [f"good {uuid4()}" for _ in strange]
    batches = [(record, good(purpose)) for record, purpose in zip(strange, purposes, strict=True)]
    handled = text("select purpose from effects where purpose like 'good%'")

    async def all_handled() -> bool:
        async with runtime.tools.db.transaction() as conn:
            found = [each for each in (await conn.execute(handled)).scalars() if each in purposes]
        assert len(found) == len(set(found))
        return len(found) == len(purposes)

    async with Turns() as turns:
        await asyncio.to_thread(lambda: asyncio.run(produce_strange(bench, *batches)))
        await eventually(all_handled, every=0.1)
        assert runtime.stuck_loops() == []
    assert turns.longest < LONGEST_TURN * slowness()


async def test_a_record_of_no_time_has_no_age_and_one_of_two_traces_is_taken() -> None:
    metrics, taken = Metrics("notifications"), []
    tools: Any = SimpleNamespace(metrics=metrics)

    async def take(act: Act, received: Any) -> None:
        taken.append(received)

    odd = record([*GOOD, ("traceparent", b"a"), ("traceparent", b"b")], timestamp=-1)
    tools.clock = SimpleNamespace(now=lambda: datetime.now(UTC))
    nothing: Any = None
    act = Act(nothing, tools, datetime.now(UTC))
    await Applying(tools, "group", {NotificationDelivered: take})._react(act, odd, parse(odd, FACTS).received)  # type: ignore[arg-type]
    assert len(taken) == 1
    assert metrics.fact_age._sum.get() == 0
