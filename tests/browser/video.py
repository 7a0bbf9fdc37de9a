"""Bookings by video for browser tests: the way to their pages in every state."""

from datetime import timedelta

from playwright.async_api import Page

from services.appointments.persons.domain import VIDEO_CONSENT
from tests.browser.booking import BookingSite, State


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


STATES: dict[str, tuple[str, State]] = {
    "video-details": ("Ihre Angaben", video_details),
    "video-without-consent": ("Ihre Angaben", video_without_consent),
    "video-check": ("Prüfen und buchen", video_check),
    "video-booked": ("Ihr Termin ist gebucht", video_booked),
    "room-not-yet": ("Ihr Video-Termin", room_not_yet),
    "room-open": ("Ihr Video-Termin", room_open),
}
"""Every page of a booking by video: its heading, and how to get there."""
