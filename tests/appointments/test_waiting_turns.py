"""The line goes by joining, whatever somebody needs; everybody who changes it waits for each other."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from services.appointments.line.facts import OFFER, WAITING
from services.appointments.line.looking import BATCH, LOOK_AGAIN, look_again, look_now
from services.appointments.line.usecases import LAST_DAY, OFFER_EXPIRY, lock_line
from services.appointments.waiting.usecases import decline, end_wait, expire_offer, take
from shared.act import acting
from shared.due import Claim
from shared.errands import Handler
from shared.tools import Tools
from tests.appointments.closing import ADDRESS, closing, send
from tests.appointments.kit import API, FAMILY, Client, at
from tests.appointments.locks import wait_not_long, waiting
from tests.appointments.waiting import assert_line_consistent, book, cancel, entry, join, sell_out, wait


@pytest.fixture
def start(tools: Tools) -> datetime:
    return at(tools, 9)


async def statuses(client: Client, *joined: dict[str, Any]) -> list[str]:
    return [(await entry(client, each))["status"] for each in joined]


async def free_at_night(tools: Tools, booked: dict[str, Any]) -> None:
    """Seats become free without being freed, and are found by the nightly look."""
    async with acting(tools) as act:
        await act.conn.execute(
            text("delete from seats where appointment = (select id from appointments where number = :number)"),
            {"number": booked["number"]},
        )
        await look_again(act, Claim(LOOK_AGAIN, "0", 1, uuid4()))


@pytest.mark.parametrize("family_first", [True, False])
@pytest.mark.parametrize("at_night", [True, False])
async def test_seats_go_by_joining_not_by_how_many_somebody_needs(
    client: Client, tools: Tools, start: datetime, family_first: bool, at_night: bool
) -> None:
    booked = await book(client, start, services=FAMILY)
    await sell_out(tools, start)
    needs: dict[str, dict[str, Any]] = {"Family": {"services": list(FAMILY)}, "Alone": {}}
    order = list(needs) if family_first else list(reversed(needs))
    first, second = [await join(client, start, name=name, **needs[name]) for name in order]
    await (free_at_night(tools, booked) if at_night else cancel(client, booked))
    assert await statuses(client, first, second) == ["offered", "waiting"]
    await assert_line_consistent(tools)


async def test_changes_of_the_line_wait_for_each_other(client: Client, tools: Tools, start: datetime) -> None:
    booked = await book(client, start)
    await sell_out(tools, start)
    first, second = await join(client, start), await join(client, start, name="Second")
    await cancel(client, booked)
    offer = (await entry(client, first))["offer"]["token"]
    offer_id, second_id = tools.links.read(OFFER, offer)[0], tools.links.read(WAITING, second["token"])[0]

    async def due(handler: Handler, kind: str, key: UUID | int) -> None:
        async with acting(tools) as act:
            await handler(act, Claim(kind, str(key), 1, uuid4()))

    acts: dict[str, Callable[[], Awaitable[Any]]] = {
        "join": lambda: client.post(f"{API}/waiting", json=wait(start, "Third")),
        "look again": lambda: due(look_again, LOOK_AGAIN, 0),
        "expire": lambda: due(expire_offer, OFFER_EXPIRY, offer_id),
        "decline": lambda: client.post(f"{API}/offers/{offer}/declining"),
        "leave": lambda: client.post(f"{API}/waiting/{first['token']}/leaving"),
        "end": lambda: due(end_wait, LAST_DAY, second_id),
    }
    for act in acts.values():
        async with tools.db.transaction() as conn:
            await lock_line(conn)
            task = await waiting(tools, act())
            rows = await conn.execute(text("select 1 from waiting_entries for update nowait"))
            assert rows.all(), "what waits for the line has locked no entry"
        answer = await task
        assert not isinstance(answer, httpx.Response) or answer.is_success
    assert await statuses(client, first, second) == ["left", "over"]
    await assert_line_consistent(tools)


async def test_an_offer_is_declined_or_taken_and_never_both(client: Client, tools: Tools, start: datetime) -> None:
    """The second to come read the offer before the first was through, and looks again."""
    booked, later = await book(client, start), await book(client, start + timedelta(hours=1))
    await sell_out(tools, start)
    joined = await join(client, start)
    for each, first, other in ((booked, decline, "taking"), (later, take, "declining")):
        await cancel(client, each)
        token = (await entry(client, joined))["offer"]["token"]
        async with acting(tools) as act:
            await first(act, tools.links.read(OFFER, token)[0])
            second = await waiting(tools, client.post(f"{API}/offers/{token}/{other}"))
        assert (await second).status_code == 410
    assert await statuses(client, joined) == ["booked"]
    await assert_line_consistent(tools)


@pytest.mark.usefixtures("roles_as_tokens")
async def test_a_closure_finds_what_was_taken_while_it_waited(client: Client, tools: Tools, start: datetime) -> None:
    booked = await book(client, start)
    await sell_out(tools, start)
    joined = await join(client, start)
    await cancel(client, booked)
    token = (await entry(client, joined))["offer"]["token"]
    body = closing(start.date(), station="walsum")
    lead = {"Authorization": "Bearer appointments:lead"}
    async with acting(tools) as act:
        await take(act, tools.links.read(OFFER, token)[0])
        closed = await waiting(tools, client.put(f"{ADDRESS}/{uuid4()}", json=body, headers=lead))
    assert (await closed).status_code == 409
    assert await statuses(client, joined) == ["booked"]
    await assert_line_consistent(tools)


async def test_nobody_is_offered_anything_once_they_cannot_be_told(
    client: Client, tools: Tools, start: datetime
) -> None:
    booked = await book(client, start)
    await sell_out(tools, start)
    first, second = await join(client, start), await join(client, start, name="Second")
    async with tools.db.transaction() as conn:
        id = tools.links.read(WAITING, first["token"])[0]
        await conn.execute(text("delete from people where matter = :id"), {"id": id})
    await cancel(client, booked)
    assert await statuses(client, first, second) == ["waiting", "offered"]


@pytest.mark.usefixtures("roles_as_tokens")
async def test_of_what_a_lifted_closure_frees_the_earliest_day_is_offered_first(
    client: Client, tools: Tools, start: datetime
) -> None:
    last, id = at(tools, 9, days=4), uuid4()
    days = [start + timedelta(days=n) for n in range((last.date() - start.date()).days + 1)]
    hours = {"counter": "walsum-1", "from_time": "09:00", "until_time": "09:10"}
    closure = closing(start.date(), len(days), station="walsum", **hours)
    await send(client, "PUT", f"/{id}", closure)
    await sell_out(tools, *days)
    joined = await join(client, start, last_day=str(last.date()))
    await send(client, "POST", f"/{id}/lifting")
    assert datetime.fromisoformat((await entry(client, joined))["offer"]["starts_at"]) == start


async def test_an_offer_does_not_expire_before_its_time(client: Client, tools: Tools, start: datetime) -> None:
    booked = await book(client, start)
    await sell_out(tools, start)
    joined = await join(client, start)
    await cancel(client, booked)
    offer = tools.links.read(OFFER, (await entry(client, joined))["offer"]["token"])[0]
    async with acting(tools) as act:
        await expire_offer(act, Claim(OFFER_EXPIRY, str(offer), 1, uuid4()))
    assert await statuses(client, joined) == ["offered"]


async def test_two_looks_through_the_line_at_once_do_not_wait_for_each_others_work(
    client: Client, tools: Tools, start: datetime
) -> None:
    await book(client, start)
    await sell_out(tools, start)
    for number in range(BATCH + 1):
        await join(client, start, name=f"Person {number}")
    async with acting(tools) as act:
        await act.schedule(look_now(act.now))
        await look_again(act, Claim(LOOK_AGAIN, "0", 1, uuid4()))
    async with tools.db.transaction() as one:
        taken = text("delete from due_work where kind = :kind and key <> '0' returning key")
        assert len((await one.execute(taken, {"kind": LOOK_AGAIN})).all()) == 1
        async with acting(tools) as other:
            await wait_not_long(other.conn)
            await look_again(other, Claim(LOOK_AGAIN, "0", 1, uuid4()))
