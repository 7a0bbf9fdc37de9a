"""The pages of the Bürgermobil in every state, as all kinds of readers meet them."""

import pytest
from playwright.async_api import Page, expect

from tests.browser import planning
from tests.browser import touring as pages
from tests.browser.checks import shows, walk
from tests.browser.kit import OpenPage
from tests.browser.readers import assert_serves_every_reader
from tests.browser.touring import TouringSite

STATES = pages.STATES | planning.STATES


@pytest.mark.parametrize("state", STATES)
async def test_every_state_is_accessible_and_fits(phone: Page, touring: TouringSite, state: str) -> None:
    heading, reach = STATES[state]
    await reach(touring, phone)
    await shows(phone, heading)
    await assert_serves_every_reader(phone, f"touring-{state}")


@pytest.mark.parametrize("state", planning.WEEKS)
async def test_the_planner_is_accessible_and_fits(phone: Page, touring: TouringSite, state: str) -> None:
    await planning.WEEKS[state](touring, phone)
    await expect(phone.get_by_role("heading", level=1)).to_contain_text("Woche vom")
    await assert_serves_every_reader(phone, f"touring-{state}")


async def test_from_an_empty_week_to_the_stop_people_find_without_script(
    open_page: OpenPage, touring: TouringSite
) -> None:
    page = await open_page("about:blank", script=False)
    await planning.planner_stop(touring, page)
    await page.get_by_label("Platz").select_option("ruhrort")
    await page.get_by_label("Tag", exact=True).select_option(index=5)
    await page.get_by_label("Bürgermobil 2 (Ersatz)").check()
    await page.get_by_label("Offene Schalter").fill("1")
    await page.get_by_role("button", name="Speichern").click()
    await page.get_by_role("link", name="Vorschau und veröffentlichen").click()
    await page.get_by_role("button", name="Woche veröffentlichen").click()
    await expect(page.get_by_text("Die Woche ist veröffentlicht")).to_be_visible()
    await touring.open(page, "/en/mobile_office/")
    await page.get_by_label("Quarter").select_option("Ruhrort")
    await page.get_by_role("button", name="Show").click()
    await page.get_by_role("link", name="9:00 to 12:00, Ruhrort").click()
    await shows(page, "Bürgermobil in Ruhrort")
    await expect(page.get_by_text("Takes place as planned")).to_be_visible()


async def test_facts_stand_in_one_column_and_a_places_name_above_all_else(
    open_page: OpenPage, touring: TouringSite
) -> None:
    page = await open_page("about:blank", device="phone")
    await pages.stop_late(touring, page)
    begins = "all => all.map(each => Math.round(each.getBoundingClientRect().left))"
    assert len(set(await page.locator(".nb-facts dd").evaluate_all(begins))) == 1
    assert len(set(await page.locator(".nb-facts dt").evaluate_all(begins))) == 1
    await touring.open_as_lead(page, "/fleet")
    assert len(set(await page.locator("tbody :is(th, .nb-whole, .nb-whole + td)").evaluate_all(begins))) == 1


async def test_every_control_shows_the_focus_in_reading_order(open_page: OpenPage, touring: TouringSite) -> None:
    page = await open_page("about:blank")
    await planning.planner(touring, page)
    stops = await walk(page)
    order = [stops.index(name) for name in ("Vorschau und veröffentlichen", "Halt hinzufügen", "Früher", "Streichen")]
    assert order == sorted(order), stops
    await touring.open(page, "/mobile_office/?district=200")
    stops = await walk(page)
    order = [stops.index(name) for name in ("district", "quarter", "service", "Zeigen", "Termin buchen")]
    assert order == sorted(order), stops
