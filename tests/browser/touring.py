"""The pages of the Bürgermobil for browser tests: their site, and the way to every page in every state."""

from collections.abc import Awaitable, Callable

from playwright.async_api import Page, expect

from shared.tools import Tools
from shared.web.staff.session import SESSION
from tests.browser.checks import shows
from tests.mobile_office.touring import LEAD, Touring

STAFF = "/mobile_office/staff"


class TouringSite(Touring):
    """The pages at an address."""

    def __init__(self, address: str, tools: Tools) -> None:
        super().__init__(tools)
        self.address = address

    async def open(self, page: Page, path: str) -> None:
        """Open a path of the site."""
        await page.goto(self.address + path)

    async def sign_in(self, page: Page) -> None:
        """Give a browser the session of somebody who leads the tours."""
        value = self.tools.sessions.seal(SESSION, LEAD)
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
}
"""Every page for citizens, and for who is on board, in every state: its heading, and how to get there."""
