"""The portal, and every component on one page, as all kinds of readers meet them."""

import re
from typing import Literal

import pytest
from playwright.async_api import Page, expect

from shared.web.portal import TEXT_PAGES
from tests.browser.checks import (
    assert_accessible,
    assert_fits,
    assert_icons_visible,
    double_text,
    screenshot,
    shows,
    walk,
)
from tests.browser.kit import OpenPage

READERS = [("phone", "light"), ("desktop", "dark")]
PATHS = ["/", *TEXT_PAGES, "/staff/", "/en/", "/nothing-here"]


async def with_errors(page: Page) -> None:
    """Send the form of the gallery as it is, and wait for the page that says what is wrong."""
    await page.get_by_role("button", name="Weiter").click()
    await expect(page.locator("#fehler")).to_be_visible()


def file_name(path: str) -> str:
    return path.strip("/").replace("/", "-") or "start"


@pytest.mark.parametrize(("device", "scheme"), READERS)
@pytest.mark.parametrize("path", PATHS)
async def test_accessible(
    open_page: OpenPage,
    portal: str,
    path: str,
    device: Literal["phone", "desktop"],
    scheme: Literal["light", "dark"],
) -> None:
    page = await open_page(portal + path, device=device, scheme=scheme)
    await assert_accessible(page)
    await screenshot(page, f"portal-{file_name(path)}-{device}-{scheme}")


@pytest.mark.parametrize("path", PATHS)
async def test_fits_narrow_screens_and_large_letters(open_page: OpenPage, portal: str, path: str) -> None:
    await assert_fits(await open_page(portal + path, device="narrow"))
    page = await open_page(portal + path, device="phone")
    await double_text(page)
    await assert_fits(page)


async def test_keyboard_reaches_everything_in_reading_order(open_page: OpenPage, portal: str) -> None:
    page = await open_page(f"{portal}/")
    assert await walk(page) == [
        "Zum Inhalt springen",
        "Duisburg\nBürgerservice",
        "Deutsch",
        "English",
        "Termin buchen",
        "Sie haben schon einen Termin?",
        "0203 94000",
        "0203 94000",
        "Einfache Sprache",
        "Barrierefreiheit",
        "Barriere melden",
        "Datenschutz",
        "Impressum",
    ]


async def test_the_skip_link_leads_to_the_content(open_page: OpenPage, portal: str) -> None:
    page = await open_page(f"{portal}/")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.innerText") == "Termin buchen"


async def test_works_without_script(open_page: OpenPage, portal: str) -> None:
    page = await open_page(f"{portal}/", script=False)
    await page.get_by_role("link", name="English").click()
    await page.get_by_role("link", name="Accessibility").click()
    await page.get_by_role("link", name="Report a barrier").first.click()
    await shows(page, "Report a barrier")
    assert page.url == f"{portal}/en/barrierefreiheit/melden"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_icons_show_in_forced_colours(open_page: OpenPage, site: str, scheme: Literal["light", "dark"]) -> None:
    page = await open_page(f"{site}/gallery", scheme=scheme, forced_colors=True)
    await assert_icons_visible(page)
    await screenshot(page, f"components-forced-{scheme}")


@pytest.mark.parametrize(("device", "scheme"), READERS)
async def test_components_are_accessible_with_and_without_errors(
    open_page: OpenPage, site: str, device: Literal["phone", "desktop"], scheme: Literal["light", "dark"]
) -> None:
    page = await open_page(f"{site}/gallery", device=device, scheme=scheme)
    await assert_accessible(page)
    await page.get_by_text("Was muss ich mitbringen?").click()
    await screenshot(page, f"components-{device}-{scheme}")
    await with_errors(page)
    await assert_accessible(page)
    await screenshot(page, f"components-errors-{device}-{scheme}")


async def test_components_fit_narrow_screens_and_large_letters(open_page: OpenPage, site: str) -> None:
    for device in ("narrow", "phone"):
        page = await open_page(f"{site}/gallery", device=device)
        if device == "phone":
            await double_text(page)
        await assert_fits(page)
        await with_errors(page)
        await assert_fits(page)


async def test_components_fit_when_the_script_runs_from_the_right(open_page: OpenPage, site: str) -> None:
    page = await open_page(f"{site}/gallery", device="phone")
    await with_errors(page)
    await page.evaluate("document.documentElement.dir = 'rtl'")
    await assert_fits(page)
    await screenshot(page, "components-errors-phone-rtl")


async def test_every_component_shows_where_the_focus_is(open_page: OpenPage, site: str) -> None:
    page = await open_page(f"{site}/gallery")
    stops = await walk(page)
    assert {"name", "email", "language", "Weiter", "Was muss ich mitbringen?"} <= set(stops)


@pytest.mark.parametrize("script", [True, False])
async def test_errors_take_the_focus_and_lead_to_the_field(open_page: OpenPage, site: str, script: bool) -> None:
    page = await open_page(f"{site}/gallery", script=script)
    await page.get_by_label("Postleitzahl").fill("47051")
    await page.get_by_role("button", name="Weiter").click()
    await expect(page.locator("#fehler")).to_be_focused()
    await expect(page).to_have_title(re.compile("^Fehler: "))
    await expect(page.get_by_label("Postleitzahl")).to_have_value("47051")
    await page.get_by_role("link", name="Geben Sie Ihren Namen ein.").click()
    await expect(page.locator("#name")).to_be_focused()


async def test_nothing_is_fetched_from_elsewhere_or_in_vain(open_page: OpenPage, portal: str) -> None:
    page = await open_page("about:blank")
    requests: set[str] = set()
    problems: list[str] = []
    page.on("request", lambda request: requests.add(request.url))
    page.on("console", lambda message: problems.append(message.text))
    await page.goto(f"{portal}/", wait_until="networkidle")
    assert len(requests) <= 7, requests
    assert all(url.startswith(portal) for url in requests)
    assert problems == []
