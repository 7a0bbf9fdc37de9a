"""Calls about what has a deadline: offers of the waiting list, and times offered instead of closed ones."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from services.appointments.line.facts import WAITING
from shared.tools import Tools
from tests.appointments.clerk import Clerk
from tests.appointments.desk import deeds, failed, not_reached
from tests.appointments.kit import Client, at, pass_time
from tests.appointments.visitor import buttons, content
from tests.appointments.waiting import assert_line_consistent, book, cancel, entry, join, sell_out

PHONE = {"phone": "0176 04069050"}


@pytest.fixture
def clerk(client: Client, tools: Tools) -> Clerk:
    """A clerk of Mitte and Walsum."""
    return Clerk.sign_in(client, tools, "schalter")


async def offered(clerk: Clerk) -> tuple[dict[str, str], UUID]:
    """Somebody who waits, was offered a time at Walsum, and was not reached: their entry and the notice."""
    start = at(clerk.tools, 9)
    booked = await book(clerk.client, start)
    await sell_out(clerk.tools, start)
    joined = await join(clerk.client, start, person=PHONE)
    await cancel(clerk.client, booked)
    id, _ = clerk.tools.links.read(WAITING, joined["token"])
    return joined, await failed(clerk.tools, id, "seat-offer", version=2)


async def test_who_was_offered_a_time_is_called_first_and_until_the_deadline(clerk: Clerk) -> None:
    number = (await book(clerk.client, at(clerk.tools, 11), person=PHONE))["number"]
    await not_reached(clerk.tools, number)
    joined, _ = await offered(clerk)
    shown = content(await clerk.see("/unreached"))
    assert shown.index("Freier Termin angeboten") < shown.index(number)
    assert all(each in shown for each in ("0176 04069050", "Willi Wartet", "Walsum"))
    mitte = Clerk.sign_in(clerk.client, clerk.tools)
    assert "Willi Wartet" not in content(await mitte.see("/unreached"))
    until = datetime.fromisoformat((await entry(clerk.client, joined))["offer"]["until"])
    pass_time(clerk.tools, until - clerk.tools.clock.now() + timedelta(seconds=1))
    assert "Willi Wartet" not in content(await clerk.see("/unreached"))


async def test_an_older_offer_is_no_reason_to_call_about_the_one_that_arrived(clerk: Clerk) -> None:
    await offered(clerk)
    async with clerk.tools.db.transaction() as conn:
        await conn.execute(text("update waiting_entries set version = 4"))
    assert "Zurzeit ist niemand anzurufen." in content(await clerk.see("/unreached"))


@pytest.mark.parametrize(
    ("said", "status", "deed"), [("take", "booked", "offer-taken"), ("decline", "waiting", "offer-declined")]
)
async def test_what_they_say_on_the_phone_counts_once(clerk: Clerk, said: str, status: str, deed: str) -> None:
    joined, notice = await offered(clerk)
    for _ in range(2):
        assert (await clerk.press(f"/unreached/{notice}/answer", said=said)).status_code == 303
    assert (await entry(clerk.client, joined))["status"] == status
    assert await deeds(clerk.tools) == [("schalter", deed), ("schalter", "called")]
    assert "Zurzeit ist niemand anzurufen." in content(await clerk.see("/unreached"))
    await assert_line_consistent(clerk.tools)


async def test_nobody_answers_for_people_of_other_stations(clerk: Clerk) -> None:
    joined, notice = await offered(clerk)
    mitte = Clerk.sign_in(clerk.client, clerk.tools)
    for path, fields in ((f"/unreached/{notice}/answer", {"said": "take"}), (f"/unreached/{notice}/called", {})):
        assert (await mitte.press(path, **fields)).status_code == 403
    assert (await entry(clerk.client, joined))["status"] == "offered"


async def test_who_waits_and_cannot_be_told_is_called_until_they_leave(clerk: Clerk) -> None:
    start = at(clerk.tools, 9)
    await sell_out(clerk.tools, start)
    joined = await join(clerk.client, start, person=PHONE)
    id, _ = clerk.tools.links.read(WAITING, joined["token"])
    await failed(clerk.tools, id, "waiting")
    assert "Auf der Warteliste" in content(await clerk.see("/unreached"))
    async with clerk.tools.db.transaction() as conn:
        await conn.execute(text("update waiting_entries set status = 'left'"))
    assert "Zurzeit ist niemand anzurufen." in content(await clerk.see("/unreached"))


async def test_another_time_is_taken_on_the_phone_before_its_deadline(clerk: Clerk) -> None:
    number = (await book(clerk.client, at(clerk.tools, 11), person=PHONE))["number"]
    await not_reached(clerk.tools, number, "alternative")
    assert "Zurzeit ist niemand anzurufen." in content(await clerk.see("/unreached")), "it has been taken"
    until = clerk.tools.clock.now() + timedelta(hours=5)
    async with clerk.tools.db.transaction() as conn:
        await conn.execute(text("update appointments set status = 'offered', held_until = :until"), {"until": until})
    assert number in content(await clerk.see("/unreached"))
    assert "Nimmt diese Zeit" in buttons(await clerk.see(f"/appointments/{number}"))
    for _ in range(2):
        assert (await clerk.press(f"/appointments/{number}/take-alternative")).status_code == 303
    tree = await clerk.see(f"/appointments/{number}")
    assert "Erwartet" in content(tree)
    assert "Nimmt diese Zeit" not in buttons(tree)
    assert await deeds(clerk.tools) == [("schalter", "alternative-taken")]


async def test_the_list_of_a_day_shows_who_was_not_reached(clerk: Clerk) -> None:
    start = at(clerk.tools, 11)
    number = (await book(clerk.client, start, person=PHONE))["number"]
    path = f"/day?place=walsum&day={start.date()}"
    assert "Nicht erreicht" not in content(await clerk.see(path))
    notice = await not_reached(clerk.tools, number)
    assert "Nicht erreicht" in content(await clerk.see(path))
    await clerk.press(f"/unreached/{notice}/called")
    assert "Nicht erreicht" not in content(await clerk.see(path))
