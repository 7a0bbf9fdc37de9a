"""The queues of two stations, and of two days at one, have nothing to do with each other."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

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
from shared.clock import BERLIN
from shared.due import Claim
from shared.events.base import About
from shared.service import Service
from tests.appointments.queue.conftest import PHONE, Staff
from tests.appointments.queue.test_near import near

Numbers = dict[str, list[tuple[str, str | None]]]
ALL_WAIT: Numbers = {"mitte": [("A 001", None), ("A 002", None)], "mitte yesterday": [("A 009", None)]}


@pytest.fixture
async def walsum(staff: Staff, service: Service) -> Any:
    """A number of Walsum, given after those of Mitte; one of Mitte was left over from yesterday."""
    left_over = await staff.issue()
    async with service.db.transaction() as conn:
        await conn.execute(text("update tickets set day = day - 1, number = 'A 009' where id = :id"), left_over)
        await conn.execute(text("delete from queue_days"))
    await staff.issue()
    await staff.issue(phone=PHONE)
    return await staff.issue(station="walsum")


async def outcomes(service: Service) -> Numbers:
    """By station and day the numbers, and how each ended."""
    found: Numbers = {}
    async with service.db.transaction() as conn:
        rows = await conn.execute(text("select station, day, number, outcome from tickets order by number"))
        for row in rows:
            today = row.day == service.clock.now().astimezone(BERLIN).date()
            found.setdefault(row.station if today else f"{row.station} yesterday", []).append((row.number, row.outcome))
    return found


async def test_a_counter_calls_the_people_of_its_station_and_day_alone(
    staff: Staff, service: Service, walsum: Any
) -> None:
    assert (await staff.post("counters/walsum-1/call"))["id"] == walsum["id"]
    assert await staff.post("counters/walsum-2/call") is None
    assert [(await staff.call(counter))["number"] for counter in (1, 2)] == ["A 001", "A 002"]
    assert await staff.call(3) is None, "the number left over from yesterday is called no more"


async def test_a_counter_calls_nobody_of_another_station_or_day_out_of_turn(
    staff: Staff, service: Service, walsum: Any
) -> None:
    async with service.db.transaction() as conn:
        left_over = (await conn.execute(text("select id from tickets where number = 'A 009'"))).scalar_one()
    for ticket in (walsum["id"], str(left_over)):
        assert (await staff.call(ticket=ticket, status=409))["type"].endswith("ticket-elsewhere")


async def test_what_is_seen_and_told_of_a_queue_is_of_that_one(staff: Staff, service: Service, walsum: Any) -> None:
    queue = await staff.get("stations/walsum/queue")
    assert [each["number"] for each in queue["line"]] == ["A 001"]
    assert await staff.line() == ["A 001", "A 002"]
    for _ in range(2):
        await staff.issue()
    async with service.db.transaction() as conn:
        await conn.execute(text("update tickets set to_be_told = number = 'A 004' where station = 'mitte'"))
    await staff.post("counters/walsum-1/call")
    assert await near(service) == []
    assert (await staff.get("stations/walsum/queue"))["line"] == []
    await staff.call()
    assert await near(service) == [("A 004", 2)]
    async with service.db.transaction() as conn:
        assert await count_waiting(conn, "walsum", service.clock.now()) == 0
        assert await count_waiting(conn, "mitte", service.clock.now()) == 3


@pytest.mark.parametrize("how", ["not called", "closed", "tidied", "forgotten"])
async def test_the_end_of_one_queue_is_not_that_of_another(
    staff: Staff, service: Service, walsum: Any, how: str
) -> None:
    now = service.clock.now()
    key = f"walsum {now.astimezone(BERLIN).date()}"
    if how == "tidied":
        await staff.post("counters/walsum-1/call")
        await staff.call()
    async with service.db.transaction() as conn:
        match how:
            case "not called":
                await end_queue(conn, service, Claim(QUEUE_END, key, 1, uuid4()))
            case "closed":
                await send_home(conn, service, "walsum", now, About(id=uuid4(), version=1), uuid4())
            case "tidied":
                await tidy_up(conn, service, Claim(QUEUE_TIDYING, key, 1, uuid4()))
            case "forgotten":
                await forget_queue(conn, service, Claim(QUEUE_FORGETTING, key, 1, uuid4()))
    ends = {"not called": "not_called", "closed": "station_closed", "tidied": "served"}
    gone = {} if how == "forgotten" else {"walsum": [("A 001", ends[how])]}
    assert await outcomes(service) == ALL_WAIT | gone
    assert (await staff.issue())["number"] == "A 003", "numbers of Mitte go on"
