"""Due work: done when due, once, by one worker at a time, and again after failures."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared.due import Urgency, Work
from shared.housekeeping import Housekeeping
from shared.runtime import Role
from shared.tools import Tools
from tests.shared.kit import Bench
from tests.shared.working import Errands, Recorder, now, schedule
from tests.support.days import run_clock, stand_at
from tests.support.wait import eventually

DUE = {Role.DUE}


async def waiting(bench: Bench) -> list[Any]:
    return await bench.rows("select key from due_work where kind <> 'housekeeping'")


async def test_work_is_done_once_when_it_is_due(bench: Bench, tmp_path: Path) -> None:
    clock = run_clock(tmp_path)
    platform = bench.platform.model_copy(update={"clock_file": clock})
    bench.settings = bench.settings.model_copy(update={"platform": platform})
    recorder = Recorder()
    await schedule(
        bench,
        Work("note", "now", now(bench), Urgency.DIRECT),
        Work("note", "soon", now(bench, hours=1), Urgency.DIRECT),
        Work("note", "tomorrow", now(bench, days=1), Urgency.DIRECT),
    )
    async with bench.running(DUE, due={"note": recorder}):
        await eventually(lambda: recorder.done["now"] == 1)
        assert recorder.done["soon"] == 0
        stand_at(clock, now(bench, hours=1))
        await eventually(lambda: recorder.done["soon"] == 1)
    assert recorder.done["tomorrow"] == 0
    assert [row.key for row in await waiting(bench)] == ["tomorrow"]


async def test_scheduling_again_replaces_and_cancelling_removes(bench: Bench) -> None:
    recorder = Recorder()
    await schedule(
        bench, Work("note", "a", now(bench, days=1), Urgency.DIRECT), Work("note", "b", now(bench), Urgency.BULK)
    )
    await schedule(bench, Work("note", "a", now(bench), Urgency.DIRECT))
    tools = Tools(bench.settings)
    async with tools.db.transaction() as conn:
        await tools.due.cancel(conn, "note", ["b"])
    await tools.db.close()
    async with bench.running(DUE, due={"note": recorder}):
        await eventually(lambda: recorder.done["a"] == 1)
    assert recorder.done == {"a": 1}


async def test_two_workers_share_the_work_without_doing_anything_twice(bench: Bench) -> None:
    errands = Errands()
    await schedule(bench, *[Work("send", str(n), now(bench), Urgency.BULK) for n in range(200)])
    async with bench.running(DUE, due={"send": errands}), bench.running(DUE, due={"send": errands}):
        await eventually(lambda: len(errands.finished) == 200)
    assert set(errands.performed.values()) == {1}
    assert await waiting(bench) == []


async def test_failed_work_comes_again_later(bench: Bench) -> None:
    recorder = Recorder(failures=1)
    await schedule(bench, Work("note", "x", now(bench), Urgency.DIRECT))
    async with bench.running(DUE, due={"note": recorder}):
        await eventually(lambda: recorder.done["x"] == 1)
    assert recorder.attempts == [1, 2]
    assert await waiting(bench) == []


async def test_work_of_a_dead_worker_is_claimed_again_after_its_lease(bench: Bench) -> None:
    recorder = Recorder()
    await schedule(bench, Work("note", "x", now(bench), Urgency.DIRECT))
    tools = Tools(bench.settings)
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("""
            update due_work set lease = gen_random_uuid(), attempts = 1,
                   leased_until = clock_timestamp() + interval '1 second' where key = 'x'
        """)
        )
    await tools.db.close()
    async with bench.running(DUE, due={"note": recorder}):
        await asyncio.sleep(0.5)
        assert recorder.done["x"] == 0
        await eventually(lambda: recorder.done["x"] == 1)
    assert recorder.attempts == [2]


async def test_an_errand_that_needs_no_job_is_finished(bench: Bench) -> None:
    errands = Errands()
    await schedule(bench, *[Work("send", key, now(bench), Urgency.DIRECT) for key in ("needless-1", "real")])
    async with bench.running(DUE, due={"send": errands}):
        await eventually(lambda: errands.finished["real"] == 1)

        async def empty() -> bool:
            return await waiting(bench) == []

        await eventually(empty)
    assert errands.performed == {"real": 1}


async def test_urgent_work_does_not_wait_for_bulk(bench: Bench) -> None:
    errands = Errands(seconds=0.3)
    await schedule(bench, *[Work("send", f"bulk-{n}", now(bench), Urgency.BULK) for n in range(100)])
    async with bench.running(DUE, due={"send": errands}) as runtime:
        await eventually(lambda: len(errands.performed) >= 10)
        async with runtime.tools.db.transaction() as conn:
            await runtime.tools.due.schedule(conn, Work("send", "urgent", runtime.tools.clock.now(), Urgency.URGENT))
        await eventually(lambda: errands.finished["urgent"] == 1)
        assert len(errands.finished) < 60


@pytest.mark.parametrize(
    ("hanging", "in_hand", "others"),
    [(Urgency.REMINDER, 16, [Urgency.DIRECT, Urgency.URGENT]), (Urgency.DIRECT, 18, [Urgency.URGENT])],
)
async def test_what_is_more_urgent_finds_room_while_a_far_end_hangs(
    bench: Bench, hanging: Urgency, in_hand: int, others: list[Urgency]
) -> None:
    answered = asyncio.Event()
    errands = Errands(until=answered)
    await schedule(bench, *(Work("send", str(number), now(bench), hanging) for number in range(30)))
    async with bench.running(DUE, due={"send": errands}):
        await eventually(lambda: errands.performed.total() == in_hand)
        await schedule(bench, *(Work("send", urgency.name, now(bench), urgency) for urgency in others))
        await eventually(lambda: all(errands.performed[urgency.name] for urgency in others))
        assert errands.performed.total() == in_hand + len(others)
        answered.set()
        await eventually(lambda: errands.finished.total() == 30 + len(others))


@pytest.mark.parametrize("each", [5, 10])
async def test_the_more_urgent_goes_first_however_long_others_wait(bench: Bench, each: int) -> None:
    answered = asyncio.Event()
    errands = Errands(until=answered)
    classes = [Urgency.REMINDER, Urgency.DIRECT, Urgency.URGENT]
    await schedule(
        bench,
        *(
            Work("send", f"{urgency.name}-{number}", now(bench, minutes=age - 5), urgency)
            for age, urgency in enumerate(classes)
            for number in range(each)
        ),
    )
    async with bench.running(DUE, due={"send": errands}):
        first = min(3 * each, 18)
        await eventually(lambda: len(errands.order) == first)
        order = [key.partition("-")[0] for key in errands.order]
        answered.set()
        await eventually(lambda: errands.finished.total() == 3 * each)
    expected = (["URGENT"] * each + ["DIRECT"] * each + ["REMINDER"] * each)[:first]
    # Claimed at once they are begun in order; claimed one after another they may be begun side by side.
    assert order == expected if each == 5 else Counter(order) == Counter(expected)


async def test_bulk_makes_room_while_prompt_work_is_in_hand(bench: Bench) -> None:
    answered = asyncio.Event()
    prompt, bulk = Errands(until=answered), Errands(seconds=0.05)
    async with bench.running(DUE, due={"prompt": prompt, "bulk": bulk}):
        await schedule(bench, Work("prompt", "first", now(bench), Urgency.DIRECT))
        await eventually(lambda: prompt.performed["first"] == 1)
        await schedule(bench, *(Work("bulk", str(number), now(bench), Urgency.BULK) for number in range(60)))
        await eventually(lambda: bulk.finished.total() >= 10)
        assert bulk.most_at_once <= 2
        answered.set()
        await eventually(lambda: bulk.finished.total() == 60)
        assert bulk.most_at_once > 2


async def test_housekeeping_forgets_what_is_old_and_keeps_each_newest_fact(bench: Bench) -> None:
    tools, gone = Tools(bench.settings), uuid4()
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("""
            insert into outbox (topic, type, schema_version, aggregate, version, body, occurred_at, published_at)
            select 't', 't', 1, '00000000-0000-0000-0000-000000000001', v, '', now() - interval '40 days',
                   now() - interval '40 days' from generate_series(1, 3) v
        """)
        )
        await conn.execute(
            text("""
            insert into outbox (topic, type, schema_version, aggregate, version, body, occurred_at, published_at,
                                alive_until)
            select 't', 't', 1, gen_random_uuid(), 10 + age, '', now() - interval '40 days', now() - interval '40 days',
                   now() - make_interval(days => age) from unnest(array[31, 29]) age
        """)
        )
        await conn.execute(
            text("""
            insert into inbox (consumer, event_id, received_at)
            values ('c', gen_random_uuid(), now() - interval '46 days'),
                   ('c', gen_random_uuid(), now() - interval '31 days')
        """)
        )
        await conn.execute(
            text("""
            insert into people (matter, person_key, box, delete_after)
            values (:gone, 'gone', '', now() - interval '1 hour'), (gen_random_uuid(), 'stays', '', null)
        """),
            {"gone": gone},
        )
    await tools.db.close()
    forgotten: list[UUID] = []

    async def forget(conn: Any, matters: Sequence[UUID]) -> None:
        forgotten.extend(matters)

    async with bench.running(DUE, housekeeping=Housekeeping(forget)):

        async def done() -> bool:
            return [row.version for row in await bench.rows("select version from outbox order by version")] == [3, 39]

        await eventually(done)
    assert len(await bench.rows("select 1 from inbox")) == 1
    assert [row.person_key for row in await bench.rows("select person_key from people")] == ["stays"]
    assert forgotten == [gone]
    assert len(await bench.rows("select 1 from due_work where kind = 'housekeeping'")) == 1
