"""The pages of closures for browser tests: their site, and the way to every page in every state."""

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from playwright.async_api import Page, expect

from services.appointments.closing import usecases
from services.appointments.closing.domain import Closure
from services.appointments.closing.pages import PAGE
from services.appointments.closing.usecases import Confirmation
from shared.act import Act
from shared.web.staff.session import SESSION, Session
from tests.appointments.closing import book
from tests.appointments.kit import at
from tests.appointments.stops import a_stop
from tests.browser.booking import BookingSite, State

REASON = "Nach dem Sturm ist das Dach undicht"
LEAD = Session(
    subject="leitung",
    name="Ruth Brinkmann",
    roles=frozenset({"appointments:staff", "appointments:lead"}),
    stations=frozenset({"*"}),
)


class ClosingSite(BookingSite):
    """The pages at an address; every state begins with nothing booked and nothing closed."""

    async def begin(self) -> datetime:
        """Nobody has an appointment, nothing is closed: nine o'clock on a day to come."""
        await self.change("truncate seats, appointments, closures cascade")
        return at(self.tools, 9)

    async def sign_in(self, page: Page) -> None:
        """Give a browser the session of somebody who leads all stations."""
        value = self.tools.sessions.seal(SESSION, LEAD)
        cookie = {"name": "nahbar-staff-session", "value": value, "url": f"{self.address}/appointments/staff"}
        await page.context.add_cookies([cookie])  # type: ignore[list-item]

    async def close(self, day: date, **changes: Any) -> Closure:
        """Close Mitte on a day, as proposed."""
        wanted = Closure(uuid4(), 1, "mitte", day, day, REASON, **changes)
        now = self.tools.clock.now()
        async with self.tools.db.transaction() as conn:
            preview = await usecases.preview(Act(conn, self.tools, now, who=LEAD), wanted)
            confirmed = Confirmation(preview.version)
            return await usecases.close(Act(conn, self.tools, now, who=LEAD), wanted, confirmed)


def preview_of(day: date, **changes: str) -> str:
    typed = {"where": "mitte", "first_day": str(day), "reason": REASON} | changes
    return f"{PAGE}/preview?{urlencode(typed)}"


async def closures(site: Any, page: Page) -> None:
    await site.close((await site.begin()).date())
    await site.sign_in(page)
    await site.open(page, PAGE)


async def closures_wrong(site: Any, page: Page) -> None:
    await closures(site, page)
    await page.get_by_role("button", name="Betroffene Termine zeigen").click()
    await expect(page.locator("#fehler")).to_be_visible()


async def concerns_nobody(site: Any, page: Page) -> None:
    await site.sign_in(page)
    await site.open(page, preview_of((await site.begin()).date(), from_time="13:00", until_time="16:00"))


async def preview(site: Any, page: Page) -> None:
    start = await site.begin()
    for _ in range(3):
        await site.visitor.book(start)
    await site.sign_in(page)
    await site.open(page, preview_of(start.date()))


async def outdated(site: Any, page: Page) -> None:
    start = await site.begin()
    await site.visitor.book(start)
    await site.sign_in(page)
    await site.open(page, preview_of(start.date()))
    await site.visitor.book(start)
    await page.get_by_role("combobox").select_option("cancel")
    await page.get_by_role("button", name="Schließung bestätigen").click()
    await expect(page.locator(".kern-alert")).to_be_visible()


async def closed(site: Any, page: Page) -> None:
    start = await site.begin()
    await site.visitor.book(start)
    await site.sign_in(page)
    await site.open(page, f"{PAGE}/{(await site.close(start.date())).id}")


async def lifted(site: Any, page: Page) -> None:
    await closed(site, page)
    await page.get_by_role("button", name="Schließung aufheben").click()


async def changing(site: Any, page: Page) -> None:
    await closed(site, page)
    await page.get_by_role("link", name="Schließung ändern").click()


async def changing_wrong(site: Any, page: Page) -> None:
    await changing(site, page)
    await page.get_by_label("Grund").fill("")
    await page.get_by_role("button", name="Betroffene Termine zeigen").click()
    await expect(page.locator("#fehler")).to_be_visible()


async def offered(site: Any, page: Page) -> None:
    start = await site.begin()
    manage = await site.visitor.book(start)
    await site.close(start.date())
    await site.open(page, manage)


async def offered_elsewhere(site: Any, page: Page) -> None:
    await offered(site, page)
    await page.get_by_role("link", name="Andere Zeit wählen").click()


async def offered_over(site: Any, page: Page) -> None:
    await offered(site, page)
    await site.change("update appointments set held_until = :now - interval '1 minute' where status = 'offered'")
    await page.reload()


async def _stop_cancelled(site: Any, page: Page) -> None:
    start, stop = await site.begin(), await a_stop(site.tools)
    booked = await book(site.visitor.client, start, station=stop.key)
    await stop.cancel()
    await site.open(page, f"/appointments/m/{booked['token']}")


async def stop_offered(site: Any, page: Page) -> None:
    await _stop_cancelled(site, page)
    await expect(page.get_by_role("heading", name="Auch noch frei")).to_be_visible()


async def stop_waiting(site: Any, page: Page) -> None:
    await site.change("update opening_hours set weekday = weekday + 7")
    await _stop_cancelled(site, page)
    await site.change("update opening_hours set weekday = weekday - 7")
    await expect(page.get_by_text("Sie stehen jetzt auf der Warteliste")).to_be_visible()


STATES: dict[str, tuple[str, State]] = {
    "closures": ("Schließungen", closures),
    "closures-wrong": ("Schließungen", closures_wrong),
    "nobody": ("Die Schließung trifft keinen Termin", concerns_nobody),
    "preview": ("Die Schließung trifft 3 Termine", preview),
    "outdated": ("Die Schließung trifft 2 Termine", outdated),
    "closed": ("Geschlossen", closed),
    "changing": ("Schließung ändern", changing),
    "changing-wrong": ("Schließung ändern", changing_wrong),
    "lifted": ("Diese Schließung ist aufgehoben", lifted),
    "offered": ("Passt Ihnen diese Zeit stattdessen?", offered),
    "offered-elsewhere": ("Auf wann möchten Sie den Termin verlegen?", offered_elsewhere),
    "stop-offered": ("Passt Ihnen diese Zeit stattdessen?", stop_offered),
    "stop-waiting": ("Dieser Termin ist abgesagt", stop_waiting),
    "offered-over": ("Dieser Termin ist abgesagt", offered_over),
}
"""Every page of closures in every state: its heading, and how to get there."""
