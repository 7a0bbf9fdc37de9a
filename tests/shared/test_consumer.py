"""Consuming: effects happen once, failures that pass are waited for, what cannot be taken is put aside."""

import json
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from shared import dead_letters
from shared.act import Act
from shared.events.notifications import NotificationDelivered
from shared.problems import Problem
from shared.runtime import Role
from shared.tools import Tools
from tests.shared.consuming import Effects
from tests.shared.kit import Bench, notice
from tests.shared.records import Headers, as_headers, produce
from tests.support.wait import eventually

CONSUME = {Role.CONSUME}
ALL = {Role.RELAY, Role.CONSUME}


async def produce_in_order(bench: Bench, *records: tuple[bytes | None, Headers]) -> None:
    """Put records into one partition."""
    await produce(bench, *records, key=b"k")


async def test_a_fact_delivered_twice_has_one_effect(bench: Bench) -> None:
    fact = notice()
    headers = as_headers(fact.id)
    body = fact.model_dump_json().encode()
    effects = Effects()
    await produce_in_order(bench, (body, headers), (body, headers))
    async with bench.running(CONSUME, reactions=effects.reactions) as runtime:
        await produce_in_order(
            bench, (body, headers), (notice(purpose="last").model_dump_json().encode(), as_headers(uuid4()))
        )
        await bench.until_applied("last")
        assert (await bench.effects())["reminder"] == 1
        assert runtime.tools.metrics.duplicates._value.get() == 2


async def test_restart_reads_nothing_twice_and_misses_nothing(bench: Bench) -> None:
    effects = Effects()
    for total in (20, 40):
        async with bench.running(ALL, reactions=effects.reactions) as runtime:
            async with runtime.tools.db.transaction() as conn:
                for _ in range(20):
                    await runtime.tools.outbox.record(conn, notice())
            await bench.until_applied("reminder", total)
    assert effects.tried["reminder"] == 40


async def test_malformed_records_are_put_aside_with_the_reason_and_spoil_nothing(bench: Bench) -> None:
    good = notice(purpose="good")
    effects = Effects()
    no_time = [header for header in as_headers(uuid4()) if header[0] != "ce_time"]
    await produce_in_order(
        bench,
        (b"{not json", as_headers(uuid4())),
        (None, as_headers(uuid4())),
        (b'{"id": "x", "note": "anna@example.org"}', as_headers(uuid4())),
        (good.model_dump_json().encode(), no_time),
        (good.model_dump_json().encode(), as_headers(good.id, ce_id="not-a-uuid")),
        (b"\x00\xff", [("ce_type", b"\xff\x00")]),
        (good.model_dump_json().encode(), as_headers(good.id)),
    )
    async with bench.running(ALL, reactions=effects.reactions):
        await bench.until_applied("good")
        rows = await bench.rows("select reason, topic, body from dead_letters order by position")
        copies = await bench.records(bench.dead_letter_topic, expected=5)
    assert len(rows) == 5
    assert all(row.reason.startswith("malformed: ") for row in rows)
    assert not any("anna" in row.reason for row in rows), "a reason holds no values"
    assert "ce_time" in rows[3].reason
    headers = [dict(copy.headers) for copy in copies]
    assert {each["dead-letter-topic"].decode() for each in headers} == {bench.topic}
    assert {each["dead-letter-offset"] for each in headers} == {b"0", b"1", b"2", b"3", b"4"}
    assert {copy.value for copy in copies} >= {b"{not json", b""}


async def test_unknown_types_and_unknown_fields_of_newer_versions_are_tolerated(bench: Bench) -> None:
    newer = notice(purpose="newer").model_dump(mode="json") | {"invented_later": {"deep": [1]}}
    effects = Effects()
    await produce_in_order(
        bench,
        (b"whatever", as_headers(uuid4(), ce_type="de.nahbar.notifications.InventedLater")),
        (b"no headers at all", []),
        (json.dumps(newer).encode(), as_headers(uuid4(), ce_schemaversion="7")),
    )
    async with bench.running(CONSUME, reactions=effects.reactions):
        await bench.until_applied("newer")
    assert await bench.rows("select 1 from dead_letters") == []


