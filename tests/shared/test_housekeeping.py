"""Housekeeping: what is outdated goes, at its age and no earlier; what still counts stays, however old it is."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared import housekeeping, retention
from shared.act import Act, acting
from shared.due import Claim
from shared.housekeeping import Housekeeping
from shared.people import Person
from shared.runtime import Parts, Runtime
from shared.tools import Tools
from tests.shared.kit import Bench

_FACT = text("""
    insert into outbox (topic, type, schema_version, aggregate, version, body, occurred_at, published_at)
    values ('t', :name, 1, :aggregate, :version, '', now() - interval '90 days',
            now() - make_interval(days => cast(:days as int)))
""")
_LETTER = text("""
    insert into dead_letters (topic, partition, position, headers, reason, recorded_at, settled_at)
    values (:name, 0, 0, '{}', 'x', now() - interval '90 days', now() - make_interval(days => cast(:days as int)))
""")
_ENTRY = text("insert into inbox (consumer, event_id, received_at) values (:name, :id, now() - cast(:age as interval))")
_BATCHED = ("outbox", "inbox", "idempotency_keys", "kept_pages", "audit")
_OLD = [
    text(f"insert into {table} select {values}, now() - interval '3 years' from generate_series(1, 5) n")
    for table, values in (
        ("inbox (consumer, event_id, received_at)", "'c', gen_random_uuid()"),
        ("idempotency_keys (scope, key, digest, resource, created_at)", "'', n, '', ''"),
        ("kept_pages (name, box, kept_at)", "n, ''"),
        ("audit (who, action, at)", "'', ''"),
    )
] + [
    text("""
        insert into outbox (topic, type, schema_version, aggregate, version, body,
                            occurred_at, published_at, alive_until)
        select 't', 't', 1, gen_random_uuid(), 1, '', old, old, old
        from generate_series(1, 5), (select now() - interval '3 years' as old) as moment
    """)
]


@pytest.fixture
async def tools(bench: Bench) -> AsyncIterator[Tools]:
    """A service whose loops do not run."""
    tools = Tools(bench.settings)
    yield tools
    await tools.db.close()


async def go_round(tools: Tools, round: Housekeeping | None = None) -> None:
    async with acting(tools) as act:
        await (round or Housekeeping())(act, Claim(housekeeping.KIND, "", 1, uuid4()))


async def test_what_was_not_published_or_says_how_things_are_stays_in_the_outbox(bench: Bench, tools: Tools) -> None:
    waits, replaced = uuid4(), uuid4()
    facts = [
        {"name": "waits for Kafka", "aggregate": waits, "version": 8, "days": None},
        {"name": "waits behind it", "aggregate": waits, "version": 9, "days": None},
        {"name": "replaced long ago", "aggregate": replaced, "version": 1, "days": 31},
        {"name": "replaced", "aggregate": replaced, "version": 2, "days": 29},
        {"name": "newest", "aggregate": replaced, "version": 3, "days": 31},
    ]
    async with tools.db.transaction() as conn:
        await conn.execute(_FACT, facts)
    await go_round(tools)
    left = await bench.rows("select type from outbox order by id")
    assert [row.type for row in left] == ["waits for Kafka", "waits behind it", "replaced", "newest"]


async def test_a_dead_letter_stays_until_some_time_after_it_was_settled(bench: Bench, tools: Tools) -> None:
    ages = {"open": None, "just settled": 29, "settled": 31}
    async with tools.db.transaction() as conn:
        await conn.execute(_LETTER, [{"name": name, "days": days} for name, days in ages.items()])
    await go_round(tools)
    left = await bench.rows("select topic from dead_letters order by id")
    assert [row.topic for row in left] == ["open", "just settled"]


async def test_the_inbox_knows_a_fact_for_its_whole_time(bench: Bench, tools: Tools) -> None:
    entries: list[dict[str, Any]] = [
        {"name": str(share), "id": uuid4(), "age": retention.INBOX * share} for share in (0.99, 1.01)
    ]
    async with tools.db.transaction() as conn:
        await conn.execute(_ENTRY, entries)
    await go_round(tools)
    assert [row.consumer for row in await bench.rows("select consumer from inbox")] == ["0.99"]


async def test_a_person_is_kept_until_the_moment_comes_and_again_when_they_are_saved_again(
    bench: Bench, tools: Tools
) -> None:
    forgotten: list[UUID] = []
    tidied: list[datetime] = []

    async def forget(_: Any, matters: Sequence[UUID]) -> None:
        forgotten.extend(matters)

    async def tidy(act: Act) -> None:
        tidied.append(act.now)

    names = ("kept", "soon", "over", "saved again", "kept after all")
    matters = {name: uuid4() for name in names}
    now = tools.clock.now()
    async with tools.db.transaction() as conn:
        await tools.people.save_all(conn, {matter: Person(name=name) for name, matter in matters.items()})
        await tools.people.forget_after(conn, matters["soon"], now + timedelta(minutes=5))
        for name in ("over", "saved again", "kept after all"):
            await tools.people.forget_after(conn, matters[name], now - timedelta(minutes=5))
        await tools.people.save(conn, matters["saved again"], Person(name="new"))
        await tools.people.forget_after(conn, matters["kept after all"], None)
    await go_round(tools, Housekeeping(forget, tidy))
    async with tools.db.transaction() as conn:
        left = {name: await tools.people.load(conn, matter) for name, matter in matters.items()}
    assert {name: person and person.name for name, person in left.items()} == {
        "kept": "kept",
        "soon": "soon",
        "over": None,
        "saved again": "new",
        "kept after all": "kept after all",
    }
    assert forgotten == [matters["over"]]
    assert len(tidied) == 1


async def test_what_is_more_than_a_batch_goes_soon_and_the_next_round_comes_in_an_hour(
    bench: Bench, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    before = datetime.now(UTC)
    async with tools.db.transaction() as conn:
        for old in _OLD:
            await conn.execute(old)
    for left, soon in ((3, True), (1, True), (0, False)):
        await go_round(tools)
        [counts] = await bench.rows(f"select {', '.join(f'(select count(*) from {table})' for table in _BATCHED)}")
        assert list(counts) == [left] * len(_BATCHED)
        [planned] = await bench.rows("select due_at from due_work")
        assert (planned.due_at - before < housekeeping.EVERY) == soon


async def test_the_next_round_looks_at_the_hour_after_the_one_this_round_looked_at(
    bench: Bench, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = tools.clock.now()
    moments = chain([began], repeat(began + timedelta(days=14)))
    monkeypatch.setattr(tools.clock, "now", lambda: next(moments))
    await go_round(tools)
    [planned] = await bench.rows("select due_at from due_work")
    assert planned.due_at == began + housekeeping.EVERY


async def test_a_process_that_starts_leaves_the_round_where_it_is(bench: Bench, tools: Tools) -> None:
    await go_round(tools)
    planned = await bench.rows("select due_at from due_work")
    await Runtime(tools, frozenset(), Parts())._start_housekeeping()
    assert await bench.rows("select due_at from due_work") == planned
