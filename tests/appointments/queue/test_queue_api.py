"""The queue over HTTP: numbers, arrivals, the end of a day, and what only staff of the station may do."""

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
from tests.appointments.queue.kit import CLOSED_HOURS, SIMPLE, Staff, facts, kinds, minutes
from tests.support.wait import eventually


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
