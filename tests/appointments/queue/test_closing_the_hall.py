"""A station that has to close while people wait in its hall."""

import asyncio
from datetime import time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.appointments.closing import usecases
from services.appointments.closing.domain import Closure
from services.appointments.closing.preview import Preview, StillBooked
from services.appointments.closing.usecases import Confirmation
from shared.act import Act
from shared.auth import EVERY_STATION, Caller
from shared.clock import BERLIN
from shared.events.appointments import StationClosed
from shared.events.registry import facts_by_type
from shared.tools import Tools
from tests.appointments.kit import Client, at, outbox, pass_time
from tests.appointments.queue.kit import PHONE, Staff, status_line, take
from tests.appointments.visitor import Visitor, content, own_links
from tests.support.wait import eventually

LEAD = Caller(subject="leitung", roles=frozenset({"appointments:lead"}), stations=frozenset({EVERY_STATION}))


def closing(tools: Tools, **changes: Any) -> Closure:
    """A closure of Mitte today."""
    today = tools.clock.now().astimezone(BERLIN).date()
    wanted = {"first_day": today, "last_day": today, "reason": "Wasserschaden", **changes}
    return Closure(id=uuid4(), version=1, station="mitte", **wanted)


async def preview(tools: Tools, closure: Closure) -> Preview:
    async with tools.db.transaction() as conn:
        return await usecases.preview(Act(conn, tools, tools.clock.now(), who=LEAD), closure)


async def close(tools: Tools, closure: Closure, confirmed: Confirmation | None) -> None:
    async with tools.db.transaction() as conn:
        await usecases.close(Act(conn, tools, tools.clock.now(), who=LEAD), closure, confirmed)


async def test_whoever_waits_is_counted_sent_home_once_confirmed_and_reads_why(
    client: Client, staff: Staff, tools: Tools
) -> None:
    await staff.issue()
    called = await staff.call()
    visitor, path = Visitor(client), await take(Visitor(client), phone=PHONE)
    closure = closing(tools)
    shown = await preview(tools, closure)
    assert (shown.rows, shown.waiting) == ((), 1)
    with pytest.raises(StillBooked) as refusal:
        await close(tools, closure, None)
    assert refusal.value.extra == {"appointments": 0, "tickets": 1}
    assert await staff.line() == ["A 002"]

    await close(tools, closure, Confirmation(shown.version))
    assert await staff.line() == []
    tree = await visitor.see(path)
    assert status_line(tree) == "Die Station musste schließen. Ihre Nummer gilt nicht mehr. Das tut uns leid."
    assert "Grund: Wasserschaden" in content(tree)
    assert "/appointments/ticket" in own_links(tree)
    rows = [(facts_by_type()[row.type].model_validate_json(row.body), row) for row in await outbox(tools)]
    fact, ended = rows[-1]
    assert (fact.ticket.channels, fact.ticket.contact is None) == (["sms"], False)  # type: ignore[attr-defined]
    assert (fact.ticket.outcome, fact.about.id) == ("station_closed", closure.id)  # type: ignore[attr-defined, union-attr]
    assert ended.cause == next(row.event_id for fact, row in rows if isinstance(fact, StationClosed))
    assert (await staff.act("finish", called))["outcome"] == "served", "who is at a counter stays there"


@pytest.mark.parametrize(
    ("changes", "waiting"),
    [
        ({"from_time": time(9, 30), "until_time": time(10, 30)}, 1),
        ({"from_time": time(13), "until_time": time(17)}, 0),
        ({"counter": "mitte-1"}, 0),
    ],
)
async def test_only_closed_hours_in_which_no_counter_stays_open_send_people_home(
    staff: Staff, tools: Tools, changes: dict[str, Any], waiting: int
) -> None:
    await staff.issue()
    closure = closing(tools, **changes)
    shown = await preview(tools, closure)
    assert shown.waiting == waiting
    await close(tools, closure, Confirmation(shown.version))
    assert len(await staff.line()) == 1 - waiting


async def test_the_closure_of_another_day_leaves_the_hall_alone(staff: Staff, tools: Tools) -> None:
    await staff.issue()
    tomorrow = tools.clock.now().astimezone(BERLIN).date() + timedelta(days=1)
    assert (await preview(tools, closing(tools, first_day=tomorrow, last_day=tomorrow))).waiting == 0


@pytest.mark.due_work
@pytest.mark.parametrize(("lifted", "ends"), [(False, 13), (True, 17)])
async def test_the_queue_ends_with_the_hours_that_are_left(staff: Staff, tools: Tools, lifted: bool, ends: int) -> None:
    await staff.issue()
    closure = closing(tools, from_time=time(13), until_time=time(17))
    await close(tools, closure, None)
    if lifted:
        async with tools.db.transaction() as conn:
            await usecases.lift(Act(conn, tools, tools.clock.now(), who=LEAD), closure.id)
    async with tools.db.transaction() as conn:
        due = await conn.execute(text("select due_at from due_work where kind = 'queue-end'"))
        assert due.scalar_one().astimezone(BERLIN).time() == time(ends)
    pass_time(tools, at(tools, ends, 0, days=0) - tools.clock.now())

    async def over() -> bool:
        return await staff.line() == []

    await eventually(over)


async def test_nobody_gets_a_number_from_a_station_that_is_closing(staff: Staff, tools: Tools) -> None:
    async with tools.db.transaction() as conn:
        await usecases.close(Act(conn, tools, tools.clock.now(), who=LEAD), closing(tools), None)
        taking = asyncio.create_task(staff.issue(status=409))

        async def waits() -> bool:
            blocked = await conn.execute(text("select true from pg_locks where not granted limit 1"))
            return taking.done() or bool(blocked.scalar())

        await eventually(waits)
    assert (await taking)["type"] == "urn:nahbar:problem:station-not-open"
