"""Booking from end to end in a browser: without script, with the keyboard alone, back and forth, in two languages."""

import asyncio
import re

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import text

from tests.browser.booking import BookingSite, details_empty, details_wrong, moving, time_taken
from tests.browser.checks import shows
from tests.browser.kit import OpenPage

GERMAN = {
    "prefix": "",
    "book": "Termin buchen",
    "service": "Meldebescheinigung",
    "next": "Weiter",
    "place": "Egal, der früheste Termin",
    "days": "Tage mit freien Zeiten",
    "name": "Vor- und Nachname",
    "mail": "E-Mail-Adresse",
    "confirm": "Termin verbindlich buchen",
    "booked": "Ihr Termin ist gebucht",
    "cancel": "Termin absagen",
    "cancelled": "Dieser Termin ist abgesagt",
}
ENGLISH = {
    "prefix": "/en",
    "book": "Book an appointment",
    "service": "Certificate of registration",
    "next": "Continue",
    "place": "Anywhere, the earliest appointment",
    "days": "Days with free times",
    "name": "First and last name",
    "mail": "Email address",
    "confirm": "Book the appointment",
    "booked": "Your appointment is booked",
    "cancel": "Cancel the appointment",
    "cancelled": "This appointment is cancelled",
}
_FOCUSED = """() => {
  const element = document.activeElement;
  return (element.labels?.length ? element.labels[0].innerText : element.innerText).trim();
}"""


async def reach(page: Page, name: str) -> None:
    """Press Tab until the control with this name has the focus."""
    for _ in range(120):
        await page.keyboard.press("Tab")
        if (await page.evaluate(_FOCUSED)).startswith(name):
            return
    pytest.fail(f"the keyboard does not reach {name!r}")


async def press(page: Page, name: str) -> None:
    """Reach a control and press Enter; wait for the next page."""
    await reach(page, name)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


@pytest.mark.parametrize("words", [GERMAN, ENGLISH], ids=["de", "en"])
async def test_booking_and_cancelling_need_no_script(
    open_page: OpenPage, booking: BookingSite, words: dict[str, str]
) -> None:
    page = await open_page(f"{booking.address}{words['prefix']}/appointments/", device="phone", script=False)
    await page.get_by_role("link", name=words["book"]).first.click()
    await page.get_by_role("checkbox", name=words["service"]).check()
    await page.get_by_role("button", name=words["next"]).click()
    await page.get_by_label(words["place"]).check()
    await page.get_by_role("button", name=words["next"]).click()
    await page.get_by_label(words["days"]).get_by_role("link").last.click()
    await page.locator(".nb-time").nth(20).click()
    await page.get_by_label(words["name"]).fill("Anna Muster")
    await page.get_by_label(words["mail"]).fill("anna@example.org")
    await page.get_by_role("button", name=words["next"]).click()
    await page.get_by_role("button", name=words["confirm"]).click()
    await shows(page, words["booked"])
    await page.get_by_role("link", name=words["cancel"]).click()
    await page.get_by_role("button", name=words["cancel"]).click()
    await shows(page, words["cancelled"])


async def test_booking_needs_no_mouse(open_page: OpenPage, booking: BookingSite) -> None:
    page = await open_page(f"{booking.address}/appointments/")
    await press(page, "Termin buchen")
    await reach(page, "Meldebescheinigung")
    await page.keyboard.press("Space")
    await press(page, "Weiter")
    await reach(page, "Egal, der früheste Termin")
    await page.keyboard.press("Space")
    await press(page, "Weiter")
    await press(page, "Spätere Tage")
    await press(page, "15:10")
    await reach(page, "Vor- und Nachname")
    await page.keyboard.type("Anna Muster")
    await reach(page, "E-Mail-Adresse")
    await page.keyboard.type("anna@example.org")
    await press(page, "Weiter")
    await press(page, "Termin verbindlich buchen")
    await shows(page, "Ihr Termin ist gebucht")


@pytest.mark.parametrize("script", [True, False])
async def test_mistakes_take_the_focus_and_lead_to_their_field(
    open_page: OpenPage, booking: BookingSite, script: bool
) -> None:
    page = await open_page("about:blank", script=script)
    await details_empty(booking, page)
    await page.get_by_label("Handynummer").fill("0203 94000")
    await page.get_by_role("button", name="Weiter").click()
    await expect(page.locator("#fehler")).to_be_focused()
    await expect(page).to_have_title(re.compile("^Fehler: "))
    await page.get_by_role("link", name="An Festnetz können wir keine SMS senden.").click()
    await expect(page.get_by_label("Handynummer")).to_be_focused()
    await expect(page.get_by_label("Handynummer")).to_have_value("0203 94000")


