"""What one person does, or what becomes of them, changes nothing for the others."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.appointments.booking.changes import ALTERNATIVE_END, end_alternative
from services.appointments.booking.facts import MANAGE
from services.appointments.booking.holds import HOLD_END, end_hold, extend_hold, save_details
from services.appointments.line.usecases import LAST_DAY, OFFER_EXPIRY
from services.appointments.persons.domain import PersonInput, TypedDetails
from services.appointments.waiting.usecases import end_wait, expire_offer, forget_waiting
from shared.act import Act, acting
from shared.due import Claim
from shared.errands import Handler
from shared.tools import Tools
from tests.appointments.closing import Lead, closing
from tests.appointments.closing import book as book_at_mitte
from tests.appointments.kit import API, Client, at, booking, wish
from tests.appointments.waiting import assert_line_consistent, book, cancel, entry, join, sell_out

pytestmark = pytest.mark.usefixtures("roles_as_tokens")
TABLES = {
    "appointments": "id",
    "people": "matter",
    "seats": "appointment",
    "waiting_entries": "id",
    "seat_offers": "id",
    "tickets": "id",
}
"""The tables of what people have, and the column that says whose it is."""
Rows = dict[str, list[Any]]


async def rows(tools: Tools, ids: list[UUID] | None = None) -> Rows:
    """All that is kept of some matters, or of all."""
    found: Rows = {}
    async with tools.db.transaction() as conn:
        for table, column in TABLES.items():
            sql = f"select to_jsonb(t) as kept from {table} t where :all or {column} = any(:ids) order by 1"
            result = await conn.execute(text(sql), {"all": ids is None, "ids": ids or []})
            found[table] = list(result.scalars())
    return found


async def offered_at(client: Client, tools: Tools, start: datetime, name: str) -> dict[str, Any]:
    """Somebody on the waiting list with an offer at Walsum, on a day that is full."""
    booked = await book(client, start, person={"mail": f"{name}@before.example"})
    await sell_out(tools, start)
    joined = await join(client, start, name)
    await cancel(client, booked)
    return await entry(client, joined)


async def held_at(client: Client, tools: Tools, start: datetime, name: str) -> UUID:
    """A draft with what somebody typed."""
    answer = await client.post(f"{API}/holds", json=wish(start))
    id = tools.links.read("hold", answer.json()["token"])[0]
    async with acting(tools) as act:
        typed = TypedDetails(PersonInput(name, f"{name}@example.org", "", ("mail",)), "de", None)
        await save_details(act, id, typed)
    return id


async def due(tools: Tools, handler: Handler, kind: str, key: object) -> None:
    async with acting(tools) as act:
        await handler(act, Claim(kind, str(key), 1, uuid4()))


@pytest.fixture
async def others(client: Client, tools: Tools) -> Rows:
    """What others have: an appointment, an alternative, a draft, an offer, a place in the line."""
    await book_at_mitte(client, at(tools, 9), "Berta", person={"mail": "berta@example.org"})
    await book_at_mitte(client, at(tools, 9, days=4), "Cem", person={"mail": "cem@example.org"})
    await Lead(client).close(closing(at(tools, 9, days=4).date()))
    await held_at(client, tools, at(tools, 9, 30), "Dora")
    await offered_at(client, tools, at(tools, 9, days=5), "Emil")
    await sell_out(tools, at(tools, 9, days=6))
    await join(client, at(tools, 9, days=6), "Fatma")
    return await rows(tools)


async def assert_unchanged(tools: Tools, others: Rows) -> None:
    ids = {UUID(row[TABLES[table]]) for table, found in others.items() for row in found}
    assert await rows(tools, list(ids)) == others
    await assert_line_consistent(tools)


async def test_booking_moving_and_cancelling(client: Client, tools: Tools, others: Rows) -> None:
    now = tools.clock.now()
    draft = await held_at(client, tools, at(tools, 10), "Anna")
    async with tools.db.transaction() as conn:
        await extend_hold(Act(conn, tools, now), draft)
    body = {"hold": tools.links.token("hold", draft, 1), "person": booking(now)["person"]}
    confirmed = await client.post(f"{API}/appointments", json=body)
    assert confirmed.status_code == 201, confirmed.text
    there = {"station": "sued", "starts_at": at(tools, 10).isoformat()}
    path = f"{API}/appointments/{confirmed.json()['token']}"
    assert (await client.post(f"{path}/rescheduling", json=there)).status_code == 200
    assert (await client.post(f"{path}/cancellation")).status_code == 200
    await assert_unchanged(tools, others)


async def test_a_draft_that_is_forgotten(client: Client, tools: Tools, others: Rows) -> None:
    draft = await held_at(client, tools, at(tools, 10), "Anna")
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("update appointments set held_until = :then where id = :id"),
            {"id": draft, "then": tools.clock.now() - timedelta(hours=3)},
        )
    await due(tools, end_hold, HOLD_END, draft)
    assert await rows(tools, [draft]) == {table: [] for table in TABLES}
    await assert_unchanged(tools, others)


async def test_alternatives(client: Client, tools: Tools, others: Rows) -> None:
    day = at(tools, 11, days=7)
    taken, ended = [
        await book_at_mitte(client, day + timedelta(minutes=minutes), name, person={"mail": f"{name}@example.org"})
        for minutes, name in ((0, "Anna"), (10, "Gerd"))
    ]
    await Lead(client).close(closing(day.date()))
    assert (await client.post(f"{API}/appointments/{taken['token']}/acceptance")).status_code == 200
    id = tools.links.read(MANAGE, ended["token"])[0]
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("update appointments set held_until = :now where id = :id"), {"id": id, "now": tools.clock.now()}
        )
    await due(tools, end_alternative, ALTERNATIVE_END, f"{id} 2")
    assert [(await client.get(f"{API}/appointments/{each['token']}")).json()["status"] for each in (taken, ended)] == [
        "confirmed",
        "cancelled",
    ]
    await assert_unchanged(tools, others)


async def test_the_waiting_list(client: Client, tools: Tools, others: Rows) -> None:
    names = ("Take", "Decline", "Leave", "Expire", "Over")
    waits = {name: await offered_at(client, tools, at(tools, 9, days=7 + n), name) for n, name in enumerate(names)}
    offers = {name: each["offer"]["token"] for name, each in waits.items()}
    assert (await client.post(f"{API}/offers/{offers['Take']}/taking")).status_code == 200
    assert (await client.post(f"{API}/offers/{offers['Decline']}/declining")).status_code == 200
    assert (await client.post(f"{API}/waiting/{waits['Leave']['token']}/leaving")).status_code == 200
    expiring = tools.links.read("offer", offers["Expire"])[0]
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("update seat_offers set until = :now where id = :id"), {"id": expiring, "now": tools.clock.now()}
        )
    await due(tools, expire_offer, OFFER_EXPIRY, expiring)
    over = tools.links.read("waiting", waits["Over"]["token"])[0]
    await due(tools, end_wait, LAST_DAY, over)
    async with tools.db.transaction() as conn:
        await forget_waiting(conn, [over])
    found = [(await entry(client, each))["status"] for each in waits.values()]
    assert found == ["booked", "waiting", "left", "waiting", "over"]
    await assert_unchanged(tools, others)
