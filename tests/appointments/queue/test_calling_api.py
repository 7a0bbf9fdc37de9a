"""What counters do with those they call, over HTTP."""

import asyncio

from shared.tools import Tools
from tests.appointments.kit import API, Client
from tests.appointments.queue.kit import Staff, facts, kinds, minutes


async def test_a_counter_has_one_person_at_a_time(staff: Staff, tools: Tools) -> None:
    """INVARIANT: nobody is called to a counter that has somebody, however often it calls at once."""
    for _ in range(5):
        await staff.issue()
    answers = await asyncio.gather(
        *[staff.client.post(f"{API}/staff/counters/mitte-1/call", json={}) for _ in range(5)]
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 4
    assert all(answer.json()["type"].endswith("counter-busy") for answer in answers if answer.status_code == 409)
    again = await staff.call(1, 409)
    assert again["number"] == (await staff.get("counters/mitte-1"))["ticket"]["number"]


async def test_a_counter_that_calls_twice_at_once_learns_that_it_has_somebody(staff: Staff) -> None:
    await staff.issue()
    path = f"{API}/staff/counters/mitte-1/call"
    answers = await asyncio.gather(*[staff.client.post(path, json={}) for _ in range(6)])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    assert all(answer.json() is not None for answer in answers)


async def test_a_counter_that_calls_is_open_even_when_nobody_waits(staff: Staff) -> None:
    assert await staff.call() is None
    assert (await staff.get("stations/mitte/queue"))["open_counters"] == 1
    await staff.call(99, 404)


async def test_whoever_lost_a_race_learns_where_the_person_is(staff: Staff) -> None:
    first, second = await staff.issue(), await staff.issue()
    await staff.call(2, ticket=second["id"])
    lost = await staff.call(1, 409, ticket=second["id"])
    assert (lost["type"].rpartition(":")[2], lost["number"], lost["counter"]) == (
        "ticket-elsewhere", "A 002", "mitte-2",
    )  # fmt: skip
    assert (await staff.act("finish", second, 1, 409))["counter"] == "mitte-2"
    assert (await staff.call(1))["id"] == first["id"]


async def test_somebody_is_called_again_comes_and_is_served(staff: Staff, tools: Tools) -> None:
    ticket = await staff.issue()
    minutes(tools, 12)
    await staff.call()
    assert (await staff.act("call-again", ticket))["calls"] == 2
    minutes(tools, 1)
    assert (await staff.act("begin", ticket))["status"] == "serving"
    assert (await staff.act("begin", ticket))["status"] == "serving"
    await staff.act("call-again", ticket, status=409)
    minutes(tools, 9)
    closed = await staff.act("finish", ticket)
    assert (closed["status"], closed["outcome"]) == ("closed", "served")
    await staff.act("finish", ticket, status=409)
    assert await kinds(tools, ticket) == ["TicketIssued", "TicketCalled", "TicketCalled", "TicketClosed"]
    [day] = await staff.get("stations/mitte/figures")
    assert (day["walk_ins"], day["served"], day["missed"]) == (1, 1, 0)
    assert [round(day[name] / 60) for name in ("wait", "long_wait", "way", "processing")] == [12, 12, 1, 9]


async def test_figures_are_averages_of_whom_they_concern(staff: Staff, tools: Tools) -> None:
    first, second, third, _ = [await staff.issue() for _ in range(4)]
    minutes(tools, 2)
    await staff.call()
    minutes(tools, 1)
    await staff.act("begin", first)
    minutes(tools, 5)
    await staff.act("finish", first)
    await staff.call()
    await staff.act("miss", second)
    await staff.call()
    minutes(tools, 2)
    await staff.act("begin", third)
    minutes(tools, 3)
    await staff.act("papers", third)
    minutes(tools, 2)
    await staff.post(f"tickets/{third['id']}/back")
    await staff.call()
    minutes(tools, 1)
    await staff.act("begin", third)
    minutes(tools, 4)
    await staff.act("finish", third)
    [day] = await staff.get("stations/mitte/figures")
    assert {name: day[name] for name in ("walk_ins", "served", "missed", "returned", "not_called")} == {
        "walk_ins": 4, "served": 2, "missed": 1, "returned": 0, "not_called": 0,
    }  # fmt: skip
    # Waits 2, 8, 8; ways 1 and 2 + 1; at the counter 5 and 3 + 4.
    assert [round(day[name] / 60, 1) for name in ("wait", "long_wait", "way", "processing")] == [6, 8, 2, 6]


async def test_whoever_does_not_come_is_missed(staff: Staff, tools: Tools) -> None:
    ticket = await staff.issue()
    await staff.call()
    assert (await staff.act("miss", ticket))["outcome"] == "missed"
    assert (await facts(tools))[-1].ticket.outcome == "missed"
    assert await staff.call() is None


async def test_the_parked_come_back_in_front_of_all_others(staff: Staff, tools: Tools) -> None:
    parked, _ = await staff.issue(), await staff.issue()
    await staff.call()
    await staff.act("park", parked, minutes=10)
    assert await staff.line() == ["A 002"]
    assert [each["number"] for each in (await staff.get("stations/mitte/queue"))["away"]] == ["A 001"]
    minutes(tools, 9)
    assert await staff.line() == ["A 002"]
    minutes(tools, 2)
    assert await staff.line() == ["A 001", "A 002"]
    assert await kinds(tools, parked) == ["TicketIssued", "TicketCalled", "TicketPutBack"]


async def test_who_fetches_papers_comes_back_in_front_when_they_are_there(staff: Staff) -> None:
    papers, _ = await staff.issue(), await staff.issue()
    await staff.call()
    await staff.act("begin", papers)
    assert (await staff.act("papers", papers))["status"] == "papers"
    assert await staff.line() == ["A 002"]
    await staff.post(f"tickets/{papers['id']}/back")
    assert await staff.line() == ["A 001", "A 002"]
    await staff.post(f"tickets/{papers['id']}/back", 409)


async def test_handed_over_to_a_counter_only_that_one_calls(staff: Staff) -> None:
    ticket, _ = await staff.issue(), await staff.issue()
    await staff.call()
    await staff.post("counters/mitte-1/hand-over", 404, ticket=ticket["id"], counter="walsum-1")
    handed = await staff.post(
        "counters/mitte-1/hand-over", ticket=ticket["id"], counter="mitte-3", services=["reisepass"]
    )
    assert (handed["for_counter"], handed["services"]) == ("mitte-3", ["reisepass"])
    assert (await staff.call(2))["number"] == "A 002"
    assert await staff.call(4) is None
    assert (await staff.call(3))["number"] == "A 001"


async def test_two_counters_that_call_at_once_get_two_people(staff: Staff) -> None:
    """INVARIANT: nobody is called to two counters."""
    for _ in range(8):
        await staff.issue()
    called = await asyncio.gather(*[staff.call(counter) for counter in range(1, 9)])
    assert sorted(each["number"] for each in called) == [f"A {count:03d}" for count in range(1, 9)]


async def test_a_wait_is_estimated_once_the_day_has_shown_how_long_people_take(
    client: Client, staff: Staff, tools: Tools
) -> None:
    for _ in range(8):
        await staff.issue()
    assert (await staff.get("stations/mitte/queue"))["wait"] is None
    for _ in range(5):
        called = await staff.call()
        minutes(tools, 6)
        await staff.act("finish", called)
    queue = await staff.get("stations/mitte/queue")
    assert (queue["open_counters"], queue["wait"]) == (1, {"shortest": 15, "longest": 25})
    answer = await staff.client.put(f"{API}/staff/counters/mitte-1/pause", json={"paused": True})
    assert answer.json()["paused"]
    assert (await staff.get("stations/mitte/queue"))["wait"] is None
