"""Every page about messages in every state, as all kinds of readers meet it."""

import pytest
from playwright.async_api import Page

from tests.browser.checks import shows, walk
from tests.browser.kit import OpenPage
from tests.browser.messages import STATES, MessagesSite, at_path, story
from tests.browser.readers import assert_serves_every_reader


@pytest.mark.parametrize("state", STATES)
async def test_every_state_is_accessible_and_fits(phone: Page, messages: MessagesSite, state: str) -> None:
    heading, reach = STATES[state]
    await reach(messages, phone)
    await shows(phone, heading)
    await assert_serves_every_reader(phone, f"messages-{state}")


async def test_every_control_shows_the_focus_in_reading_order(open_page: OpenPage, messages: MessagesSite) -> None:
    page = await open_page("about:blank")
    await story(messages, page)
    stops = await walk(page)
    controls = ["Nicht zugestellt", "Abmelden", "matter", "Verlauf zeigen", "reason", "Kontakt zeigen", "Impressum"]
    order = [stops.index(name) for name in controls]
    assert order == sorted(order), stops


async def test_a_text_opens_without_script_and_reads_from_its_own_side(
    open_page: OpenPage, messages: MessagesSite
) -> None:
    page = await open_page("about:blank", script=False)
    await at_path("/templates/reminder")(messages, page)
    await page.locator("summary").last.click()
    mail = page.locator(".nb-letter").last
    assert await mail.is_visible()
    assert (await mail.get_attribute("dir"), await mail.get_attribute("lang")) == ("rtl", "ar")
