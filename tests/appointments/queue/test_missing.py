"""Appointments whose holders are called to a counter: they come, or they do not."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from shared.events.appointments import AppointmentMissed
from shared.tools import Tools
from tests.appointments.checks import assert_consistent
from tests.appointments.kit import API, Client, at, booking, outbox, pass_time
from tests.appointments.queue.kit import Staff


@pytest.fixture
async def ticket(client: Client, staff: Staff, tools: Tools) -> Any:
    """Somebody with an appointment at 10:30, here and called to counter 1 at 10:20."""
    booked = (await client.post(f"{API}/appointments", json=booking(at(tools, 10, 30, days=0)))).json()
    arrived = await staff.post(f"appointments/{booked['number']}/arrival")
    until(tools, 20)
    assert (await staff.call())["id"] == arrived["id"]
    return arrived


def until(tools: Tools, minute: int) -> None:
    """Let it be so many minutes past ten."""
    pass_time(tools, at(tools, 10, minute, days=0) - tools.clock.now())


async def status(tools: Tools) -> str:
    """How the appointment stands."""
    async with tools.db.transaction() as conn:
        found: str = (await conn.execute(text("select status from appointments"))).scalar_one()
        return found


async def missed(tools: Tools) -> list[AppointmentMissed]:
    """The facts that say so."""
    recorded = [row for row in await outbox(tools) if row.type.endswith("AppointmentMissed")]
    return [AppointmentMissed.model_validate_json(row.body) for row in recorded]


async def test_who_does_not_come_to_the_counter_misses_the_appointment(staff: Staff, tools: Tools, ticket: Any) -> None:
    until(tools, 30)
    assert (await staff.act("miss", ticket))["outcome"] == "missed"
    [fact] = await missed(tools)
    assert (str(fact.id), fact.version, fact.appointment.status) == (ticket["appointment"], 2, "missed")
    assert await status(tools) == "missed"
    await staff.post(f"appointments/{ticket['number']}/arrival", 409)
    await assert_consistent(tools)


async def test_nobody_misses_an_appointment_before_it_begins(staff: Staff, tools: Tools, ticket: Any) -> None:
    parked = await staff.act("miss", ticket)
    assert (parked["status"], parked["outcome"]) == ("waiting", None)
    assert await staff.call() is None
    assert await missed(tools) == []
    until(tools, 30)
    assert (await staff.call())["id"] == ticket["id"]


async def test_who_is_served_has_arrived_whatever_was_noted(staff: Staff, tools: Tools, ticket: Any) -> None:
    await staff.post(f"appointments/{ticket['number']}/arrival/correction")
    await staff.act("begin", ticket)
    await staff.act("finish", ticket)
    assert await status(tools) == "arrived"
    assert await missed(tools) == []


async def test_an_appointment_that_moved_meanwhile_is_not_missed(staff: Staff, tools: Tools, ticket: Any) -> None:
    async with tools.db.transaction() as conn:
        await conn.execute(text("update appointments set status = 'confirmed', starts_at = starts_at + interval '1 d'"))
    until(tools, 40)
    assert (await staff.act("miss", ticket))["outcome"] == "missed"
    assert await missed(tools) == []


@pytest.mark.parametrize("desk", ["arrival", "missed"])
async def test_the_counter_and_the_desk_at_once_say_it_once(staff: Staff, tools: Tools, ticket: Any, desk: str) -> None:
    """INVARIANT: an appointment is missed at most once, and stays missed."""
    until(tools, 35)
    await staff.post(f"appointments/{ticket['number']}/arrival/correction")
    at_counter = staff.client.post(f"{API}/staff/counters/mitte-1/miss", json={"ticket": ticket["id"]})
    at_desk = staff.client.post(f"{API}/staff/appointments/{ticket['number']}/{desk}")
    answers = await asyncio.gather(at_counter, at_desk)
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert answers[0].status_code == 200
    assert len(await missed(tools)) == 1
    assert await status(tools) == "missed"
