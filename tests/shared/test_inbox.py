"""The inbox: a fact is new to a consumer once."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared import inbox
from shared.inbox import first_seen, leave
from shared.tools import Tools
from tests.shared.kit import Bench


async def test_members_that_hold_the_same_facts_wait_for_each_other_instead_of_deadlocking(bench: Bench) -> None:
    tools = Tools(bench.settings)

    async def enter(ids: Sequence[UUID]) -> int:
        async with tools.db.transaction() as conn:
            return len(await first_seen(conn, "group", ids))

    for _ in range(5):
        ids = [uuid4() for _ in range(2_000)]
        assert sum(await asyncio.gather(*[enter(ids if turn % 2 else ids[::-1]) for turn in range(6)])) == len(ids)
    await tools.db.close()


async def test_a_fact_is_new_to_each_consumer_and_again_once_it_was_taken_out(bench: Bench) -> None:
    tools, ids = Tools(bench.settings), [uuid4(), uuid4()]
    async with tools.db.transaction() as conn:
        assert await first_seen(conn, "one", [*ids, ids[0]]) == set(ids)
        assert await first_seen(conn, "two", ids) == set(ids)
        await leave(conn, "one", {ids[0]})
        assert await first_seen(conn, "one", ids) == {ids[0]}
        assert await first_seen(conn, "two", ids) == set()
    await tools.db.close()


async def test_facts_are_entered_in_an_order_all_members_share(monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[list[UUID]] = []

    class Entering:
        async def all(self, _: Any, values: dict[str, Any]) -> list[Any]:
            entered.append(values["event_ids"])
            return []

    monkeypatch.setattr(inbox, "_ENTER", Entering())
    ids, conn = [uuid4() for _ in range(50)], None
    for given in (ids, [*ids[::-1], ids[0]]):
        await first_seen(conn, "group", given)  # type: ignore[arg-type]
    assert entered == [sorted(ids)] * 2
