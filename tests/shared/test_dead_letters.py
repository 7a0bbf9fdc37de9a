"""Dead letters: each record gets its own, the database takes every one, and a replay applies a fact once."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text

from shared import dead_letters
from shared.act import Act, acting
from shared.events.notifications import NotificationDelivered
from shared.runtime import Role
from shared.tools import Tools
from tests.shared.consuming import Effects
from tests.shared.kit import Bench, notice
from tests.shared.records import GOOD, Strange, as_headers, produce, produce_strange, record
from tests.support.wait import eventually

CONSUME = {Role.CONSUME}


async def put_aside(tools: Tools, *records: Any, reason: str = "malformed: x") -> None:
    for each in records:
        async with acting(tools) as act:
            await dead_letters.put_aside(act, each, reason)


@pytest.fixture
async def tools(bench: Bench) -> Any:
    made = Tools(bench.settings)
    yield made
    await made.db.close()


@pytest.mark.parametrize("settled", [True, False])
async def test_a_record_in_the_place_of_one_put_aside_before_gets_a_letter_of_its_own(
    bench: Bench, tools: Tools, settled: bool
) -> None:
    """Kafka counts anew when it lost its data."""
    await put_aside(tools, record(GOOD, b"old"))
    if settled:
        [letter] = await bench.rows("select id from dead_letters")
        async with tools.db.transaction() as conn:
            assert await dead_letters.settle(conn, letter.id, "discarded", "staff")
    await put_aside(tools, record(GOOD, b"new"), record(GOOD, b"new"))
    letters = await bench.rows("select body, settled_at from dead_letters order by id")
    assert [each.body for each in letters] == [b"old", b"new"]
    assert [each.settled_at is not None for each in letters] == [settled, False]
    assert [each.body for each in await bench.rows("select body from outbox order by id")] == [b"old", b"new"]


async def test_what_names_values_key_and_reason_hold_is_kept_as_far_as_text_can_hold_it(
    bench: Bench, tools: Tools
) -> None:
    odd = record([("a\x00b", b"\x00\xff"), ("n", None), ("d", b"1"), ("d", b"2")], b"\x00", key=b"\x00\xff")
    await put_aside(tools, odd, reason="malformed: \x00" + "x" * 100_000)
    [letter] = await bench.rows("select * from dead_letters")
    assert letter.headers == {"a\ufffdb": "\ufffd\ufffd", "n": None, "d": ["1", "2"]}
    assert (letter.key, letter.body) == (b"\x00\xff", b"\x00")
    assert len(letter.reason) == dead_letters.LONGEST_REASON


async def test_the_copy_of_a_very_long_record_fits_into_its_topic_and_the_letter_has_it_all(
    bench: Bench, tools: Tools
) -> None:
    await put_aside(tools, record([], b"x" * 1_048_500, offset=1), record([], b"x" * 900_000, offset=2))
    assert [len(each.body) for each in await bench.rows("select body from dead_letters")] == [1_048_500, 900_000]
    async with bench.running({Role.RELAY}):
        copies = await bench.records(bench.dead_letter_topic, expected=2)
    assert {len(each.value) for each in copies} == {0, 900_000}
    assert await bench.rows("select 1 from outbox where refused is not null") == []


async def test_a_letter_the_database_refuses_is_kept_without_its_content(bench: Bench, tools: Tools) -> None:
    async with tools.db.transaction() as conn:
        await conn.execute(text("alter table dead_letters add check (headers = '{}')"))
    await put_aside(tools, record(GOOD), record(GOOD))
    [letter] = await bench.rows("select * from dead_letters")
    assert letter.reason == "without content: malformed: x"
    assert (letter.position, letter.key, letter.body, letter.headers) == (7, None, None, {})
    assert await dead_letters.replay(tools, {NotificationDelivered: Effects()}) == (0, 1)
    assert len(await bench.rows("select 1 from dead_letters where settled_at is null")) == 1


async def test_a_broken_record_with_names_no_text_can_hold_is_put_aside_and_the_next_is_taken(bench: Bench) -> None:
    effects = Effects()
    names = [("a\x00b", b"\x00"), ("n\udcff", None), ("n", None)]
    good = notice(purpose="good")
    await produce_strange(
        bench,
        [
            Strange(b"{}", [*names, ("ce_type", b"de.nahbar.X")]),
            Strange(b"{}", [*as_headers(uuid4()), *names], b"\x00"),
            Strange(None, as_headers(uuid4())),
            Strange(good.model_dump_json().encode(), [*names, *as_headers(good.id), ("traceparent", None)]),
        ],
    )
    async with bench.running(CONSUME, reactions=effects.reactions):
        await bench.until_applied("good")
    letters = await bench.rows("select position, headers from dead_letters order by position")
    assert [each.position for each in letters] == [1, 2]
    assert letters[0].headers["n\\xff"] is None
    assert letters[0].headers["a\ufffdb"] == "\ufffd"


async def test_a_batch_with_more_broken_records_than_the_limit_goes_on_as_its_letters_are_settled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "LIMIT", 3)
    monkeypatch.setattr("shared.consumer.HALT", 0.2)
    effects, good = Effects(), [notice(purpose="first"), notice(purpose="last")]
    first, last = [Strange(each.model_dump_json().encode(), as_headers(each.id)) for each in good]
    await produce_strange(bench, [first, *[Strange(b"{}", as_headers(uuid4())) for _ in range(5)], last])
    async with bench.running(CONSUME, reactions=effects.reactions) as runtime:
        await bench.until_applied("first")
        await eventually(lambda: runtime.tools.metrics.dead_letters.labels("malformed")._value.get() == 3)
        assert len(await bench.rows("select 1 from dead_letters")) == 3
        async with runtime.tools.db.transaction() as conn:
            await conn.execute(text("update dead_letters set settled_at = now()"))
        await bench.until_applied("last")
        assert runtime.tools.metrics.dead_letters.labels("malformed")._value.get() == 5
    letters = await bench.rows("select position from dead_letters order by position")
    assert [each.position for each in letters] == [1, 2, 3, 4, 5]


async def letter_of(bench: Bench, tools: Tools, fact: Any, event_id: UUID) -> UUID:
    """A fact that was put aside."""
    aside = record(as_headers(fact.id, ce_id=str(event_id)), fact.model_dump_json().encode())
    await put_aside(tools, aside, reason="unknown: KeyError")
    [letter] = await bench.rows("select id from dead_letters")
    return UUID(str(letter.id))


async def test_a_replayed_fact_that_comes_again_changes_nothing(bench: Bench, tools: Tools) -> None:
    effects, fact, event_id = Effects(), notice(purpose="once"), uuid4()
    await letter_of(bench, tools, fact, event_id)
    assert await dead_letters.replay(tools, effects.reactions) == (1, 0)
    again = (fact.model_dump_json().encode(), as_headers(fact.id, ce_id=str(event_id)))
    last = (notice(purpose="last").model_dump_json().encode(), as_headers(uuid4()))
    await produce(bench, again, last, key=b"k")
    async with bench.running(CONSUME, reactions=effects.reactions):
        await bench.until_applied("last")
    assert await bench.effects() == {"once": 1, "last": 1}


async def test_a_fact_applied_meanwhile_is_not_applied_by_the_replay(bench: Bench, tools: Tools) -> None:
    effects, fact, event_id = Effects(), notice(purpose="once"), uuid4()
    await letter_of(bench, tools, fact, event_id)
    await produce(bench, (fact.model_dump_json().encode(), as_headers(fact.id, ce_id=str(event_id))))
    async with bench.running(CONSUME, reactions=effects.reactions):
        await bench.until_applied("once")
    assert await dead_letters.replay(tools, effects.reactions) == (1, 0)
    assert await bench.effects() == {"once": 1}


async def test_a_letter_discarded_while_the_replay_runs_is_not_applied(bench: Bench, tools: Tools) -> None:
    effects, purposes = Effects(), ["first", "second"]
    for position, purpose in enumerate(purposes):
        fact = notice(purpose=purpose)
        await put_aside(tools, record(as_headers(fact.id), fact.model_dump_json().encode(), offset=position))
    letters = await bench.rows("select id from dead_letters order by position")

    async def discard_the_other(act: Act, received: Any) -> None:
        async with act.tools.db.transaction() as other:
            await dead_letters.settle(other, letters[1].id, "discarded", "staff")
        await effects(act, received)

    await dead_letters.replay(tools, {NotificationDelivered: discard_the_other})
    assert await bench.effects() == {"first": 1}
    settled = await bench.rows("select settlement from dead_letters order by position")
    assert [each.settlement for each in settled] == ["replayed", "discarded"]


async def test_letters_are_settled_once_and_replayed_in_their_order(bench: Bench, tools: Tools) -> None:
    for position, purpose in enumerate(["first", "second", "third"]):
        fact = notice(purpose=purpose)
        await put_aside(tools, record(as_headers(fact.id), fact.model_dump_json().encode(), offset=position))
    letters = await bench.rows("select id from dead_letters order by position")
    async with tools.db.transaction() as conn:
        assert await dead_letters.settle(conn, letters[1].id, "discarded", "staff")
        assert not await dead_letters.settle(conn, letters[1].id, "replayed", "other")
    order: list[str] = []

    async def note(_act: Act, received: Any) -> None:
        order.append(received.fact.notice.purpose)

    assert await dead_letters.replay(tools, {NotificationDelivered: note}) == (2, 0)
    assert order == ["first", "third"]
    settled = await bench.rows("select settlement from dead_letters order by position")
    assert [each.settlement for each in settled] == ["replayed", "discarded", "replayed"]


async def test_a_replay_of_one_letter_leaves_the_others(bench: Bench, tools: Tools) -> None:
    effects = Effects()
    for position, purpose in enumerate(["first", "second"]):
        fact = notice(purpose=purpose)
        await put_aside(tools, record(as_headers(fact.id), fact.model_dump_json().encode(), offset=position))
    [_, second] = await bench.rows("select id from dead_letters order by position")
    assert await dead_letters.replay(tools, effects.reactions, UUID(str(second.id))) == (1, 0)
    assert await bench.effects() == {"second": 1}
    assert [row.position for row in await bench.rows("select position from dead_letters where settled_at is null")] == [
        0
    ]


async def test_a_letter_that_cannot_be_kept_for_a_moment_loses_no_content(bench: Bench, tools: Tools) -> None:
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("""
                create function busy() returns trigger language plpgsql as $$ begin
                    if new.body is not null then raise exception 'x' using errcode = '40P01'; end if;
                    return new;
                end $$
            """)
        )
        await conn.execute(
            text("create trigger busy before insert on dead_letters for each row execute function busy()")
        )
    with pytest.raises(asyncpg.DeadlockDetectedError):
        await put_aside(tools, record(GOOD))
    assert await bench.rows("select 1 from dead_letters") == []


async def test_a_replay_that_fails_leaves_letter_and_inbox_as_they_were(bench: Bench, tools: Tools) -> None:
    effects, event_id = Effects(RuntimeError("bug")), uuid4()
    letter = await letter_of(bench, tools, notice(purpose="cursed"), event_id)
    assert await dead_letters.replay(tools, effects.reactions, letter) == (0, 1)
    assert await bench.rows("select 1 from inbox") == []
    assert await dead_letters.replay(tools, effects.reactions, letter) == (1, 0)
    assert await bench.effects() == {"cursed": 1}


@pytest.mark.parametrize("change", ["settled_at = now()", "recorded_at = now() - interval '11 minutes'"])
async def test_only_what_is_open_and_new_counts_against_the_limit(
    bench: Bench, tools: Tools, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "LIMIT", 2)
    await put_aside(tools, record(GOOD, offset=1), record(GOOD, offset=2))
    with pytest.raises(dead_letters.TooMany):
        await put_aside(tools, record(GOOD, offset=3))
    async with tools.db.transaction() as conn:
        await conn.execute(text(f"update dead_letters set {change} where position = 1"))
    await put_aside(tools, record(GOOD, offset=3))
    assert len(await bench.rows("select 1 from dead_letters")) == 3
