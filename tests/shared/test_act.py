"""An act: what it knows, what it writes, and attempts that can be undone."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from shared.act import Act, acting
from shared.audit import load_audit
from shared.auth import Caller
from shared.db import after_commit
from shared.due import Urgency, Work
from shared.events.base import Received
from shared.tools import Tools
from tests.shared.kit import Bench, notice

CLERK = Caller(subject="clerk", roles=frozenset({"appointments:staff"}))
_EFFECT = text("insert into effects values (:what)")


@pytest.fixture
async def tools(bench: Bench) -> AsyncIterator[Tools]:
    made = Tools(bench.settings)
    yield made
    await made.db.close()


class Refused(Exception):
    """Something that is raised in an attempt."""


async def do(act: Act, what: str, called: list[str]) -> None:
    """Write something, and note when it is committed."""
    await act.conn.execute(_EFFECT, {"what": what})
    after_commit(act.conn, lambda: called.append(what))


async def fail(act: Act, what: str, called: list[str]) -> None:
    """Do something in an attempt that is refused."""
    async with act.attempt():
        await do(act, what, called)
        raise Refused


async def test_what_is_undone_leaves_nothing_and_nothing_follows_the_commit(bench: Bench, tools: Tools) -> None:
    called: list[str] = []
    async with acting(tools) as act:
        await do(act, "before", called)
        with pytest.raises(Refused):
            await fail(act, "raised", called)
        async with act.attempt() as attempt:
            await do(act, "rolled back", called)
            await attempt.rollback()
        async with act.attempt():
            await do(act, "kept", called)
            with pytest.raises(Refused):
                await fail(act, "within", called)
        assert called == []
    assert await bench.effects() == {"before": 1, "kept": 1}
    assert sorted(called) == ["before", "kept"]


async def test_facts_of_an_act_are_of_its_chain(bench: Bench, tools: Tools) -> None:
    facts = [notice(purpose=str(number)) for number in range(4)]
    async with acting(tools) as act:
        first = await act.record(facts[0])
        await act.caused_by(first).record(facts[1])
        await act.caused_by(first).record_all(facts[2:])
    rows = await bench.rows("select event_id, cause from outbox order by id")
    assert [row.cause for row in rows] == [None, first, first, first]
    assert rows[0].event_id == first


async def test_a_fact_that_is_applied_is_the_cause_of_what_follows_at_that_moment(tools: Tools) -> None:
    received = Received(notice(), uuid4(), uuid4(), datetime(2026, 11, 23, 9, tzinfo=UTC))
    async with acting(tools) as act:
        with pytest.raises(LookupError):
            assert act.chain
        before = tools.clock.now()
        applied = act.at(before - timedelta(hours=1)).following(received)
    assert applied.chain == received.cause
    assert before <= applied.now <= tools.clock.now()


async def test_staff_alone_have_deeds_in_the_audit_log(tools: Tools) -> None:
    matter = uuid4()
    async with acting(tools) as act:
        with pytest.raises(LookupError):
            await act.note("arrived")
        await replace(act, who=CLERK).note("arrived", matter=matter, station="mitte", number="0000-0000")
        [deed] = await load_audit(act.conn, ["mitte"])
    assert (deed.who, deed.action, deed.matter, deed.at) == ("clerk", "arrived", matter, act.now)
    assert deed.details == {"number": "0000-0000"}


async def test_work_is_scheduled_once_and_taken_back(bench: Bench, tools: Tools) -> None:
    async with acting(tools) as act:
        for key, later in (("a", 1), ("b", 1), ("c", 1)):
            await act.schedule(Work("send", key, act.now + timedelta(hours=later), Urgency.BULK))
        await act.schedule(Work("send", "a", act.now, Urgency.BULK), once=True)
        await act.schedule(Work("send", "b", act.now, Urgency.BULK))
        await act.unschedule("send", ["c", "unknown"])
    rows = await bench.rows("select key, due_at from due_work where kind = 'send' order by key")
    assert [(row.key, row.due_at - act.now) for row in rows] == [("a", timedelta(hours=1)), ("b", timedelta())]


@pytest.mark.parametrize(
    ("hour", "day"), [(22, date(2026, 11, 23)), (23, date(2026, 11, 24))], ids=["before midnight", "after"]
)
async def test_the_day_is_that_in_berlin(tools: Tools, hour: int, day: date) -> None:
    async with acting(tools) as act:
        assert act.at(datetime(2026, 11, 23, hour, tzinfo=UTC)).today == day