async def test_a_passing_failure_is_waited_for_and_skips_nothing(bench: Bench) -> None:
    effects = Effects(*[OperationalError("x", {}, ConnectionError("gone")) for _ in range(3)])
    async with bench.running(ALL, reactions=effects.reactions):
        await bench.record(notice(purpose="before"), notice(purpose="cursed"), notice(purpose="after"))
        await bench.until_applied("after")
        await bench.until_applied("cursed")
    assert effects.tried["cursed"] == 4
    assert await bench.effects() == {"before": 1, "cursed": 1, "after": 1}
    assert await bench.rows("select 1 from dead_letters") == []


async def test_our_own_bug_gets_five_tries_then_the_record_is_put_aside_and_can_be_replayed(bench: Bench) -> None:
    effects = Effects(*[RuntimeError("bug") for _ in range(6)])
    async with bench.running(ALL, reactions=effects.reactions) as runtime:
        await bench.record(notice(purpose="cursed"), notice(purpose="good"))
        await bench.until_applied("good")
        await eventually(lambda: effects.tried["cursed"] >= 6)
        [letter] = await bench.rows("select id, reason from dead_letters where settled_at is null")
        assert letter.reason == "unknown: RuntimeError"

        assert await dead_letters.replay(runtime.tools, effects.reactions) == (1, 0)
        assert (await bench.effects())["cursed"] == 1
        assert await dead_letters.replay(runtime.tools, effects.reactions) == (0, 0)
        assert (await bench.effects())["cursed"] == 1
        [settled] = await bench.rows("select settlement, settled_at from dead_letters")
        assert settled.settlement == "replayed"


@pytest.mark.parametrize("refusal", ["problem", "validation"])
async def test_a_broken_rule_is_put_aside_at_once(bench: Bench, refusal: str) -> None:
    class Model(BaseModel):
        number: int

    def failure() -> Exception:
        if refusal == "problem":
            return Problem("this cannot be")
        try:
            Model.model_validate({"number": "anna@example.org"})
        except ValueError as error:
            return error
        raise AssertionError

    effects = Effects(failure(), failure())
    async with bench.running(ALL, reactions=effects.reactions):
        await bench.record(notice(purpose="cursed"), notice(purpose="good"))
        await bench.until_applied("good")
    [letter] = await bench.rows("select reason from dead_letters")
    assert letter.reason.startswith("permanent: ")
    assert "anna" not in letter.reason


async def test_too_many_dead_letters_stop_the_consumer_instead_of_emptying_the_topic(bench: Bench) -> None:
    bad = [(b"{}", as_headers(uuid4())) for _ in range(dead_letters.LIMIT + 30)]
    effects = Effects()
    async with bench.running(CONSUME, reactions=effects.reactions) as runtime:
        for record in bad:
            await produce_in_order(bench, record)
        await eventually(lambda: runtime.tools.metrics.halted._value.get() == 1)
        count = await bench.rows("select count(*) from dead_letters")
        assert 0 < count[0][0] <= dead_letters.LIMIT
        assert runtime.stuck_loops() == []


async def test_a_fact_whose_transaction_fails_at_commit_is_not_acknowledged(bench: Bench) -> None:
    """A deferred constraint breaks COMMIT itself: the effects are gone, so the fact must come again."""
    setup = Tools(bench.settings)
    async with setup.db.transaction() as conn:
        await conn.execute(text("create table numbers (n int unique deferrable initially deferred)"))
        await conn.execute(text("insert into numbers values (1)"))
    await setup.db.close()
    tries: list[int] = []

    async def reaction(act: Act, received: Any) -> None:
        tries.append(1)
        await act.conn.execute(text("insert into numbers values (:n)"), {"n": 1 if len(tries) < 3 else 2})

    async with bench.running(ALL, reactions={NotificationDelivered: reaction}):
        await bench.record(notice())
        await eventually(lambda: len(tries) >= 3)

        async def applied() -> bool:
            return len(await bench.rows("select 1 from numbers")) == 2

        await eventually(applied)
        assert len(await bench.rows("select 1 from inbox")) == 1
