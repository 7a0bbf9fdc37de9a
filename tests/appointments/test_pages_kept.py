"""A page that answers a post is kept for a while: the browser comes back to it, and nobody else does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest_asyncio
from sqlalchemy import text

from shared.act import acting
from shared.due import Claim
from shared.housekeeping import KIND, Housekeeping
from shared.http import LARGEST_QUERY
from shared.tools import Tools
from shared.web.forms import one_time_key
from tests.appointments.clerk import PAGES, Clerk
from tests.appointments.kit import API, Client, at, booking
from tests.appointments.visitor import TYPED, Visitor, content, page, values

ADDRESS = "anna geheim"
LINKS = "/appointments/links"


@pytest_asyncio.fixture
async def browser(app: Any) -> AsyncIterator[Client]:
    """A client that follows nothing by itself."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def ask_wrongly(browser: Client, query: str = "") -> str:
    """Send a form with a mistake: the address the browser is sent to."""
    answer = await browser.post(f"{LINKS}{query}", data={"address": ADDRESS, "einmal": one_time_key()})
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_a_mistake_is_shown_at_an_address_of_its_own(browser: Client) -> None:
    address = await ask_wrongly(browser, "?q=%C3%A4&q=2")
    parts = urlsplit(address)
    assert parts.path == LINKS
    assert parse_qs(parts.query)["q"] == ["ä", "2"]
    assert "geheim" not in address
    for _ in "ab":
        shown = await browser.get(address)
        assert values(page(shown, 422))["address"] == ADDRESS
        assert shown.headers["cache-control"] == "no-store"
        assert "script-src" not in shown.headers["content-security-policy"]
    again = await browser.post(address, data={"address": ADDRESS, "einmal": one_time_key()})
    assert again.headers["location"].count("kept=") == 1, "a second mistake has a page of its own"
    assert again.headers["location"] != address


async def test_a_page_whose_own_address_would_be_too_long_is_the_answer_itself(browser: Client) -> None:
    form = {"address": ADDRESS, "einmal": one_time_key()}
    answer = await browser.post(f"{LINKS}?q={'x' * (LARGEST_QUERY - 10)}", data=form)
    assert values(page(answer, 422))["address"] == ADDRESS


async def test_what_is_kept_cannot_be_read_in_the_database(browser: Client, tools: Tools) -> None:
    token = parse_qs(urlsplit(await ask_wrongly(browser)).query)["kept"][0]
    async with tools.db.transaction() as conn:
        [row] = (await conn.execute(text("select name, box from kept_pages"))).all()
    assert token not in row.name
    assert ADDRESS.encode() not in row.box


async def test_a_kept_page_is_shown_at_its_address_and_to_its_session_alone(
    browser: Client, client: Client, tools: Tools
) -> None:
    clerk, other = Clerk.sign_in(client, tools), Clerk.sign_in(client, tools)
    number = (await client.post(f"{API}/appointments", json=booking(at(tools, 10)))).json()["number"]
    path = f"{PAGES}/appointments/{number}/cancel"
    cookie = {"Cookie": f"nahbar-staff-session={clerk.cookie}"}
    form = {"einmal": one_time_key(), "sitzung": clerk.session.form_token}
    address = (await browser.post(path, data=form, headers=cookie)).headers["location"]
    assert "Wählen Sie einen Grund." in content(page(await browser.get(address, headers=cookie), 422))
    assert (await browser.get(address)).status_code == 303, "who is not signed in signs in first"
    strange = {"Cookie": f"nahbar-staff-session={other.cookie}"}
    assert "Wählen Sie einen Grund." not in content(page(await browser.get(address, headers=strange)))
    elsewhere = address.replace("/cancel", "/missed")
    assert "Wählen Sie einen Grund." not in content(page(await browser.get(elsewhere, headers=cookie)))
    page(await browser.get(f"{LINKS}?kept=%00"))
    page(await browser.get(f"{LINKS}?kept=unknown"))


async def test_a_kept_page_is_forgotten_after_a_working_day(browser: Client, tools: Tools) -> None:
    address = await ask_wrongly(browser)
    for age, status in ((timedelta(hours=7, minutes=59), 422), (timedelta(hours=8), 200)):
        async with tools.db.transaction() as conn:
            await conn.execute(text("update kept_pages set kept_at = now() - cast(:age as interval)"), {"age": age})
        page(await browser.get(address), status)
    async with acting(tools) as act:
        await act.conn.execute(
            text("delete from due_work where kind = :kind"), {"kind": KIND}
        )  # no other round meanwhile
        await Housekeeping()(act, Claim(KIND, "", 1, uuid4()))
        assert (await act.conn.execute(text("select count(*) from kept_pages"))).scalar_one() == 0


async def test_the_mistakes_of_a_draft_are_gone_once_they_are_corrected(browser: Client, tools: Tools) -> None:
    visitor = Visitor(browser)
    draft = await visitor.hold(at(tools, 10))
    wrong = (await visitor.fill_in(draft, mail="anna@")).headers["location"]
    assert wrong == f"{draft}/details?checked=1"
    assert values(page(await browser.get(wrong), 422))["mail"] == "anna@"
    assert "Enter an email address" in content(page(await browser.get(f"/en{wrong}"), 422)), "in each language"
    assert (await visitor.fill_in(draft)).headers["location"] == f"{draft}/check"
    assert values(page(await browser.get(wrong)))["mail"] == TYPED["mail"], "back shows what was corrected"


async def test_the_mistakes_of_a_draft_at_the_desk_are_gone_too(browser: Client, tools: Tools) -> None:
    clerk = Clerk.sign_in(browser, tools)
    start = at(tools, 10).isoformat()
    held = await clerk.press("/book/time?services=meldebescheinigung&place=mitte", time=f"mitte {start}")
    draft = held.headers["location"].removeprefix(PAGES)
    wrong = await clerk.press(draft, name="", mail="", phone="")
    assert wrong.headers["location"] == f"{PAGES}{draft}?checked=1"
    assert "Geben Sie den Namen ein." in content(await clerk.see(f"{draft}?checked=1", 422))
    assert "Bitte prüfen Sie" not in content(await clerk.see(draft))


async def test_what_just_went_wrong_is_not_kept(browser: Client, tools: Tools) -> None:
    answer = await browser.post("/appointments/m/unknown/cancel", data={"einmal": one_time_key()})
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "private, no-cache", "the browser may show it again, for it says nothing"
    assert "no-store" in (await browser.get("/appointments/m/unknown")).headers["cache-control"]
    async with tools.db.transaction() as conn:
        assert (await conn.execute(text("select count(*) from kept_pages"))).scalar_one() == 0
