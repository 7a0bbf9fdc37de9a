"""Every page of subscriptions in every state, and the way through them without script and without a mouse."""

import pytest
from playwright.async_api import Page, expect

from services.notifications.subscribing.facts import CONFIRM
from tests.browser.checks import (
    assert_icons_visible,
    shows,
    walk,
)
from tests.browser.kit import OpenPage
from tests.browser.readers import assert_serves_every_reader
from tests.browser.subscribing import STATES, SubscribingSite, confirm, saved, subscribe_wrong


@pytest.mark.parametrize("state", STATES)
async def test_every_state_is_accessible_and_fits(phone: Page, subscribing: SubscribingSite, state: str) -> None:
    heading, reach = STATES[state]
    await reach(subscribing, phone)
    await shows(phone, heading)
    await assert_serves_every_reader(phone, f"subscribing-{state}")


async def test_icons_show_in_forced_colours(open_page: OpenPage, subscribing: SubscribingSite) -> None:
    for reach, heading in ((subscribe_wrong, "Nachrichten aus Ihrem Stadtteil"), (saved, "Ihre Nachrichten")):
        page = await open_page("about:blank", forced_colors=True)
        await reach(subscribing, page)
        await shows(page, heading)
        await assert_icons_visible(page)


async def test_every_control_shows_the_focus_in_reading_order(
    open_page: OpenPage, subscribing: SubscribingSite
) -> None:
    page = await open_page("about:blank")
    await subscribe_wrong(subscribing, page)
    await expect(page.locator("#fehler")).to_be_visible()
    stops = await walk(page)
    order = ["districts", "quarters", "topics", "how_often", "language", "channel-2", "mail", "phone"]
    places = [stops.index(name) for name in [*order, "Nachrichten abonnieren"]]
    assert places == sorted(places), stops


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("", ("Hamborn", "Bürger-Service-Station", "Sofort", "Per E-Mail", "E-Mail-Adresse", "Nachrichten abonnieren")),
        ("/en", ("Hamborn", "Bürger-Service-Station", "At once", "By e-mail", "E-mail address", "Subscribe")),
    ],
)
async def test_subscribing_and_ending_need_no_script(
    open_page: OpenPage, subscribing: SubscribingSite, prefix: str, words: tuple[str, ...]
) -> None:
    district, topic, often, channel, field, button = words
    page = await open_page(f"{subscribing.address}{prefix}/notifications/subscribe", device="phone", script=False)
    await page.get_by_label(district, exact=True).check()
    await page.get_by_label(topic, exact=True).check()
    await page.get_by_label(often).check()
    await page.get_by_label(channel, exact=True).check()
    await page.get_by_label(field).fill(f"anna{prefix.strip('/')}@example.org")
    await page.get_by_role("button", name=button).click()
    await shows(page, "Please confirm" if prefix else "Bitte bestätigen Sie noch")

    await subscribing.open(page, prefix + subscribing.path(CONFIRM, await subscribing.request()))
    await page.get_by_role("button", name="Confirm" if prefix else "Bestätigen").click()
    await shows(page, "You are subscribed" if prefix else "Ihre Nachrichten sind abonniert")
    end = "Unsubscribe from everything" if prefix else "Alles abbestellen"
    await page.get_by_role("link", name=end).click()
    await page.get_by_role("button", name=end).click()
    await shows(page, "You have unsubscribed from everything" if prefix else "Sie haben alles abbestellt")


async def test_confirming_needs_no_mouse(open_page: OpenPage, subscribing: SubscribingSite) -> None:
    page = await open_page("about:blank")
    await confirm(subscribing, page)
    await page.get_by_role("button", name="Bestätigen").focus()
    await page.keyboard.press("Enter")
    await shows(page, "Ihre Nachrichten sind abonniert")
