"""The pages of the waiting list for browser tests: the way to each in every state."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from playwright.async_api import Page

from services.appointments.persons.domain import VIDEO_CONSENT
from tests.appointments.kit import API, at, booking, weekend
from tests.appointments.visitor import TYPED
from tests.appointments.waiting import cancel, entry, join, sell_out
from tests.browser.booking import BookingSite, State, at_path

WAITING = "/appointments/waiting"


async def sold_out_day(site: BookingSite) -> datetime:
    """A morning at Mitte on a day on which everything is taken, and nobody waits."""
    start = at(site.tools, 9, days=16)
    await site.change("update waiting_entries set status = 'left' where status in ('waiting', 'offered')")
    await sell_out(site.tools, start, counter="mitte-%")
    return start


def details_of(start: datetime, **changes: Any) -> str:
    day = start.date().isoformat()
    query = {"services": "meldebescheinigung", "stations": "mitte", "weekdays": start.weekday()}
    return f"{WAITING}/details?{urlencode({**query, 'first': day, 'last': day, **changes}, doseq=True)}"


async def waiting(site: BookingSite) -> str:
    """The path of an entry with one before it."""
    start = await sold_out_day(site)
    await join(site.visitor.client, start, stations=["mitte"])
    answer = await site.visitor.press(details_of(start), **TYPED)
    path: str = answer.headers["location"]
    return path.removesuffix("?new=1")


async def offered(site: BookingSite) -> tuple[str, str]:
    """The paths of an entry and of what is offered to it."""
    start = await sold_out_day(site)
    await site.change(f"delete from seats where counter = 'mitte-1' and starts_at = '{start.isoformat()}'")
    manage = await site.visitor.book(start)
    joined = await join(site.visitor.client, start, stations=["mitte"])
    await site.visitor.press(f"{manage}/cancel")
    offer = (await entry(site.visitor.client, joined))["offer"]
    return f"{WAITING}/{joined['token']}", f"/appointments/offer/{offer['token']}"


async def nothing_free(site: BookingSite, page: Page) -> None:
    today = site.tools.clock.now()
    await sell_out(site.tools, *(today + timedelta(days=n) for n in range(30)), counter="meiderich-%")
    await site.open(page, "/appointments/book/time?services=reisepass&place=meiderich")


async def days_wrong(site: BookingSite, page: Page) -> None:
    await site.open(page, details_of(await sold_out_day(site), stations=[], weekdays=[], last="bald"))


async def free_now(site: BookingSite, page: Page) -> None:
    await site.open(page, details_of(at(site.tools, 9), stations="sued", last=at(site.tools, 9, days=9).date()))


async def details_empty(site: BookingSite, page: Page) -> None:
    await site.open(page, details_of(await sold_out_day(site)))


async def details_wrong(site: BookingSite, page: Page) -> None:
    await details_empty(site, page)
    await page.get_by_label("Handynummer").fill("0203 94000")
    await page.get_by_role("button", name="Auf die Warteliste").click()


async def joined(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await waiting(site)}?new=1")


async def leaving(site: BookingSite, page: Page) -> None:
    await site.open(page, f"{await waiting(site)}/leave")


async def left(site: BookingSite, page: Page) -> None:
    path = await waiting(site)
    await site.visitor.press(f"{path}/leave")
    await site.open(page, path)


async def over(site: BookingSite, page: Page) -> None:
    path = await waiting(site)
    await site.change("update waiting_entries set status = 'over', ended_at = :now where status = 'waiting'")
    await site.open(page, path)


async def place_offered(site: BookingSite, page: Page) -> None:
    path, _ = await offered(site)
    await site.open(page, path)


async def offer(site: BookingSite, page: Page) -> None:
    _, path = await offered(site)
    await site.open(page, path)


async def offer_by_video(site: BookingSite, page: Page) -> None:
    start = weekend(site.tools) + timedelta(days=14)
    await site.change(f"delete from seats where counter = 'video-1' and starts_at = '{start.isoformat()}'")
    client, person = site.visitor.client, {"consent": VIDEO_CONSENT}
    booked = await client.post(f"{API}/appointments", json=booking(start, station="video", person=person))
    await sell_out(site.tools, start, counter="video-%")
    await site.change("update waiting_entries set status = 'left' where status in ('waiting', 'offered')")
    joined = await join(client, start, stations=["video"])
    await cancel(client, booked.json())
    await site.open(page, f"/appointments/offer/{(await entry(client, joined))['offer']['token']}")


async def offer_without_consent(site: BookingSite, page: Page) -> None:
    await offer_by_video(site, page)
    await page.get_by_role("button", name="Termin nehmen").click()


async def waits_already(site: BookingSite, page: Page) -> None:
    await waiting(site)
    await site.open(page, details_of(at(site.tools, 9, days=16)))
    await page.get_by_label("Vor- und Nachname").fill(TYPED["name"])
    await page.get_by_label("E-Mail-Adresse").fill(TYPED["mail"])
    await page.get_by_role("button", name="Auf die Warteliste").click()


async def offer_declined(site: BookingSite, page: Page) -> None:
    await offer(site, page)
    await page.get_by_role("button", name="Ablehnen und weiter warten").click()


async def offer_ended(site: BookingSite, page: Page) -> None:
    _, path = await offered(site)
    await site.visitor.press(path, action="decline")
    await site.open(page, path)


async def offer_expired(site: BookingSite, page: Page) -> None:
    _, path = await offered(site)
    await site.change("update seat_offers set until = :now - interval '1 minute' where outcome is null")
    await site.open(page, path)


async def offer_withdrawn(site: BookingSite, page: Page) -> None:
    _, path = await offered(site)
    await site.change("update seat_offers set outcome = 'withdrawn' where outcome is null")
    await site.open(page, path)


STATES: dict[str, tuple[str, State]] = {
    "time-nothing-free": ("Wann passt es Ihnen?", nothing_free),
    "waiting-services": ("Was möchten Sie erledigen?", at_path(f"{WAITING}/services")),
    "waiting-days": ("Was würde Ihnen passen?", at_path(f"{WAITING}?services=reisepass&services=reisepass&place=any")),
    "waiting-days-video": ("Was würde Ihnen passen?", at_path(f"{WAITING}?services=meldebescheinigung&place=video")),
    "waiting-days-wrong": ("Was würde Ihnen passen?", days_wrong),
    "waiting-free": ("Zurzeit ist etwas frei", free_now),
    "waiting-details": ("Wem dürfen wir Bescheid sagen?", details_empty),
    "waiting-details-wrong": ("Wem dürfen wir Bescheid sagen?", details_wrong),
    "waiting-joined": ("Sie stehen auf der Warteliste", joined),
    "waiting-offered": ("Ihr Platz auf der Warteliste", place_offered),
    "waiting-already": ("Mehr geht zurzeit nicht", waits_already),
    "waiting-leaving": ("Möchten Sie die Warteliste verlassen?", leaving),
    "waiting-left": ("Sie stehen nicht mehr auf der Warteliste", left),
    "waiting-over": ("Sie stehen nicht mehr auf der Warteliste", over),
    "seat-offer": ("Dieser Termin ist für Sie frei", offer),
    "seat-offer-video": ("Dieser Termin ist für Sie frei", offer_by_video),
    "seat-offer-without-consent": ("Dieser Termin ist für Sie frei", offer_without_consent),
    "seat-offer-declined": ("Ihr Platz auf der Warteliste", offer_declined),
    "seat-offer-ended": ("Diesen Termin haben Sie abgelehnt", offer_ended),
    "seat-offer-expired": ("Dieses Angebot ist abgelaufen", offer_expired),
    "seat-offer-withdrawn": ("Dieser Termin ist leider nicht möglich", offer_withdrawn),
}
"""Every page of the waiting list in every state: its heading, and how to get there."""
