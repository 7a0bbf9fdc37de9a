"""Numbers issued at the desk, to show or print, and the poster in the hall."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.appointments.queue.facts import TICKET
from shared.tools import Tools
from shared.web.formats import qr_code
from shared.web.forms import one_time_key
from tests.appointments.clerk import Clerk
from tests.appointments.kit import Client, outbox, pass_time
from tests.appointments.queue.kit import PHONE, SIMPLE, Staff
from tests.appointments.visitor import content, heading, page
from tests.shared.web.html import links

TICKET_PAGE = "/ticket?place=mitte"


@pytest.fixture
def clerk(client: Client, staff: Staff, tools: Tools) -> Clerk:
    """A clerk of Mitte at ten o'clock of a working day."""
    return Clerk.sign_in(client, tools)


async def issue(clerk: Clerk, key: str = "", **fields: Any) -> str:
    """Issue a number: the path of its page."""
    answer = await clerk.press(TICKET_PAGE, key, services=SIMPLE, **fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/appointments/staff")


async def test_a_number_is_issued_once_and_shown_with_its_own_page(clerk: Clerk, staff: Staff) -> None:
    assert "eine Person wartet" not in content(await clerk.see("/ticket"))
    key = one_time_key()
    first, again = [await issue(clerk, key, language="tr", interpreter="ar", phone=PHONE) for _ in range(2)]
    assert first == again
    [waiting] = (await staff.get("stations/mitte/queue"))["line"]
    assert (waiting["number"], waiting["language"], waiting["interpreter"]) == ("A 001", "tr", "ar")
    tree = await clerk.see(first)
    assert "A 001" in content(tree)
    token = clerk.tools.links.token(TICKET, UUID(waiting["id"]), 1)
    assert f"/appointments/ticket/{token}" in content(tree)
    assert "eine Person wartet" in content(await clerk.see(TICKET_PAGE))


async def test_what_was_typed_is_kept_and_what_is_wrong_is_said(clerk: Clerk) -> None:
    tree = page(await clerk.press(TICKET_PAGE, phone="0203 94000", interpreter="ar"), 422)
    assert "Wählen Sie mindestens ein Anliegen." in content(tree)
    assert "An Festnetz können wir keine SMS senden." in content(tree)
    assert [each.get("value") for each in tree.iter("option") if each.get("selected") is not None] == ["de", "ar"]
    assert await outbox(clerk.tools) == []


async def test_without_a_number_left_there_are_free_times_to_book_for_them(clerk: Clerk) -> None:
    async with clerk.tools.db.transaction() as conn:
        await conn.execute(text("update stations set daily_tickets = 1 where key = 'mitte'"))
    await issue(clerk)
    for tree in (
        await clerk.see(f"{TICKET_PAGE}&services={SIMPLE}"),
        page(await clerk.press(TICKET_PAGE, services=SIMPLE), 409),
    ):
        assert heading(tree) == "Heute sind alle Nummern vergeben"
        book = f"/appointments/staff/book/time?services={SIMPLE}&place=mitte"
        assert any(each.startswith(book) and "&day=" in each for each in links(tree))


async def test_a_closed_station_issues_nothing(clerk: Clerk, tools: Tools) -> None:
    pass_time(tools, timedelta(hours=-3))
    assert heading(await clerk.see("/ticket")) == "Hier ist jetzt geschlossen"
    assert page(await clerk.press(TICKET_PAGE, services=SIMPLE), 409) is not None


async def test_the_poster_leads_to_the_numbers_of_its_station(clerk: Clerk) -> None:
    assert "/appointments/staff/poster/mitte" in links(await clerk.see("/counter"))
    tree = await clerk.see("/poster/mitte")
    address = f"{clerk.tools.settings.platform.public_url}/appointments/ticket?place=mitte"
    assert address in content(tree)
    assert all(each in content(tree) for each in ("Nummer ziehen", "Deutsch, English", "Station Mitte"))
    [code] = [each for each in tree.iter("img") if "nb-poster__code" in each.get("class", "")]
    assert code.attrib["src"] == qr_code(address)


async def test_only_ones_own_stations_issue_numbers_and_have_posters(clerk: Clerk, staff: Staff) -> None:
    elsewhere = await staff.issue(station="walsum")
    for path in ("/ticket?place=walsum", f"/ticket/{elsewhere['id']}", "/poster/walsum"):
        await clerk.see(path, 403)
    assert (await clerk.press("/ticket?place=walsum", services=SIMPLE)).status_code == 403
    assert (await clerk.client.post("/appointments/staff" + TICKET_PAGE, data={"services": SIMPLE})).status_code == 403
    await clerk.see("/poster/nowhere", 403)
