"""The pages of who plans the tours for browser tests: the way to every page in every state."""

from uuid import uuid4

from playwright.async_api import Locator, Page, expect

from tests.browser.checks import shows
from tests.browser.touring import STAFF, State, TouringSite


async def unplanned(site: TouringSite, page: Page) -> None:
    await site.begin()
    await site.open_as_lead(page, f"/planner?week={site.monday}")


async def planner(site: TouringSite, page: Page) -> None:
    await site.begin()
    stops = await site.publish()
    await site.book(stops[0].id, 12)
    await site.open_as_lead(page, f"/planner?week={site.monday}")
    await _button_of(page, "Marxloh", "Später").click()
    await expect(page.get_by_text("09:15")).to_be_visible()
    await _button_of(page, "Duissern", "Streichen").click()
    await expect(page.get_by_text("Entfällt")).to_be_visible()


async def planner_refused(site: TouringSite, page: Page) -> None:
    await site.begin()
    await site.plan()
    await site.open_as_lead(page, f"/planner?week={site.monday}")
    other = await page.context.new_page()
    await site.open(other, f"{STAFF}/planner?week={site.monday}")
    await _button_of(other, "Baerl", "Streichen").click()
    await expect(other.get_by_role("row").filter(has_text="Baerl")).to_have_count(0)
    await _button_of(page, "Marxloh", "Später").click()
    await expect(page.get_by_text("Nicht geändert")).to_be_visible()


async def planner_stop(site: TouringSite, page: Page) -> None:
    await unplanned(site, page)
    await page.get_by_role("button", name="Aus dem Wochenplan anlegen").click()
    await page.get_by_role("link", name="Halt hinzufügen").click()


async def planner_stop_wrong(site: TouringSite, page: Page) -> None:
    await planner_stop(site, page)
    await shows(page, "Halt hinzufügen")
    await page.get_by_role("button", name="Speichern").click()
    await expect(page.locator("#fehler")).to_be_visible()


async def preview(site: TouringSite, page: Page) -> None:
    await planner(site, page)
    await page.get_by_role("link", name="Vorschau und veröffentlichen").click()


async def preview_wrong(site: TouringSite, page: Page) -> None:
    await preview(site, page)
    await page.get_by_role("button", name="Woche veröffentlichen").click()
    await expect(page.locator("#fehler")).to_be_visible()


async def published(site: TouringSite, page: Page) -> None:
    await preview(site, page)
    await page.get_by_label("Die Tour wurde neu geplant").check()
    await page.get_by_role("button", name="Woche veröffentlichen").click()
    await expect(page.get_by_text("Die Woche ist veröffentlicht")).to_be_visible()


def staff_page(path: str) -> State:
    """A page for staff, with a published week."""

    async def go(site: TouringSite, page: Page) -> None:
        await site.begin()
        await site.publish()
        await site.open_as_lead(page, path)

    return go


def sent_empty(path: str, button: str) -> State:
    """A form for staff as it comes back when it is sent as it is."""

    async def go(site: TouringSite, page: Page) -> None:
        await staff_page(path)(site, page)
        await page.get_by_role("button", name=button).click()
        await expect(page.locator("#fehler")).to_be_visible()

    return go


async def place_changed(site: TouringSite, page: Page) -> None:
    await site.open_as_lead(page, "/fleet/place?key=ruhrort")
    other = await page.context.new_page()
    await site.open(other, f"{STAFF}/fleet/place?key=ruhrort")
    for each in (other, page):
        await each.get_by_label("Wie findet man den Platz?").fill(f"am Hafen {uuid4().hex[:6]}")
        await each.get_by_role("button", name="Speichern").click()
        await expect(each.get_by_label("Wie findet man den Platz?")).to_have_count(0 if each is other else 1)
    await expect(page.get_by_text("Jemand anderes hat das inzwischen geändert")).to_be_visible()


def _button_of(page: Page, place: str, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=place).get_by_role("button", name=name)


STATES: dict[str, tuple[str, State]] = {
    "preview": ("1 geändert, 1 gestrichen", preview),
    "preview-wrong": ("1 geändert, 1 gestrichen", preview_wrong),
    "start": ("Für Beschäftigte", staff_page("/")),
    "weekly": ("Wochenplan", staff_page("/weekly")),
    "weekly-stop-wrong": ("Halt im Wochenplan", sent_empty("/weekly/stop", "Speichern")),
    "planning-help": ("Planungshilfe", staff_page("/planning-help")),
    "planning-help-wrong": ("Planungshilfe", sent_empty("/planning-help", "In den Plan übernehmen")),
    "fleet": ("Fahrzeuge und Plätze", staff_page("/fleet")),
    "place-wrong": ("Platz hinzufügen", sent_empty("/fleet/place", "Speichern")),
    "place-changed": ("Platz ändern", place_changed),
    "vehicle": ("Fahrzeug ändern", staff_page("/fleet/vehicle?key=buergermobil-1")),
    "vehicle-wrong": ("Fahrzeug hinzufügen", sent_empty("/fleet/vehicle", "Speichern")),
    "planner-stop": ("Halt hinzufügen", planner_stop),
    "planner-stop-wrong": ("Halt hinzufügen", planner_stop_wrong),
}
"""Every page of planning in every state: its heading, and how to get there."""
WEEKS: dict[str, State] = {
    "unplanned": unplanned,
    "planner": planner,
    "planner-refused": planner_refused,
    "published": published,
}
"""The states of the planner, whose heading is the week."""
