"""The pages of the queue in every state, as all kinds of readers meet them."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.checks import walk
from tests.browser.kit import OpenPage
from tests.browser.queue import COUNTER, STATES, TAKE, QueueSite, counter_called, counter_free, nobody_can_say
from tests.browser.readers import assert_serves_every_reader

AT_A_SHARED_SCREEN = {"arriving-wrong", "arrived"}


@pytest.mark.parametrize("state", STATES)
async def test_every_state_is_accessible_and_fits(phone: Page, queue: QueueSite, state: str) -> None:
    heading, reach = STATES[state]
    await reach(queue, phone)
    await expect(phone.get_by_role("heading", level=1)).to_have_text(heading)
    await assert_serves_every_reader(phone, f"queue-{state}", state in AT_A_SHARED_SCREEN)


@pytest.mark.parametrize(("prefix", "service", "take", "mine"), [
    ("", "Meldebescheinigung", "Nummer ziehen", "Ihre Nummer"),
    ("/en", "Certificate of registration", "Take a number", "Your number"),
])  # fmt: skip
async def test_taking_a_number_needs_no_script(
    open_page: OpenPage, queue: QueueSite, prefix: str, service: str, take: str, mine: str
) -> None:
    await queue.begin()
    page = await open_page(f"{queue.address}{prefix}{TAKE}", device="phone", script=False)
    await page.get_by_role("checkbox", name=service).check()
    await page.get_by_role("button", name=take).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(mine)
    await queue.call(4)
    await page.get_by_role("link", name="Update" if prefix else "Aktualisieren").click()
    await expect(page.get_by_role("status")).to_contain_text("4")


async def test_the_script_renews_the_line_and_nothing_else(open_page: OpenPage, queue: QueueSite) -> None:
    page = await open_page("about:blank", device="phone")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    await page.clock.install()
    await nobody_can_say(queue, page)
    await expect(page.get_by_role("status")).to_contain_text("Vor Ihnen ist noch eine Person.")
    await queue.call(2)
    await queue.call(5)
    await page.clock.fast_forward(15_000)
    await expect(page.get_by_role("status")).to_have_text("Sie sind dran. Kommen Sie bitte zu Schalter 5.")
    assert complaints == []


async def test_giving_a_number_back_asks_once(open_page: OpenPage, queue: QueueSite) -> None:
    page = await open_page("about:blank", script=False)
    await nobody_can_say(queue, page)
    await page.get_by_role("link", name="Ich kann nicht warten").click()
    await page.get_by_role("button", name="Nummer zurückgeben").click()
    await expect(page.get_by_role("status")).to_have_text("Sie haben die Nummer zurückgegeben.")


async def test_the_main_button_of_the_counter_stays_where_it_is(open_page: OpenPage, queue: QueueSite) -> None:
    page = await open_page("about:blank")
    await counter_free(queue, page)
    places = []
    for name in ("Nächste Nummer aufrufen", "Ist da", "Fertig", "Nächste Nummer aufrufen"):
        button = page.get_by_role("button", name=name)
        await expect(button).to_be_visible()
        box = await button.bounding_box()
        assert box
        places.append((box["x"], box["y"]))
        await button.click()
    assert len(set(places)) == 1


async def test_the_counter_needs_no_mouse(open_page: OpenPage, queue: QueueSite) -> None:
    page = await open_page("about:blank")
    await counter_called(queue, page)
    stops = await walk(page)
    first = ["Ist da", "Noch einmal aufrufen (1)", "Nicht gekommen", "minutes", "Später aufrufen"]
    wanted = [*first, "to_counter", "to_service", "Übergeben"]
    assert [each for each in stops if each in wanted] == wanted


async def test_who_is_not_signed_in_is_sent_to_sign_in(queue: QueueSite) -> None:
    answer = await queue.visitor.client.get(COUNTER)
    assert re.match(r"/appointments/staff/sign-in\?to=", answer.headers["location"])
