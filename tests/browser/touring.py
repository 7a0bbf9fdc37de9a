"""The pages of the Bürgermobil for browser tests: their site, and the way to every page in every state."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

from playwright.async_api import Locator, Page, expect

from shared.service import Service
from shared.web.staff.session import SESSION
from tests.browser.checks import shows
from tests.mobile_office.touring import LEAD, Touring

STAFF = "/mobile_office/staff"


class TouringSite(Touring):
    """The pages at an address."""

    def __init__(self, address: str, service: Service) -> None:
        super().__init__(service)
        self.address = address

    async def open(self, page: Page, path: str) -> None:
        """Open a path of the site."""
        await page.goto(self.address + path)

    async def sign_in(self, page: Page) -> None:
        """Give a browser the session of somebody who leads the tours."""
        value = self.service.sessions.seal(SESSION, LEAD)
        cookie = {"name": "nahbar-staff-session", "value": value, "url": f"{self.address}{STAFF}"}
        await page.context.add_cookies([cookie])  # type: ignore[list-item]

    async def open_as_lead(self, page: Page, path: str) -> None:
        """Open a page for staff."""
        await self.sign_in(page)
        await self.open(page, STAFF + path)


State = Callable[[TouringSite, Page], Awaitable[None]]


def plan(path: str) -> State:
    """The tour plan of a published week."""

    async def go(site: TouringSite, page: Page) -> None:
        await site.begin()
        await site.publish()
        await site.open(page, path)

    return go


async def plan_on_the_way(site: TouringSite, page: Page) -> None:
    await delayed(site, page)
    stops = await site.stops()
    await site.open(page, f"{STAFF}/stops/{stops[1].id}/cancel")
    await page.get_by_label("Jemand vom Team ist krank").check()
    await page.get_by_role("button", name="Halt absagen").click()
    await expect(page.get_by_text("Der Halt ist abgesagt")).to_be_visible()
    await site.open(page, "/mobile_office/?district=200")


async def nothing_planned(site: TouringSite, page: Page) -> None:
    await site.begin()
    await site.open(page, "/mobile_office/?district=100")


async def stop(site: TouringSite, page: Page) -> None:
    await site.begin()
    await site.open(page, f"/mobile_office/stops/{(await site.publish())[0].id}")


async def stop_late(site: TouringSite, page: Page) -> None:
    await delayed(site, page)
    await site.open(page, f"/mobile_office/stops/{(await site.stops())[0].id}")


async def stop_cancelled(site: TouringSite, page: Page) -> None:
    await plan_on_the_way(site, page)
    await site.open(page, f"/mobile_office/stops/{(await site.stops())[1].id}")


async def stop_over(site: TouringSite, page: Page) -> None:
    await stop(site, page)
    site.at(18, day=2)
    await page.reload()


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


async def today(site: TouringSite, page: Page) -> None:
    await site.begin()
    stops = await site.publish()
    await site.book(stops[0].id, 12)
    await site.open_as_lead(page, "/today")


async def delay(site: TouringSite, page: Page) -> None:
    await today(site, page)
    await page.get_by_role("link", name="Verspätung").first.click()


async def delay_wrong(site: TouringSite, page: Page) -> None:
    await delay(site, page)
    await page.get_by_role("button", name="Weiter").click()
    await expect(page.locator("#fehler")).to_be_visible()


async def delay_preview(site: TouringSite, page: Page) -> None:
    await delay(site, page)
    await page.get_by_label("Minuten später").fill("120")
    await page.get_by_label("Der Verkehr hält das Fahrzeug auf").check()
    await page.get_by_role("button", name="Weiter").click()


async def delayed(site: TouringSite, page: Page) -> None:
    await delay_preview(site, page)
    await page.get_by_role("button", name="Melden", exact=True).click()
    await expect(page.get_by_text("Die neue Zeit ist gemeldet")).to_be_visible()


async def cancel(site: TouringSite, page: Page) -> None:
    await today(site, page)
    await page.get_by_role("link", name="Absagen").first.click()


async def cancel_over(site: TouringSite, page: Page) -> None:
    await cancel(site, page)
    await shows(page, "Diesen Halt absagen?")
    site.at(13)
    await page.reload()


async def breakdown(site: TouringSite, page: Page) -> None:
    await today(site, page)
    await page.get_by_role("link", name="Panne melden").click()


async def breakdown_wrong(site: TouringSite, page: Page) -> None:
    await breakdown(site, page)
    await page.get_by_role("button", name="Betroffene Halte zeigen").click()
    await expect(page.locator("#fehler")).to_be_visible()


async def breakdown_stops(site: TouringSite, page: Page) -> None:
    await breakdown(site, page)
    await page.get_by_label("Bürgermobil 1").check()
    await page.get_by_role("button", name="Betroffene Halte zeigen").click()


async def breakdown_preview(site: TouringSite, page: Page) -> None:
    await breakdown_stops(site, page)
    await page.get_by_label("Marxloh").select_option(label="120 Minuten später")
    await page.get_by_label("Neumühl").select_option(label="Nicht betroffen, bleibt wie veröffentlicht")
    await page.get_by_label("Baerl").select_option(label="Fällt aus")
    await page.get_by_role("button", name="Vorschau zeigen").click()


async def broken_down(site: TouringSite, page: Page) -> None:
    await breakdown_preview(site, page)
    await page.get_by_role("button", name="Alles melden").click()
    await expect(page.get_by_text("Die Panne ist gemeldet")).to_be_visible()


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
    "plan": ("Bürgermobil", plan("/mobile_office/")),
    "plan-elsewhere": ("Bürgermobil: Walsum", plan("/mobile_office/?district=100")),
    "plan-on-the-way": ("Bürgermobil: Hamborn", plan_on_the_way),
    "plan-nothing": ("Bürgermobil: Walsum", nothing_planned),
    "stop": ("Bürgermobil in Marxloh", stop),
    "stop-late": ("Bürgermobil in Marxloh", stop_late),
    "stop-cancelled": ("Bürgermobil in Neumühl", stop_cancelled),
    "stop-over": ("Bürgermobil in Marxloh", stop_over),
    "delay": ("Wie viel später kommt das Bürgermobil?", delay),
    "delay-wrong": ("Wie viel später kommt das Bürgermobil?", delay_wrong),
    "delay-preview": ("120 Minuten später", delay_preview),
    "delayed": ("Tour heute", delayed),
    "cancel": ("Diesen Halt absagen?", cancel),
    "cancel-over": ("Dieser Halt ist vorbei oder abgesagt", cancel_over),
    "breakdown": ("Panne melden", breakdown),
    "breakdown-wrong": ("Panne melden", breakdown_wrong),
    "breakdown-stops": ("Was wird aus den Halten?", breakdown_stops),
    "breakdown-preview": ("Die Panne betrifft 3 Halte", breakdown_preview),
    "broken-down": ("Tour heute", broken_down),
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
"""Every page of the Bürgermobil in every state: its heading, and how to get there."""
WEEKS: dict[str, State] = {
    "unplanned": unplanned,
    "planner": planner,
    "planner-refused": planner_refused,
    "published": published,
}
"""The states of the planner, whose heading is the week."""
