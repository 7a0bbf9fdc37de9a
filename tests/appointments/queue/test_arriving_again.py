"""Somebody with an appointment gave the number back or was moved, and says "I am here" again."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from services.appointments.booking import changes
from services.appointments.booking.facts import MANAGE
from shared.act import acting
from shared.events.appointments import DecidedBy
from shared.tools import Tools
from tests.appointments.kit import API, Client, at, booking, outbox
from tests.appointments.queue.kit import Staff, minutes
from tests.appointments.visitor import Visitor, content
from tests.support.locks import waiting


async def book(client: Client, tools: Tools, hour: int, minute: int = 0) -> Any:
    """Book a time of today."""
    return (await client.post(f"{API}/appointments", json=booking(at(tools, hour, minute, days=0)))).json()


async def press_here(client: Client, booked: Any) -> str:
    """Say "I am here" on one's own phone: the path of the ticket."""
    path: str = (await Visitor(client).press(f"/appointments/m/{booked['token']}/arrive")).headers["location"]
    assert "/ticket/" in path
    return path


async def due(tools: Tools) -> list[datetime]:
    async with tools.db.transaction() as conn:
        return list((await conn.execute(text("select due_at from tickets"))).scalars())


@pytest.mark.parametrize("by_staff", [False, True])
async def test_who_gave_the_number_back_and_comes_again_is_called_by_it(
    client: Client, staff: Staff, tools: Tools, by_staff: bool
) -> None:
    booked = await book(client, tools, 10, 30)
    path = await press_here(client, booked)
    assert "Ihr Termin bleibt." in content(await Visitor(client).see(f"{path}/return"))
    await Visitor(client).press(f"{path}/return")
    assert await staff.line() == []
    assert (await client.get(f"{API}/appointments/{booked['token']}")).json()["status"] == "confirmed"
    if by_staff:
        await staff.post(f"appointments/{booked['number']}/arrival")
    else:
        assert await press_here(client, booked) == path
    assert await staff.line() == [booked["number"]]
    await staff.call()
    told = [(row.type.rpartition(".")[2], row.version) for row in await outbox(tools) if "Ticket" in row.type]
    assert told == [("TicketIssued", 1), ("TicketClosed", 2), ("TicketIssued", 3), ("TicketCalled", 4)]


async def test_who_was_served_is_not_called_again(client: Client, staff: Staff, tools: Tools) -> None:
    booked = await book(client, tools, 10, 30)
    await press_here(client, booked)
    await staff.serve()
    await press_here(client, booked)
    assert await staff.line() == []


async def test_a_number_follows_an_appointment_that_was_moved(client: Client, staff: Staff, tools: Tools) -> None:
    booked = await book(client, tools, 10, 30)
    await press_here(client, booked)
    later = {"station": "mitte", "starts_at": at(tools, 10, 50, days=0).isoformat()}
    await client.post(f"{API}/appointments/{booked['token']}/rescheduling", json=later)
    await press_here(client, booked)
    assert await due(tools) == [at(tools, 10, 50, days=0)]


async def test_who_came_in_time_and_says_so_again_keeps_the_place(client: Client, staff: Staff, tools: Tools) -> None:
    booked = await book(client, tools, 10, 10)
    await press_here(client, booked)
    minutes(tools, 30)
    await staff.post(f"appointments/{booked['number']}/arrival")
    assert await due(tools) == [at(tools, 10, 10, days=0)]


async def test_who_arrives_while_the_appointment_is_cancelled_gets_no_number(
    client: Client, staff: Staff, tools: Tools
) -> None:
    booked = await book(client, tools, 10, 30)
    id, _ = tools.links.read(MANAGE, booked["token"])
    manage = f"/appointments/m/{booked['token']}"
    async with acting(tools) as act:
        await changes.cancel(act, id, DecidedBy.CITIZEN, None)
        arriving = await waiting(tools, Visitor(client).press(f"{manage}/arrive"))
    assert (await arriving).headers["location"] == manage
    assert await staff.line() == []
