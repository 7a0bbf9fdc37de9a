"""Telling who wants to know that it is nearly their turn: once, whoever leaves the line, however many call at once."""

import asyncio
from uuid import UUID

from sqlalchemy import text

from shared.events.personal import Contact
from shared.events.tickets import TicketFact, TicketIssued
from shared.sealing import Sealer
from shared.settings import development_private_key
from shared.tools import Tools
from tests.appointments.kit import API, Client, outbox
from tests.appointments.queue.kit import PHONE, Staff, facts, minutes, near


async def test_the_phone_number_travels_sealed_and_is_forgotten_with_the_ticket(staff: Staff, tools: Tools) -> None:
    ticket = await staff.issue(phone=PHONE, language="tr")
    [issued] = await facts(tools)
    assert isinstance(issued, TicketIssued)
    assert issued.ticket.contact
    assert all(b"4069050" not in row.body for row in await outbox(tools))
    contact = Sealer([development_private_key("notifications")], {}).open(issued.ticket.contact, issued.id, Contact)
    assert (contact.phone, contact.mail) == ("+4917604069050", None)
    assert "/appointments/ticket/" in contact.manage_url
    await staff.call()
    await staff.act("finish", ticket)
    closed: TicketFact = (await facts(tools))[-1]
    assert closed.ticket.contact is None
    assert closed.ticket.person_key == issued.ticket.person_key
    async with tools.db.transaction() as conn:
        kept = (await conn.execute(text("select particulars from tickets"))).scalar_one()
    assert (kept["person_key"], kept.get("contact")) == ("", None)


async def test_who_wants_it_is_told_once_when_two_are_ahead(staff: Staff, tools: Tools) -> None:
    for _ in range(4):
        await staff.issue()
    await staff.issue(phone=PHONE)
    await staff.serve()
    assert await near(tools) == []
    await staff.serve()
    assert await near(tools) == [("A 005", 2)]
    await staff.serve()
    await staff.serve()
    assert await near(tools) == [("A 005", 2)]


async def test_who_is_near_when_taking_the_number_reads_it_on_the_page(staff: Staff, tools: Tools) -> None:
    await staff.issue()
    await staff.issue()
    await staff.issue(phone=PHONE)
    await staff.serve()
    assert await near(tools) == []


async def test_who_left_no_number_is_not_told(staff: Staff, tools: Tools) -> None:
    for _ in range(6):
        await staff.issue()
    for _ in range(6):
        await staff.serve()
    assert await near(tools) == []


async def test_somebody_ahead_who_gives_up_brings_others_nearer(client: Client, staff: Staff, tools: Tools) -> None:
    first, *_ = [await staff.issue() for _ in range(3)]
    await staff.issue(phone=PHONE)
    token = tools.links.token("ticket", UUID(first["id"]), 1)
    answer = await client.post(f"{API}/tickets/{token}/return")
    assert answer.json()["outcome"] == "returned"
    assert (await client.post(f"{API}/tickets/{token}/return")).status_code == 200
    assert await near(tools) == [("A 004", 2)]


async def test_however_many_counters_call_at_once_each_is_told_once_and_nobody_is_left_out(
    staff: Staff, tools: Tools
) -> None:
    for _ in range(14):
        await staff.issue(phone=PHONE)
    for _ in range(2):
        called = await asyncio.gather(*[staff.call(counter) for counter in range(1, 7)])
        told = dict(await near(tools))
        assert set((await staff.line())[:3]) <= set(told)
        for counter, each in enumerate(called, 1):
            await staff.act("finish", each, counter)
    told_twice = await near(tools)
    assert len(told_twice) == len(dict(told_twice))


async def test_who_is_parked_is_not_told_again(staff: Staff, tools: Tools) -> None:
    for _ in range(3):
        await staff.issue()
    told = await staff.issue(phone=PHONE)
    await staff.serve()
    await staff.call(ticket=told["id"])
    await staff.act("park", told, minutes=5)
    minutes(tools, 6)
    await staff.serve(2)
    assert await near(tools) == [("A 004", 2)]
