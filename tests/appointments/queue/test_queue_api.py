"""The queue over HTTP: whose turn it is, and what counters do with whom they call."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.appointments.queue.counter import ACTIONS
from services.appointments.queue.ending import QUEUE_END
from shared import retention
from shared.audit import load_audit
from shared.tools import Tools
from tests.appointments.kit import API, Client, at, booking, outbox, pass_time
from tests.appointments.queue.kit import CLOSED_HOURS, SIMPLE, Staff, facts, minutes
from tests.support.wait import eventually


async def kinds(tools: Tools, ticket: Any) -> list[str]:
    """The facts of a ticket; their versions are checked."""
    mine = [fact for fact in await facts(tools) if str(fact.id) == ticket["id"]]
    assert [fact.version for fact in mine] == list(range(1, len(mine) + 1))
    return [type(fact).__name__ for fact in mine]


async def arrive(client: Client, staff: Staff, tools: Tools, hour: int, minute: int = 0) -> Any:
    """Book a time of today and arrive for it."""
    body = booking(tools.clock.now().replace(second=0, microsecond=0), name="x")
    body["time"]["starts_at"] = at(tools, hour, minute, days=0).isoformat()
    booked = (await client.post(f"{API}/appointments", json=body)).json()
    return await staff.post(f"appointments/{booked['number']}/arrival")


async def test_numbers_count_up_and_are_called_in_order(staff: Staff, tools: Tools) -> None:
    first, second = await staff.issue(), await staff.issue(language="tr", interpreter="tr")
    assert [first["number"], second["number"]] == ["A 001", "A 002"]
    called = await staff.call()
    assert (called["number"], called["status"], called["counter"], called["calls"]) == (
        "A 001", "called", "mitte-1", 1,
    )  # fmt: skip
    assert await staff.line() == ["A 002"]
    assert (await staff.call(2))["interpreter"] == "tr"
    assert await staff.call(3) is None
    assert await kinds(tools, first) == ["TicketIssued", "TicketCalled"]


async def test_the_contingent_of_a_day_is_kept_however_many_ask_at_once(staff: Staff, tools: Tools) -> None:
    """INVARIANT: no station issues more tickets a day than its contingent, and no number twice."""
    async with tools.db.transaction() as conn:
        await conn.execute(text("update stations set daily_tickets = 7 where key = 'mitte'"))
    answers = await asyncio.gather(
        *[staff.client.post(f"{API}/staff/stations/mitte/tickets", json={"services": [SIMPLE]}) for _ in range(20)]
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 7 + [409] * 13
    assert {answer.json()["number"] for answer in answers if answer.status_code == 201} == {
        f"A {count:03d}" for count in range(1, 8)
    }
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["type"].endswith("no-tickets-left")
    assert (await staff.issue(station="walsum"))["number"] == "A 001"


async def test_the_same_request_sent_again_gets_the_same_number(staff: Staff) -> None:
    headers = {"Idempotency-Key": "pressed-twice"}
    answers = await asyncio.gather(
        *[
            staff.client.post(f"{API}/staff/stations/mitte/tickets", json={"services": [SIMPLE]}, headers=headers)
            for _ in range(4)
        ]
    )
    assert {answer.json()["number"] for answer in answers} == {"A 001"}
    assert (await staff.issue())["number"] == "A 002"


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        ({"services": ["flying"]}, "unknown-choice"),
        ({"services": [SIMPLE], "phone": "0203 94000"}, "invalid-input"),
        ({"services": [SIMPLE], "station": "nowhere"}, "unknown-choice"),
    ],
)
async def test_what_cannot_be_done_gets_no_number(staff: Staff, wish: dict[str, Any], problem: str) -> None:
    assert (await staff.issue(422, **wish))["type"].endswith(problem)


@pytest.mark.parametrize("hours", [-2, 7.5, 24 * 30])
async def test_outside_opening_hours_there_are_no_tickets(staff: Staff, tools: Tools, hours: float) -> None:
    later = timedelta(hours=hours)
    if hours > 24:
        async with tools.db.transaction() as conn:
            await conn.execute(text("insert into closures (station, first_day, last_day, reason) values "
                                    "('mitte', '2020-01-01', '2100-01-01', 'Umbau')"))  # fmt: skip
        later = timedelta()
    pass_time(tools, later)
    assert (await staff.issue(409))["type"].endswith("station-not-open")


@pytest.mark.parametrize(("closed", "status"), [(("10:00", "11:00"), 409), (("10:10", "17:00"), 201)])
async def test_in_closed_hours_there_are_no_tickets(
    staff: Staff, tools: Tools, closed: tuple[str, str], status: int
) -> None:
    async with tools.db.transaction() as conn:
        await conn.execute(text(CLOSED_HOURS.format(*closed)))
    await staff.issue(status)
    for ticket in await facts(tools):
        assert ticket.ticket.closes_at == at(tools, 10, 10, days=0)


async def test_due_appointments_go_before_walk_ins_and_early_or_late_ones_do_not(
    client: Client, staff: Staff, tools: Tools
) -> None:
    minutes(tools, -60)
    late = (await client.post(f"{API}/appointments", json=booking(at(tools, 9, 30, days=0)))).json()
    minutes(tools, 60)
    await staff.issue()
    await staff.issue()
    soon = await arrive(client, staff, tools, 10, 10)
    early = await arrive(client, staff, tools, 10, 40)
    late = await staff.post(f"appointments/{late['number']}/arrival")
    order = [soon["number"], "A 001", "A 002", late["number"], early["number"]]
    assert await staff.line() == order
    minutes(tools, 30)
    assert (await staff.line())[:2] == [soon["number"], early["number"]]


async def test_arriving_twice_is_arriving_once(client: Client, staff: Staff, tools: Tools) -> None:
    first = await arrive(client, staff, tools, 10, 30)
    assert await staff.post(f"appointments/{first['number'].replace('-', '')}/arrival") == first
    [issued] = await facts(tools)
    assert issued.about
    assert str(issued.about.id) == first["appointment"]
    await staff.post("appointments/0000-0000/arrival", 404)


async def test_one_arrives_only_on_the_day_and_not_after_cancelling(client: Client, staff: Staff, tools: Tools) -> None:
    tomorrow = (await client.post(f"{API}/appointments", json=booking(at(tools, 10, days=1)))).json()
    assert (await staff.post(f"appointments/{tomorrow['number']}/arrival", 409))["type"].endswith("not-now")
    today = await arrive(client, staff, tools, 11)
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("update appointments set status = 'cancelled' where number = :n"), {"n": today["number"]}
        )
    assert await staff.line() == []
    assert await staff.call() is None


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


@pytest.mark.due_work
async def test_the_day_ends_when_the_station_closes(staff: Staff, tools: Tools) -> None:
    waiting, at_counter = await staff.issue(phone="0176 04069050"), await staff.issue()
    await staff.call(ticket=at_counter["id"])
    minutes(tools, 7 * 60)

    async def closed(outcomes: dict[str, str | None]) -> bool:
        async with tools.db.transaction() as conn:
            rows = await conn.execute(text("select number, outcome from tickets"))
            return {row.number: row.outcome for row in rows} == outcomes

    await eventually(lambda: closed({"A 001": "not_called", "A 002": None}))
    assert await kinds(tools, waiting) == ["TicketIssued", "TicketClosed"]
    assert (await facts(tools))[-1].ticket.contact is None
    minutes(tools, 3 * 60)
    await eventually(lambda: closed({"A 001": "not_called", "A 002": "served"}))
    pass_time(tools, retention.LEDGER)
    await eventually(lambda: closed({}))


async def test_the_end_is_due_once_a_day(client: Client, staff: Staff, tools: Tools) -> None:
    await arrive(client, staff, tools, 10, 30)
    await staff.issue()
    await staff.issue()
    async with tools.db.transaction() as conn:
        keys = await conn.execute(text("select key from due_work where kind = :kind"), {"kind": QUEUE_END})
        assert len(keys.all()) == 1


@pytest.mark.parametrize(
    ("token", "status"), [(None, 401), ("nobody", 401), ("somebody", 403), ("staff-of-walsum", 403)]
)
async def test_only_staff_of_the_station_use_its_queue(
    client: Client, staff: Staff, tools: Tools, token: str | None, status: int
) -> None:
    ticket = await staff.issue()
    before = len(await outbox(tools))
    client.headers = {"Authorization": f"Bearer {token}"} if token else {}
    about = {"ticket": ticket["id"]}
    for path, body in (
        ("stations/mitte/tickets", {"services": [SIMPLE]}),
        ("counters/mitte-1/call", {}),
        ("counters/mitte-1/call", about),
    ):
        assert (await client.post(f"{API}/staff/{path}", json=body)).status_code == status
    for path in ("stations/mitte/queue", "stations/mitte/figures", "counters/mitte-1"):
        assert (await client.get(f"{API}/staff/{path}")).status_code == status
    assert (await client.put(f"{API}/staff/counters/mitte-1/pause", json={"paused": True})).status_code == status
    assert len(await outbox(tools)) == before
    assert await staff.line() == ["A 001"]


async def test_what_staff_do_stands_in_the_audit_log(staff: Staff, tools: Tools) -> None:
    ticket = await staff.issue()
    await staff.call()
    await staff.act("begin", ticket)
    await staff.act("finish", ticket)
    async with tools.db.transaction() as conn:
        deeds = await load_audit(conn, ["mitte"])
    assert [(deed.who, deed.action, deed.details["number"]) for deed in reversed(deeds)] == [
        ("schalter", action, "A 001") for action in ("ticket_issued", "ticket_called", "ticket_begun", "ticket_served")
    ]
    assert {deed.action for deed in deeds} <= set(ACTIONS)
    assert str(deeds[0].matter) == ticket["id"]
