"""The pages of the Bürgermobil in every state, as all kinds of readers meet them."""

import pytest
from playwright.async_api import expect

from tests.browser.checks import shows
from tests.browser.conftest import OpenPage
from tests.browser.readers import assert_serves_every_reader
from tests.browser.touring import STATES, WEEKS, TouringSite


@pytest.mark.parametrize("state", STATES)
async def test_every_state_is_accessible_and_fits(open_page: OpenPage, touring: TouringSite, state: str) -> None:
    heading, reach = STATES[state]
    page = await open_page("about:blank", device="phone")
    await reach(touring, page)
    await shows(page, heading)
    await assert_serves_every_reader(page, f"touring-{state}")


@pytest.mark.parametrize("state", WEEKS)
async def test_the_planner_is_accessible_and_fits(open_page: OpenPage, touring: TouringSite, state: str) -> None:
    page = await open_page("about:blank", device="phone")
    await WEEKS[state](touring, page)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Woche vom")
    await assert_serves_every_reader(page, f"touring-{state}")