async def test_another_language_keeps_the_step_and_what_was_sent(open_page: OpenPage, booking: BookingSite) -> None:
    page = await open_page("about:blank")
    await details_empty(booking, page)
    await page.get_by_label("Vor- und Nachname").fill("Anna Muster")
    await page.get_by_role("button", name="10 Minuten mehr Zeit").click()
    await page.get_by_role("link", name="English").click()
    await shows(page, "Your details")
    await expect(page.get_by_label("First and last name")).to_have_value("Anna Muster")


async def test_the_back_button_shows_what_was_typed(open_page: OpenPage, booking: BookingSite) -> None:
    page = await open_page("about:blank")
    await details_empty(booking, page)
    await page.get_by_label("Vor- und Nachname").fill("Anna Muster")
    await page.get_by_label("E-Mail-Adresse").fill("anna@example.org")
    await page.get_by_role("button", name="Weiter").click()
    await shows(page, "Prüfen und buchen")
    await page.go_back()
    await expect(page.get_by_label("Vor- und Nachname")).to_have_value("Anna Muster")
    await page.go_forward()
    await page.get_by_role("button", name="Termin verbindlich buchen").click()
    await shows(page, "Ihr Termin ist gebucht")
    await page.go_back()
    await shows(page, "Ihr Termin")  # a step that is done leads to the appointment


async def test_back_after_a_corrected_mistake_shows_the_form_as_it_is_now(
    open_page: OpenPage, booking: BookingSite
) -> None:
    page = await open_page("about:blank", script=False)
    await details_wrong(booking, page)
    await page.get_by_label("Vor- und Nachname").fill("Anna Muster")
    await page.get_by_label("E-Mail-Adresse").fill("anna@example.org")
    await page.get_by_label("Handynummer").fill("")
    await page.get_by_role("button", name="Weiter").click()
    await shows(page, "Prüfen und buchen")
    await page.go_back()
    await shows(page, "Ihre Angaben")
    await expect(page.get_by_label("E-Mail-Adresse")).to_have_value("anna@example.org")
    await expect(page.locator("#fehler")).to_have_count(0)


async def test_an_appointment_moves_after_one_question_by_keyboard_alone(
    open_page: OpenPage, booking: BookingSite
) -> None:
    page = await open_page("about:blank", script=False, device="phone")
    await moving(booking, page)
    await page.get_by_role("link", name="Andere Zeit wählen").press("Enter")
    await shows(page, "Auf wann möchten Sie den Termin verlegen?")
    await page.locator("button[name=time]").first.press("Enter")
    await shows(page, "Möchten Sie diesen Termin verlegen?")
    await page.get_by_role("button", name="Termin verlegen").press("Enter")
    await shows(page, "Ihr Termin ist verlegt")


async def test_a_time_taken_meanwhile_is_one_press_from_another(open_page: OpenPage, booking: BookingSite) -> None:
    page = await open_page("about:blank")
    await time_taken(booking, page)
    await expect(page.locator(".nb-times").first.get_by_role("button")).to_have_count(5)
    await page.locator(".nb-times").first.get_by_role("button").first.click()
    await shows(page, "Ihre Angaben")


async def test_a_double_click_books_once(open_page: OpenPage, booking: BookingSite) -> None:
    page = await open_page("about:blank")
    await booking.open(page, f"{await booking.draft()}/check")
    before = await facts(booking)
    await page.get_by_role("button", name="Termin verbindlich buchen").dblclick()
    await expect(page).to_have_url(re.compile("/appointments/m/"))
    await shows(page, "Ihr Termin ist gebucht")
    assert await facts(booking) == before + 1


async def test_two_windows_that_book_at_once_end_on_the_same_page(open_page: OpenPage, booking: BookingSite) -> None:
    draft = await booking.draft()
    windows = [await open_page(f"{booking.address}{draft}/check") for _ in range(2)]
    before = await facts(booking)
    await asyncio.gather(*[page.get_by_role("button", name="Termin verbindlich buchen").click() for page in windows])
    for page in windows:
        await shows(page, "Ihr Termin ist gebucht")
    assert windows[0].url == windows[1].url
    assert await facts(booking) == before + 1


async def facts(booking: BookingSite) -> int:
    """How many facts the service has recorded."""
    async with booking.tools.db.transaction() as conn:
        count: int = (await conn.execute(text("select count(*) from outbox"))).scalar_one()
        return count
