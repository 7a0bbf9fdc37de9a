"""The booking pages for browser tests: their site, and the way to every page in every state."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
from fastapi import FastAPI
from playwright.async_api import Page, expect
from sqlalchemy import text

from shared.tools import Tools
from tests.appointments.kit import at, weekend
from tests.appointments.visitor import Visitor

TIMES = "/appointments/book/time?services=reisepass&place="
MANY_SERVICES = "services=reisepass&services=wohnsitz-anmelden"
_SLOTS_USED = 40


class BookingSite:
    """The pages at an address, and a visitor who makes drafts and appointments to look at."""

    def __init__(self, address: str, app: FastAPI, client: httpx.AsyncClient) -> None:
        self.address = address
        self.app = app
        self.tools: Tools = app.state.tools
        self.visitor = Visitor(client)
        self._given = 0
        self._video_given = 0

    def next_start(self) -> datetime:
        """A time that no other test uses."""
        days, slot = divmod(self._given, _SLOTS_USED)
        self._given += 1
        return at(self.tools, 9, days=3 + days) + slot * timedelta(minutes=10)

    def next_video_start(self) -> datetime:
        """A time by video that no other test uses."""
        self._video_given += 1
        return weekend(self.tools) + self._video_given * timedelta(minutes=10)

    def limit_persons(self, limit: int) -> None:
        """Let a person have so many appointments to come."""
        self.app.state.origins = replace(self.app.state.origins, person_limit=limit)

    async def draft(self, filled_in: bool = True) -> str:
        """The path of a new draft."""
        draft = await self.visitor.hold(self.next_start())
        if filled_in:
            await self.visitor.fill_in(draft, interpreter="ro", phone="0152 28817386")
        return draft

    async def appointment(self) -> str:
        """The path of a new appointment."""
        return await self.visitor.book(self.next_start())

    async def take(self, start: datetime, station: str) -> None:
        """Hold all that is free at a time."""
        while (await self.visitor.press_time(start, station=station, place=station)).status_code == 303:
            pass

    async def change(self, statement: str) -> None:
        """Change the database behind the pages; `:now` is the moment it is for them."""
        at_once = statement.replace(":now", f"timestamptz '{self.tools.clock.now()}'")
        async with self.tools.db.transaction() as conn:
            await conn.execute(text(at_once))

    async def open(self, page: Page, path: str) -> None:
        """Open a path of the site."""
        await page.goto(self.address + path)


State = Callable[[BookingSite, Page], Awaitable[None]]


def at_path(path: str) -> State:
    """A state that is just an address."""

    async def go(site: BookingSite, page: Page) -> None:
        await site.open(page, path)

    return go


async def place_missing(site: BookingSite, page: Page) -> None:
    await site.open(page, f"/appointments/book/place?{MANY_SERVICES}")
    await page.get_by_role("button", name="Weiter").click()
    await expect(page.locator("#fehler")).to_be_visible()


async def time_taken(site: BookingSite, page: Page) -> None:
    start = site.next_start()
    await site.open(page, f"{TIMES}homberg&first={start.date()}&day={start.date()}")
    await site.take(start, "homberg")
    await page.get_by_role("button", name=f"{start:%H:%M}").first.click()
    await expect(page.locator(".kern-alert")).to_be_visible()


async def details_empty(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await site.draft(filled_in=False)}/details")


async def details_wrong(site: BookingSite, page: Page) -> None:
    await details_empty(site, page)
    await page.get_by_label("E-Mail-Adresse").fill("eine-sehr-lange-adresse-ohne-klammeraffe.example.org")
    await page.get_by_label("Handynummer").fill("0203 94000")
    await page.get_by_role("button", name="Weiter").click()
    await expect(page.locator("#fehler")).to_be_visible()


async def check(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await site.draft()}/check")


async def details_soon(site: BookingSite, page: Page) -> None:
    draft = await site.draft(filled_in=False)
    await site.change("update appointments set held_until = :now + interval '110 seconds' where status = 'held'")
    await site.open(page, f"{draft}/details")


async def check_over(site: BookingSite, page: Page) -> None:
    draft = await site.draft()
    await site.change("update appointments set held_until = :now - interval '1 minute' where status = 'held'")
    await site.open(page, f"{draft}/check")


async def draft_gone(site: BookingSite, page: Page) -> None:
    draft = await site.draft()
    await site.change("delete from appointments where status = 'held'")
    await site.open(page, f"{draft}/check")


async def booked(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await site.appointment()}?new=1")


async def rescheduling(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await site.appointment()}/reschedule")


async def rescheduling_anywhere(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await site.appointment()}/reschedule?place=any")


async def moving(site: BookingSite, page: Page) -> None:
    await rescheduling_anywhere(site, page)
    await page.locator("button[name=time]").first.click()
    await page.wait_for_url("**/reschedule/check?*")


async def moved(site: BookingSite, page: Page) -> None:
    await moving(site, page)
    await page.get_by_role("button", name="Termin verlegen").click()
    await page.wait_for_url("**/appointments/m/*?moved=1")


async def used_up(site: BookingSite, page: Page) -> None:
    draft = await site.draft()
    site.limit_persons(1)
    await site.visitor.book(site.next_start())
    await site.open(page, f"{draft}/check")
    await page.get_by_role("button", name="Termin verbindlich buchen").click()
    await page.wait_for_url("**/check?kept=*")
    site.limit_persons(100_000)


async def moved_nowhere(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await site.appointment()}?same=1")


async def cancelling(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await site.appointment()}/cancel")


async def cancelled(site: BookingSite, page: Page) -> None:
    manage = await site.appointment()
    await site.visitor.press(f"{manage}/cancel")
    await site.open(page, manage)


async def over(site: BookingSite, page: Page) -> None:
    manage = await site.appointment()
    await site.change("update appointments set ends_at = :now - interval '1 day' where status = 'confirmed'")
    await site.open(page, manage)


STATES: dict[str, tuple[str, State]] = {
    "start": ("Termin buchen", at_path("/appointments/")),
    "stations": ("Adressen und Öffnungszeiten", at_path("/appointments/stations")),
    "services": ("Was möchten Sie erledigen?", at_path("/appointments/book?place=mitte")),
    "services-missing": ("Was möchten Sie erledigen?", at_path("/appointments/book/place")),
    "services-chosen": (
        "Was möchten Sie erledigen?",
        at_path("/appointments/book?services=reisepass&services=kinder-reisepass&services=kinder-reisepass"),
    ),
    "services-not-found": (
        "Was möchten Sie erledigen?",
        at_path("/appointments/book?q=Kirche&services=reisepass"),
    ),
    "services-near": (
        "Was möchten Sie erledigen?",
        at_path("/appointments/book?q=Führerschien&services=reisepass"),
    ),
    "services-too-many": (
        "Was möchten Sie erledigen?",
        at_path(f"/appointments/book/place?{'&'.join(['services=kinder-reisepass'] * 5)}"),
    ),
    "place-lacking": ("Wo passt es Ihnen?", at_path("/appointments/book/place?services=fischereischein")),
    "place-video": ("Wo passt es Ihnen?", at_path("/appointments/book/place?services=meldebescheinigung")),
    "time-video": (
        "Wann passt es Ihnen?",
        at_path("/appointments/book/time?services=meldebescheinigung&place=video"),
    ),
    "place-none": (
        "Wo passt es Ihnen?",
        at_path("/appointments/book/place?services=fischereischein&services=auskunftssperre"),
    ),
    "place": ("Wo passt es Ihnen?", at_path(f"/appointments/book/place?{MANY_SERVICES}")),
    "place-missing": ("Wo passt es Ihnen?", place_missing),
    "time": ("Wann passt es Ihnen?", at_path(f"{TIMES}mitte&{MANY_SERVICES}")),
    "time-anywhere": ("Wann passt es Ihnen?", at_path(f"{TIMES}any")),
    "time-taken": ("Diese Zeit ist nicht mehr frei", time_taken),
    "details": ("Ihre Angaben", details_empty),
    "details-wrong": ("Ihre Angaben", details_wrong),
    "details-soon": ("Ihre Angaben", details_soon),
    "check": ("Prüfen und buchen", check),
    "check-over": ("Prüfen und buchen", check_over),
    "used-up": ("Mehr geht zurzeit nicht", used_up),
    "draft-gone": ("Diese Reservierung gibt es nicht mehr", draft_gone),
    "booked": ("Ihr Termin ist gebucht", booked),
    "rescheduling": ("Auf wann möchten Sie den Termin verlegen?", rescheduling),
    "rescheduling-anywhere": ("Auf wann möchten Sie den Termin verlegen?", rescheduling_anywhere),
    "moving": ("Möchten Sie diesen Termin verlegen?", moving),
    "moved": ("Ihr Termin ist verlegt", moved),
    "moved-nowhere": ("Ihr Termin bleibt, wie er ist", moved_nowhere),
    "cancelling": ("Möchten Sie diesen Termin absagen?", cancelling),
    "cancelled": ("Dieser Termin ist abgesagt", cancelled),
    "over": ("Ihr Termin ist vorbei", over),
    "not-found": ("Diese Seite gibt es nicht", at_path("/appointments/m/unknown")),
}
"""Every booking page in every state: its heading, and how to get there."""
