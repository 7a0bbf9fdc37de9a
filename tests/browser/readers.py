"""One page as all kinds of readers meet it: phone and desktop, light and dark, narrow, from right to left, large."""

from playwright.async_api import Page

from tests.browser.checks import assert_accessible, assert_can_be_come_back_to, assert_fits, double_text, screenshot
from tests.browser.kit import DEVICES

HEIGHT = 820


async def assert_serves_every_reader(page: Page, name: str, at_a_shared_screen: bool = False) -> None:
    """The page is accessible and fits all readers, and can be come back to; pictures are kept under a name.

    At a screen that people share, nobody may come back to what the one before them did.
    """
    await assert_accessible(page)
    await screenshot(page, f"{name}-phone-light")
    await resize(page, "desktop")
    await page.emulate_media(color_scheme="dark")
    await assert_accessible(page)
    await screenshot(page, f"{name}-desktop-dark")
    await resize(page, "narrow")
    await assert_fits(page)
    await resize(page, "phone")
    await page.evaluate("document.documentElement.dir = 'rtl'")
    await assert_fits(page)
    await page.evaluate("document.documentElement.dir = 'ltr'")
    await double_text(page)
    await assert_fits(page)
    if not at_a_shared_screen:
        await assert_can_be_come_back_to(page)


async def resize(page: Page, device: str) -> None:
    await page.set_viewport_size({"width": DEVICES[device], "height": HEIGHT})
