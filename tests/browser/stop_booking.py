"""Bookings at stops of the Bürgermobil for browser tests: the way to their pages in every state."""

from playwright.async_api import Page

from tests.appointments.stops import Stop, a_stop
from tests.browser.booking import BookingSite, State


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


STATES: dict[str, tuple[str, State]] = {
    "stop-moving": ("Möchten Sie diesen Termin verlegen?", stop_moving),
    "stop-check": ("Prüfen und buchen", stop_check),
    "stop-place": ("Wo passt es Ihnen?", stop_place),
    "stop-time": ("Wann passt es Ihnen?", stop_time),
    "stop-late": ("Ihr Termin", stop_late),
    "stop-rescheduling": ("Auf wann möchten Sie den Termin verlegen?", stop_rescheduling),
}
"""Every page of a booking at a stop: its heading, and how to get there."""
