"""The booking pages for browser tests: their site, and the way to every page in every state."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
from fastapi import FastAPI
from playwright.async_api import Page, expect
from sqlalchemy import text

from services.appointments.persons.domain import VIDEO_CONSENT
from shared.tools import Tools
from tests.appointments.kit import at, weekend
from tests.appointments.stops import Stop, a_stop
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
        """Change the database behind the pages."""
        async with self.tools.db.transaction() as conn:
            await conn.execute(text(statement))

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
    await site.change("update appointments set held_until = now() + interval '110 seconds' where status = 'held'")
    await site.open(page, f"{draft}/details")


async def check_over(site: BookingSite, page: Page) -> None:
    draft = await site.draft()
    await site.change("update appointments set held_until = now() - interval '1 minute' where status = 'held'")
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


async def by_video(site: BookingSite, filled_in: bool = True) -> str:
    """The path of a new draft by video."""
    start = site.next_video_start()
    held = await site.visitor.press_time(start, station="video", place="video")
    draft: str = held.headers["location"].removesuffix("/details")
    if filled_in:
        await site.visitor.fill_in(draft, interpreter="en", consent=VIDEO_CONSENT)
    return draft


async def video_details(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await by_video(site, filled_in=False)}/details")


async def video_without_consent(site: BookingSite, page: Page) -> None:
    await video_details(site, page)
    await page.get_by_label("Vor- und Nachname").fill("Anna Muster")
    await page.get_by_label("E-Mail-Adresse").fill("anna@example.org")
    await page.get_by_role("button", name="Weiter").click()


async def video_check(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await by_video(site)}/check")


async def _video_booked(site: BookingSite) -> str:
    answer = await site.visitor.press(f"{await by_video(site)}/check")
    manage: str = answer.headers["location"].removesuffix("?new=1")
    return manage


async def video_booked(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await _video_booked(site)}?new=1")


async def room_not_yet(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await _video_booked(site)}/video")


async def room_open(site: BookingSite, page: Page) -> None:
    manage = await _video_booked(site)
    now = site.tools.clock.now()
    await site.change(
        f"update appointments set starts_at = '{now - timedelta(minutes=1)}', ends_at = '{now + timedelta(minutes=9)}' "
        "where kind = 'video' and status = 'confirmed'"
    )
    await site.open(page, f"{manage}/video")


async def used_up(site: BookingSite, page: Page) -> None:
    draft = await site.draft()
    site.limit_persons(1)
    await site.visitor.book(site.next_start())
    await site.open(page, f"{draft}/check")
    await page.get_by_role("button", name="Termin verbindlich buchen").click()
    await page.wait_for_url("**/check?kept=*")
    site.limit_persons(100_000)


async def _stop_booked(site: BookingSite) -> tuple[Stop, str]:
    """A stop, and the path of an appointment there."""
    stop = await a_stop(site.tools, days=4)
    answer = await site.visitor.press_time(stop.state.arrives_at, station=stop.key, place=stop.key)
    draft = answer.headers["location"].removesuffix("/details")
    await site.visitor.fill_in(draft)
    booked = await site.visitor.press(f"{draft}/check")
    return stop, booked.headers["location"].removesuffix("?new=1")


async def stop_place(site: BookingSite, page: Page) -> None:
    await a_stop(site.tools)
    await site.open(page, "/appointments/book/place?services=meldebescheinigung")


async def stop_time(site: BookingSite, page: Page) -> None:
    stop = await a_stop(site.tools)
    await stop.delay(20)
    await site.open(page, f"/appointments/book/time?services=meldebescheinigung&place={stop.key}")


async def stop_late(site: BookingSite, page: Page) -> None:
    stop, manage = await _stop_booked(site)
    await stop.delay(20)
    await site.open(page, manage)


async def stop_rescheduling(site: BookingSite, page: Page) -> None:
    _, manage = await _stop_booked(site)
    await site.open(page, f"{manage}/reschedule")


async def moved_nowhere(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await site.appointment()}?same=1")


async def stop_moving(site: BookingSite, page: Page) -> None:
    stop, manage = await _stop_booked(site)
    await stop.delay(20)
    await site.open(page, f"{manage}/reschedule")
    await page.locator("button[name=time]").first.click()
    await page.wait_for_url("**/reschedule/check?*")


async def stop_check(site: BookingSite, page: Page) -> None:
    stop = await a_stop(site.tools, days=4)
    await stop.delay(20)
    answer = await site.visitor.press_time(stop.state.arrives_at, station=stop.key, place=stop.key)
    draft = answer.headers["location"].removesuffix("/details")
    await site.visitor.fill_in(draft)
    await site.open(page, f"{draft}/check")


async def cancelling(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await site.appointment()}/cancel")


async def cancelled(site: BookingSite, page: Page) -> None:
    manage = await site.appointment()
    await site.visitor.press(f"{manage}/cancel")
    await site.open(page, manage)


async def over(site: BookingSite, page: Page) -> None:
    manage = await site.appointment()
    await site.change("update appointments set ends_at = now() - interval '1 day' where status = 'confirmed'")
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
    "video-details": ("Ihre Angaben", video_details),
    "video-without-consent": ("Ihre Angaben", video_without_consent),
    "video-check": ("Prüfen und buchen", video_check),
    "used-up": ("Mehr geht zurzeit nicht", used_up),
    "draft-gone": ("Diese Reservierung gibt es nicht mehr", draft_gone),
    "booked": ("Ihr Termin ist gebucht", booked),
    "video-booked": ("Ihr Termin ist gebucht", video_booked),
    "room-not-yet": ("Ihr Video-Termin", room_not_yet),
    "room-open": ("Ihr Video-Termin", room_open),
    "rescheduling": ("Auf wann möchten Sie den Termin verlegen?", rescheduling),
    "rescheduling-anywhere": ("Auf wann möchten Sie den Termin verlegen?", rescheduling_anywhere),
    "moving": ("Möchten Sie diesen Termin verlegen?", moving),
    "moved": ("Ihr Termin ist verlegt", moved),
    "moved-nowhere": ("Ihr Termin bleibt, wie er ist", moved_nowhere),
    "stop-moving": ("Möchten Sie diesen Termin verlegen?", stop_moving),
    "stop-check": ("Prüfen und buchen", stop_check),
    "stop-place": ("Wo passt es Ihnen?", stop_place),
    "stop-time": ("Wann passt es Ihnen?", stop_time),
    "stop-late": ("Ihr Termin", stop_late),
    "stop-rescheduling": ("Auf wann möchten Sie den Termin verlegen?", stop_rescheduling),
    "cancelling": ("Möchten Sie diesen Termin absagen?", cancelling),
    "cancelled": ("Dieser Termin ist abgesagt", cancelled),
    "over": ("Ihr Termin ist vorbei", over),
    "not-found": ("Diese Seite gibt es nicht", at_path("/appointments/m/unknown")),
}
"""Every booking page in every state: its heading, and how to get there."""
