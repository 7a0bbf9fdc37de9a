"""Asking for lost links: the page, what it publishes, and that its answer says nothing of what an address has."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from services.appointments.links.usecases import (
    PER_ADDRESS,
    PER_NETWORK,
    Address,
    RequestsUsedUp,
    ask_for_links,
    forget_requests,
)
from shared.act import Act
from shared.origins import Origin
from shared.takings import WINDOW
from shared.tools import Tools
from tests.appointments.kit import Client, at, outbox, pass_time
from tests.appointments.visitor import Visitor, content, heading, own_links, page, values
from tests.appointments.waiting import book

LINKS = "/appointments/links"


async def requests(tools: Tools) -> list[dict[str, object]]:
    """What was published, the oldest first."""
    rows = [row for row in await outbox(tools) if row.type.endswith("LinksRequested")]
    return [json.loads(row.body)["request"] for row in rows]


async def test_known_and_unknown_addresses_are_answered_and_published_alike(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    booked = await book(client, at(tools, 9))
    answers = [
        await visitor.press(LINKS, address=address, language="tr") for address in ("Anna@example.org", "no@example.org")
    ]
    assert [each.headers["location"] for each in answers] == [f"{LINKS}/sent?by=mail"] * 2
    assert len({each.text for each in answers}) == 1
    known, unknown = await requests(tools)
    assert known.keys() == unknown.keys()
    assert (known["language"], known["channels"]) == ("tr", ["mail"])
    [row] = [row for row in await outbox(tools) if row.type.endswith("AppointmentBooked")]
    assert known["person_key"] == json.loads(row.body)["appointment"]["person_key"]
    published = json.dumps([known, unknown]).lower()
    assert "example.org" not in published
    assert booked["token"] not in published


async def test_the_same_press_twice_asks_once(client: Client, tools: Tools) -> None:
    for _ in "ab":
        await Visitor(client).press(LINKS, "one-press-twice", address="0151 23456789", language="de")
    assert [each["channels"] for each in await requests(tools)] == [["sms"]]
    sent = await Visitor(client).see(f"{LINKS}/sent?by=sms")
    assert "bekommt sie in den nächsten Minuten eine SMS" in content(sent)


@pytest.mark.parametrize("typed", ["", "anna@", "0203 94000", "anna"])
async def test_what_is_no_address_comes_back_with_what_to_do(client: Client, tools: Tools, typed: str) -> None:
    again = page(await Visitor(client).press(LINKS, address=typed, language="de"), 422)
    assert heading(again) == "Link verloren?"
    assert "Geben Sie" in content(again)
    assert values(again)["address"] == typed
    assert await requests(tools) == []


async def test_an_address_is_written_to_so_often_a_day_and_nobody_can_tell(client: Client, tools: Tools) -> None:
    answers = [
        await Visitor(client).press(LINKS, address="anna@example.org", language="de") for _ in range(PER_ADDRESS + 1)
    ]
    assert {(each.status_code, each.text) for each in answers} == {(303, answers[0].text)}
    assert len(await requests(tools)) == PER_ADDRESS
    pass_time(tools, timedelta(hours=24, seconds=1))
    await Visitor(client).press(LINKS, address="anna@example.org", language="de")
    assert len(await requests(tools)) == PER_ADDRESS + 1


async def test_a_network_address_asks_so_often_an_hour(tools: Tools) -> None:
    origin, now = Origin(b"somewhere", 3, 60), tools.clock.now()
    async with tools.db.transaction() as conn:
        for n in range(PER_NETWORK):
            await ask_for_links(Act(conn, tools, now, origin=origin), Address("mail", f"{n}@example.org"), "de")
        new = Address("mail", "new@example.org")
        with pytest.raises(RequestsUsedUp) as refused:
            await ask_for_links(Act(conn, tools, now + timedelta(minutes=30), origin=origin), new, "de")
        assert refused.value.headers["Retry-After"] == "1800"
        await ask_for_links(Act(conn, tools, now, origin=Origin(b"elsewhere", 3, 60)), new, "de")
        await ask_for_links(Act(conn, tools, now, origin=Origin(None, 3, 60)), new, "de")
        await ask_for_links(Act(conn, tools, now + WINDOW, origin=origin), new, "de")


async def test_who_asked_is_forgotten_after_a_day(tools: Tools) -> None:
    now = tools.clock.now()
    async with tools.db.transaction() as conn:
        await ask_for_links(
            Act(conn, tools, now, origin=Origin(b"somewhere", 3, 60)), Address("mail", "a@example.org"), "de"
        )
        for later, left in ((timedelta(hours=23), 1), (timedelta(hours=25), 0)):
            await forget_requests(Act(conn, tools, now + later))
            assert (await conn.execute(text("select count(*) from link_requests"))).scalar_one() == left


@pytest.mark.parametrize(("path", "status"), [("/appointments/", 200), ("/appointments/m/made-up", 404)])
async def test_the_way_there_starts_where_links_are_missed(client: Client, path: str, status: int) -> None:
    assert LINKS in own_links(await Visitor(client).see(path, status))
