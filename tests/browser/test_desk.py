"""The pages of the desk in every state, as all kinds of staff meet them; and the way in and out."""

import pytest
from playwright.async_api import Page, expect

from tests.appointments.clerk import PAGES
from tests.browser.checks import screenshot, walk
from tests.browser.desk import DESK_STATES, DeskSite, at_path, day, of_appointment
from tests.browser.kit import OpenPage
from tests.browser.readers import assert_serves_every_reader


@pytest.mark.parametrize("state", DESK_STATES)
async def test_every_state_is_accessible_and_fits(phone: Page, desk: DeskSite, state: str) -> None:
    heading, reach = DESK_STATES[state]
    await reach(desk, phone)
    await expect(phone.get_by_role("heading", level=1, name=heading)).to_be_visible()
    await assert_serves_every_reader(phone, f"desk-{state}")


async def test_in_by_the_issuer_to_the_page_that_was_wanted_and_out_again(open_page: OpenPage, desk: DeskSite) -> None:
    page = await open_page(f"{desk.booking.address}/en{PAGES}/day", script=False)
    await expect(page.get_by_role("heading", name="Anmeldung mit Dienstkonto")).to_be_visible()
    await screenshot(page, "desk-issuer")
    await page.get_by_role("button", name="Tarık Yıldız").click()
    await expect(page.get_by_role("heading", level=1, name="Day list")).to_be_visible()
    assert page.url == f"{desk.booking.address}/en{PAGES}/day"
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/staff/signed-out")
    await expect(page.get_by_role("heading", level=1, name="You are signed out")).to_be_visible()
    await page.goto(f"{desk.booking.address}{PAGES}/day")
    await expect(page.get_by_role("heading", name="Anmeldung mit Dienstkonto")).to_be_visible()


async def test_somebody_without_a_channel_is_booked_and_leaves_with_a_slip(open_page: OpenPage, desk: DeskSite) -> None:
    page = await open_page("about:blank", script=False)
    await desk.open(page, "/book")
    await page.get_by_label("Ort").select_option(label="Bürger-Service-Station Mitte")
    await page.locator("input[value=reisepass]").check()
    await page.get_by_role("button", name="Zeiten zeigen").click()
    await page.locator("button[name=time]").first.click()
    await page.get_by_label("Vor- und Nachname").fill("Erna Alt")
    await page.get_by_role("button", name="Termin buchen").click()
    await expect(page.get_by_text("keine, nur der Zettel")).to_be_visible()
    await page.get_by_role("link", name="Zettel drucken").click()
    await expect(page.get_by_role("heading", level=1, name="Ihr Termin")).to_be_visible()
    await page.emulate_media(media="print")
    for printed in (".nb-ticket__number", ".nb-code img", ".nb-paper"):
        await expect(page.locator(printed)).to_be_visible()
    for left_out in ("header", "footer", ".nb-staff", ".nb-screen"):
        await expect(page.locator(left_out).first).not_to_be_visible()
    assert await page.locator(".nb-code img").evaluate("each => each.naturalWidth") > 0
    await screenshot(page, "desk-slip-paper")


async def test_on_paper_the_list_of_a_day_is_a_table_and_nothing_else(open_page: OpenPage, desk: DeskSite) -> None:
    page = await open_page("about:blank")
    await day(desk, page)
    await page.emulate_media(media="print")
    await expect(page.locator("table")).to_be_visible()
    for left_out in (".nb-filters", ".nb-choices", ".nb-staff", "td.nb-screen"):
        await expect(page.locator(left_out).first).not_to_be_visible()
    await screenshot(page, "desk-day-paper")


@pytest.mark.parametrize(
    ("reach", "controls"),
    [
        (day, ["Übersicht", "Abmelden", "day", "Zeigen", "wanted", "Suchen"]),
        (
            at_path("/hours/window?place=mitte&number=1"),
            [
                "opens",
                "closes",
                "repeat",
                "staff_counters",
                "services",
                "Weiter zur Vorschau",
                "Diese Zeiten streichen",
            ],
        ),
        (of_appointment(""), ["Zur Tagesliste", "Zettel drucken", "Termin verlegen", "Termin absagen"]),
    ],
)
async def test_every_control_shows_the_focus_in_reading_order(
    open_page: OpenPage, desk: DeskSite, reach: object, controls: list[str]
) -> None:
    page = await open_page("about:blank")
    await reach(desk, page)  # type: ignore[operator]
    stops = await walk(page)
    order = [stops.index(name) for name in controls]
    assert order == sorted(order), stops
