"""The queues of two stations, and of two days at one, have nothing to do with each other."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.appointments.queue.calling import call_next
from services.appointments.queue.ending import (
    QUEUE_END,
    QUEUE_FORGETTING,
    QUEUE_TIDYING,
    count_waiting,
    end_queue,
    forget_queue,
    send_home,
    tidy_up,
)
from services.appointments.queue.refusals import CounterBusy
from shared.act import Act, acting
from shared.clock import BERLIN
from shared.due import Claim
from shared.events.base import About
from shared.tools import Tools
from tests.appointments.locks import waiting
from tests.appointments.queue.kit import PHONE, Staff, near

Numbers = dict[str, list[tuple[str, str | None]]]
NOBODY_ENDED: Numbers = {
    "mitte": [("A 001", None), ("A 002", None)],
    "mitte yesterday": [("A 009", None)],
    "walsum": [("A 001", None)],
}


@pytest.fixture
async def walsum(staff: Staff, tools: Tools) -> Any:
    """A number of Walsum, given after those of Mitte; one of Mitte was left over from yesterday."""
    left_over = await staff.issue()
    async with tools.db.transaction() as conn:
        await conn.execute(text("update tickets set day = day - 1, number = 'A 009' where id = :id"), left_over)
        await conn.execute(text("update queue_days set day = day - 1"))
    await staff.issue()
    await staff.issue(phone=PHONE)
    return await staff.issue(station="walsum")


async def outcomes(tools: Tools) -> Numbers:
    """By station and day the numbers, and how each ended."""
    found: Numbers = {}
    async with tools.db.transaction() as conn:
        rows = await conn.execute(text("select station, day, number, outcome from tickets order by number"))
        for row in rows:
            today = row.day == tools.clock.now().astimezone(BERLIN).date()
            found.setdefault(row.station if today else f"{row.station} yesterday", []).append((row.number, row.outcome))
    return found


async def test_a_counter_calls_the_people_of_its_station_and_day_alone(staff: Staff, tools: Tools, walsum: Any) -> None:
    assert (await staff.post("counters/walsum-1/call"))["id"] == walsum["id"]
    assert await staff.post("counters/walsum-2/call") is None
    assert [(await staff.call(counter))["number"] for counter in (1, 2)] == ["A 001", "A 002"]
    assert await staff.call(3) is None, "the number left over from yesterday is called no more"


async def test_a_counter_calls_nobody_of_another_station_or_day_out_of_turn(
    staff: Staff, tools: Tools, walsum: Any
) -> None:
    async with tools.db.transaction() as conn:
        left_over = (await conn.execute(text("select id from tickets where number = 'A 009'"))).scalar_one()
    for ticket in (walsum["id"], str(left_over)):
        assert (await staff.call(ticket=ticket, status=409))["type"].endswith("ticket-elsewhere")
    await staff.call()
    await staff.act("call-again", walsum, status=409)


async def test_what_is_seen_and_told_of_a_queue_is_of_that_one(staff: Staff, tools: Tools, walsum: Any) -> None:
    queue = await staff.get("stations/walsum/queue")
    assert [each["number"] for each in queue["line"]] == ["A 001"]
    assert await staff.line() == ["A 001", "A 002"]
    for _ in range(2):
        await staff.issue()
    async with tools.db.transaction() as conn:
        await conn.execute(text("update tickets set to_be_told = number = 'A 004' where station = 'mitte'"))
    await staff.post("counters/walsum-1/call")
    assert await near(tools) == []
    assert (await staff.get("stations/walsum/queue"))["line"] == []
    await staff.call()
    assert await near(tools) == [("A 004", 2)]
    async with acting(tools) as act:
        assert await count_waiting(act, "walsum") == 0
        assert await count_waiting(act, "mitte") == 3


async def test_one_station_tells_nobody_of_another(staff: Staff, tools: Tools, walsum: Any) -> None:
    await staff.issue(station="walsum")
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("update tickets set to_be_told = number = case station when 'mitte' then 'A 001' else 'A 002' end")
        )
    await staff.post("counters/walsum-1/call")
    assert await near(tools) == [("A 002", 0)]


async def test_of_two_counters_that_call_at_once_the_second_counts_what_the_first_left(
    staff: Staff, tools: Tools
) -> None:
    for _ in range(4):
        await staff.issue()
    await staff.issue(phone=PHONE)
    async with acting(tools) as act:
        await call_next(act, "mitte-1")
        second = await waiting(tools, staff.call(2))
    await second
    assert await near(tools) == [("A 005", 2)]


@pytest.mark.parametrize("station", ["walsum", "mitte"])
@pytest.mark.parametrize("how", ["not called", "closed", "tidied", "forgotten"])
async def test_the_end_of_one_queue_is_not_that_of_another(
    staff: Staff, tools: Tools, walsum: Any, how: str, station: str
) -> None:
    now = tools.clock.now()
    key = f"{station} {now.astimezone(BERLIN).date()}"
    if how == "tidied":
        for counter in ("walsum-1", "mitte-1", "mitte-2"):
            await staff.post(f"counters/{counter}/call")
        async with tools.db.transaction() as conn:
            await conn.execute(text("update tickets set status = 'called', counter = 'mitte-5' where number = 'A 009'"))
    async with tools.db.transaction() as conn:
        match how:
            case "not called":
                await end_queue(Act(conn, tools, tools.clock.now()), Claim(QUEUE_END, key, 1, uuid4()))
            case "closed":
                await send_home(Act(conn, tools, now, cause=uuid4()), station, About(id=uuid4(), version=1))
            case "tidied":
                await tidy_up(Act(conn, tools, tools.clock.now()), Claim(QUEUE_TIDYING, key, 1, uuid4()))
            case "forgotten":
                await forget_queue(Act(conn, tools, tools.clock.now()), Claim(QUEUE_FORGETTING, key, 1, uuid4()))
    ends = {"not called": "not_called", "closed": "station_closed", "tidied": "served"}
    expected = dict(NOBODY_ENDED)
    ended = [(number, ends.get(how)) for number, _ in expected.pop(station)]
    assert await outcomes(tools) == (expected if how == "forgotten" else expected | {station: ended})
    async with tools.db.transaction() as conn:
        counted = text("select count(*) from queue_days where day < :today")
        assert (await conn.execute(counted, {"today": now.astimezone(BERLIN).date()})).scalar_one() == 1
    issued = [(await staff.issue(station=each))["number"] for each in ("mitte", "walsum")]
    assert issued == [
        "A 001" if (how, station) == ("forgotten", "mitte") else "A 003",
        "A 001" if (how, station) == ("forgotten", "walsum") else "A 002",
    ], "numbers go on, but where they were forgotten"


async def test_a_counter_that_calls_twice_at_once_keeps_nobody_from_the_others(staff: Staff, tools: Tools) -> None:
    first, second = [await staff.issue() for _ in range(2)]
    now = tools.clock.now()

    async def again() -> None:
        async with tools.db.transaction() as conn:
            await call_next(Act(conn, tools, now), "mitte-1")

    async with tools.db.transaction() as conn:
        called = await call_next(Act(conn, tools, now), "mitte-1")
        assert called
        assert str(called.id) == first["id"]
        twice = await waiting(tools, again())
        async with tools.db.transaction() as other:
            beside = await call_next(Act(other, tools, now), "mitte-2")
            assert beside
            assert str(beside.id) == second["id"]
    with pytest.raises(CounterBusy):
        await twice
