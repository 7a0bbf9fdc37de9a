"""Closures and the waiting list: what is offered in closed seats is withdrawn, what closures free passes on."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.appointments.line.usecases import lock_line
from shared.tools import Tools
from tests.appointments.closing import ADDRESS, Lead, closing, send
from tests.appointments.kit import API, Client, at, outbox
from tests.appointments.visitor import Visitor, content, heading, own_links
from tests.appointments.waiting import assert_line_consistent, book, cancel, entry, free_starts, join, sell_out
from tests.support.wait import eventually

pytestmark = pytest.mark.usefixtures("roles_as_tokens")

NINE = {"from_time": "09:00", "until_time": "09:10"}


@pytest.fixture
def start(tools: Tools) -> datetime:
    return at(tools, 9)


async def seat_closing(tools: Tools, start: datetime, **hours: str) -> dict[str, str]:
    """A closure of the counter that was booked last, on the day of a start."""
    async with tools.db.transaction() as conn:
        found = await conn.execute(text("select counter from appointments order by starts_at desc limit 1"))
        counter = str(found.scalar_one())
    return closing(start.date(), station="walsum", counter=counter) | NINE | hours


async def offered(client: Client, tools: Tools, start: datetime) -> tuple[dict[str, Any], dict[str, str]]:
    """Somebody who waits and has an offer, and a closure of its seat."""
    booked = await book(client, start)
    await sell_out(tools, start)
    joined = await join(client, start)
    await cancel(client, booked)
    return joined, await seat_closing(tools, start)


async def test_a_closure_withdraws_what_is_offered_and_the_place_in_line_is_kept(
    client: Client, tools: Tools, start: datetime
) -> None:
    first, closure = await offered(client, tools, start)
    second, offer, id = await join(client, start, name="Second"), (await entry(client, first))["offer"], str(uuid4())
    await send(client, "PUT", f"/{id}", closure)
    assert [((each := await entry(client, one))["status"], each["position"]) for one in (first, second)] == [
        ("waiting", 1), ("waiting", 2),
    ]  # fmt: skip
    for refused in ("taking", "declining"):
        assert (await client.post(f"{API}/offers/{offer['token']}/{refused}")).status_code == 410
    assert (await client.get(f"{API}/offers/{offer['token']}")).json()["outcome"] == "withdrawn"
    closed, ended = (await outbox(tools))[-2:]
    assert closed.type.endswith(".StationClosed")
    fact = json.loads(ended.body)
    assert ended.type.endswith(".SeatOfferEnded")
    assert (fact["outcome"], fact["about"], ended.cause) == ("withdrawn", {"id": id, "version": 1}, closed.event_id)
    assert fact["entry"]["contact"]
    await assert_line_consistent(tools)


async def test_the_page_of_a_withdrawn_offer_says_that_we_close(client: Client, tools: Tools, start: datetime) -> None:
    joined, closure = await offered(client, tools, start)
    path = f"/appointments/offer/{(await entry(client, joined))['offer']['token']}"
    await send(client, "PUT", f"/{uuid4()}", closure)
    visitor = Visitor(client)
    assert (await visitor.press(path, action="take")).headers["location"] == path
    ended = await visitor.see(path, 410)
    assert heading(ended) == "Dieser Termin ist leider nicht möglich"
    assert "Zu dieser Zeit müssen wir schließen." in content(ended)
    assert "behalten Ihren Platz in der Reihe" in content(ended)
    assert f"/appointments/waiting/{joined['token']}" in own_links(ended)


async def test_an_offer_past_its_deadline_expires_by_the_closure(client: Client, tools: Tools, start: datetime) -> None:
    first, closure = await offered(client, tools, start)
    second = await join(client, start, name="Second")
    async with tools.db.transaction() as conn:
        await conn.execute(text("update seat_offers set until = :now"), {"now": tools.clock.now()})
    await send(client, "PUT", f"/{uuid4()}", closure)
    assert [(await entry(client, each))["position"] for each in (second, first)] == [1, 2]
    await assert_line_consistent(tools)


async def test_what_is_refused_withdraws_nothing(client: Client, tools: Tools, start: datetime) -> None:
    booked = await book(client, start, services=("familienanmeldung",))
    await sell_out(tools, start)
    joined = await join(client, start)
    closure = await seat_closing(tools, start, until_time="11:00")
    await cancel(client, booked)
    await send(client, "PUT", f"/{uuid4()}", closure, status=409)
    assert (await entry(client, joined))["status"] == "offered"
    await assert_line_consistent(tools)


async def test_seats_of_a_lifted_closure_pass_on(client: Client, tools: Tools, start: datetime) -> None:
    joined, closure = await offered(client, tools, start)
    id = uuid4()
    await send(client, "PUT", f"/{id}", closure)
    await send(client, "POST", f"/{id}/lifting")
    again = await entry(client, joined)
    assert datetime.fromisoformat(again["offer"]["starts_at"]) == start, "it was withdrawn, so it is new to them"
    assert await free_starts(client, start) == []
    await assert_line_consistent(tools)


async def test_seats_a_changed_closure_lets_go_of_pass_on(client: Client, tools: Tools, start: datetime) -> None:
    joined, closure = await offered(client, tools, start)
    id, later = uuid4(), str(at(tools, 9, days=10).date())
    await send(client, "PUT", f"/{id}", closure)
    await send(client, "PUT", f"/{id}", closure | {"first_day": later, "last_day": later})
    assert (await entry(client, joined))["status"] == "offered"
    assert await free_starts(client, start) == []
    await assert_line_consistent(tools)


async def test_seats_another_closure_wants_do_not_pass_on(client: Client, tools: Tools, start: datetime) -> None:
    joined, closure = await offered(client, tools, start)
    id = uuid4()
    await send(client, "PUT", f"/{id}", closure)
    await send(client, "PUT", f"/{uuid4()}", closure)
    await send(client, "POST", f"/{id}/lifting")
    assert (await entry(client, joined))["status"] == "waiting"


async def test_seats_left_over_by_a_closure_pass_on(client: Client, tools: Tools, start: datetime) -> None:
    await book(client, start, services=("familienanmeldung",))
    await sell_out(tools, start)
    waiting = [await join(client, start, name=f"N{n}") for n in range(4)]
    await Lead(client).close(await seat_closing(tools, start))
    found = [await entry(client, each) for each in waiting]
    starts = [datetime.fromisoformat(each["offer"]["starts_at"]) for each in found[:3]]
    assert starts == [start + timedelta(minutes=10 * n) for n in (1, 2, 3)]
    assert found[3]["status"] == "waiting"
    assert await free_starts(client, start) == []
    await assert_line_consistent(tools)


async def test_what_is_left_over_of_a_withdrawn_offer_passes_on(client: Client, tools: Tools, start: datetime) -> None:
    booked = await book(client, start, services=("familienanmeldung",))
    await sell_out(tools, start)
    family = await join(client, start, services=["familienanmeldung"])
    alone = await join(client, start, name="Alone")
    await cancel(client, booked)
    await send(client, "PUT", f"/{uuid4()}", await seat_closing(tools, start))
    assert [(await entry(client, each))["status"] for each in (family, alone)] == ["waiting", "offered"]
    await assert_line_consistent(tools)


async def test_taking_what_is_offered_while_it_is_closed(client: Client, tools: Tools, start: datetime) -> None:
    booked = await book(client, start, services=("familienanmeldung",))
    await sell_out(tools, start)
    waiting = [await join(client, start, name=f"N{n}") for n in range(4)]
    await cancel(client, booked)
    tokens = [(await entry(client, each))["offer"]["token"] for each in waiting]
    closure = await seat_closing(tools, start, until_time="09:40")
    lead = {"Authorization": "Bearer appointments:lead"}
    closed, *taken = await asyncio.gather(
        client.put(f"{ADDRESS}/{uuid4()}", json=closure, headers=lead),
        *[client.post(f"{API}/offers/{token}/taking") for token in tokens],
    )
    became = (closed.status_code, {each.status_code for each in taken})
    assert became in [(200, {410}), (409, {200})]
    await assert_line_consistent(tools)


async def test_who_frees_seats_waits_for_the_line_before_touching_them(
    client: Client, tools: Tools, start: datetime
) -> None:
    """Else a closure, which has the lock of the line when it takes seats, would wait for them in turn: a deadlock."""
    booked = await book(client, start)

    async def somebody_waits() -> bool:
        async with tools.db.transaction() as conn:
            waits = text("""
                select exists (select from pg_locks l join pg_database d on d.oid = l.database
                               where d.datname = current_database() and l.locktype = 'advisory' and not l.granted)
            """)
            return bool((await conn.execute(waits)).scalar_one())

    async with tools.db.transaction() as conn:
        await lock_line(conn)
        cancelling = asyncio.create_task(cancel(client, booked))
        await eventually(somebody_waits)
        assert (await conn.execute(text("select counter from seats for update nowait"))).all()
    await cancelling
    assert len(await free_starts(client, start)) > 1
