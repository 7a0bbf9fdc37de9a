"""The pages of closures in every state, as all kinds of readers meet them."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.checks import shows, walk
from tests.browser.closing import STATES, ClosingSite, offered, preview
from tests.browser.kit import OpenPage
from tests.browser.readers import assert_serves_every_reader


@pytest.mark.parametrize("state", STATES)
async def test_every_state_is_accessible_and_fits(phone: Page, closing: ClosingSite, state: str) -> None:
    heading, reach = STATES[state]
    await reach(closing, phone)
    await shows(phone, heading)
    await assert_serves_every_reader(phone, f"closing-{state}")


async def test_from_the_form_to_the_answer_without_script(open_page: OpenPage, closing: ClosingSite) -> None:
    start = await closing.begin()
    manage = await closing.visitor.book(start)
    page = await open_page("about:blank", script=False)
    await closing.sign_in(page)
    await closing.open(page, "/appointments/staff/closures")
    await page.get_by_label("Was wird geschlossen?").select_option("mitte")
    await page.get_by_label("Erster Tag").fill(str(start.date()))
    await page.get_by_label("Grund").fill("Wasserschaden")
    await page.get_by_role("button", name="Betroffene Termine zeigen").click()
    await shows(page, "Die Schließung trifft einen Termin")
    await page.get_by_role("button", name="Schließung bestätigen").click()
    await shows(page, "Geschlossen")
    await closing.open(page, manage)
    await expect(page.get_by_text("Wasserschaden")).to_be_visible()
    await page.get_by_role("button", name="Diese Zeit nehmen").click()
    await shows(page, "Ihr Termin ist verlegt")


async def test_every_control_shows_the_focus_in_reading_order(open_page: OpenPage, closing: ClosingSite) -> None:
    page = await open_page("about:blank")
    await offered(closing, page)
    stops = await walk(page)
    order = [stops.index(name) for name in ("Diese Zeit nehmen", "Andere Zeit wählen", "Termin absagen")]
    assert order == sorted(order), stops
    await preview(closing, page)
    stops = await walk(page)
    order = [stops.index(name) for name in ("for_all", "Schließung bestätigen", "Nicht schließen")]
    assert order == sorted(order), stops
