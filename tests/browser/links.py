"""The pages for lost links in browser tests: the way to each in every state."""

from playwright.async_api import Page

from tests.browser.booking import BookingSite, State, at_path

LINKS = "/appointments/links"


async def wrong(site: BookingSite, page: Page) -> None:
    await site.open(page, LINKS)
    await page.get_by_label("E-Mail-Adresse oder Handynummer").fill("0203 94000")
    await page.get_by_role("button", name="Links zusenden").click()


async def sent(site: BookingSite, page: Page) -> None:
    await site.open(page, LINKS)
    await page.get_by_label("E-Mail-Adresse oder Handynummer").fill("anna@example.org")
    await page.get_by_role("button", name="Links zusenden").click()


STATES: dict[str, tuple[str, State]] = {
    "links": ("Link verloren?", at_path(LINKS)),
    "links-wrong": ("Link verloren?", wrong),
    "links-sent": ("Bitte sehen Sie in Ihrem Postfach nach", sent),
}
"""Every page for lost links in every state: its heading, and how to get there."""
