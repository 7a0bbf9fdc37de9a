"""Every booking page in every state, as all kinds of readers meet it."""

import pytest
from playwright.async_api import Page

from tests.browser.booking import STATES, BookingSite, State, booked, check, details_wrong
from tests.browser.checks import (
    assert_icons_visible,
    screenshot,
    shows,
    walk,
)
from tests.browser.kit import OpenPage
from tests.browser.links import STATES as LINKS_STATES
from tests.browser.readers import assert_serves_every_reader
from tests.browser.stop_booking import STATES as STOP_STATES
from tests.browser.video import STATES as VIDEO_STATES
from tests.browser.waiting import STATES as WAITING_STATES

ALL_STATES = STATES | VIDEO_STATES | STOP_STATES | WAITING_STATES | LINKS_STATES
_TRANSFERRED = "performance.getEntries().reduce((sum, each) => sum + (each.encodedBodySize || 0), 0)"


@pytest.mark.parametrize("state", ALL_STATES)
async def test_every_state_is_accessible_and_fits(phone: Page, booking: BookingSite, state: str) -> None:
    heading, reach = ALL_STATES[state]
    await reach(booking, phone)
    await shows(phone, heading)
    await assert_serves_every_reader(phone, f"booking-{state}")


@pytest.mark.parametrize("reach", [details_wrong, check, booked])
async def test_icons_show_in_forced_colours(open_page: OpenPage, booking: BookingSite, reach: State) -> None:
    page = await open_page("about:blank", forced_colors=True)
    await reach(booking, page)
    await assert_icons_visible(page)
    await screenshot(page, f"booking-{reach.__name__}-forced")


@pytest.mark.parametrize(
    ("reach", "controls"),
    [
        (details_wrong, ["name", "mail", "phone", "language", "interpreter", "Weiter", "10 Minuten mehr Zeit"]),
        (check, ["Andere Zeit wählen", "Ändern", "Mehr zum Datenschutz", "Termin verbindlich buchen"]),
        (booked, ["In meinen Kalender", "Termin absagen", "Impressum"]),
    ],
)
async def test_every_control_shows_the_focus_in_reading_order(
    open_page: OpenPage, booking: BookingSite, reach: State, controls: list[str]
) -> None:
    page = await open_page("about:blank")
    await reach(booking, page)
    stops = await walk(page)
    order = [stops.index(name) for name in controls]
    assert order == sorted(order), stops


async def test_on_paper_the_confirmation_says_where_to_come_and_its_address(
    open_page: OpenPage, booking: BookingSite
) -> None:
    page = await open_page("about:blank")
    await booked(booking, page)
    assert not await page.locator(".nb-paper").is_visible()
    await page.emulate_media(media="print")
    for printed in (".nb-ticket__number", ".nb-ticket__when", ".nb-paper"):
        assert await page.locator(printed).is_visible()
    for left_out in ("header", "footer", ".nb-buttons"):
        assert not await page.locator(left_out).first.is_visible()
    assert await page.locator(".nb-paper").inner_text() in page.url
    await screenshot(page, "booking-booked-paper")


@pytest.mark.parametrize("path", ["", "book", "book/time?services=reisepass&place=any"])
async def test_a_first_visit_is_small(open_page: OpenPage, booking: BookingSite, path: str) -> None:
    page = await open_page("about:blank")
    requests: set[str] = set()
    complaints: list[str] = []
    page.on("request", lambda request: requests.add(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    await page.goto(f"{booking.address}/appointments/{path}", wait_until="networkidle")
    assert len(requests) <= 7, requests
    assert all(url.startswith(booking.address) for url in requests)
    assert complaints == []
    assert await page.evaluate(_TRANSFERRED) <= 100_000
