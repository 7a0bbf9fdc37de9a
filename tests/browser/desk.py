"""The pages of the desk for browser tests: the way to every page in every state."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from playwright.async_api import Page

from shared.clock import BERLIN
from shared.web.staff.session import Session
from tests.appointments.clerk import PAGES, Clerk
from tests.appointments.desk import not_reached
from tests.appointments.kit import API, booking
from tests.appointments.stops import a_stop
from tests.browser.booking import BookingSite
from tests.support.days import now

HOURS = (
    "/hours/preview?place=mitte&version={version}&window=1&weekdays=0&weekdays=1&weekdays=3"
    "&repeat=2&valid_from=2026-11-02"
)
TIMES = "/book/time?services=reisepass&services=wohnsitz-anmelden&place=mitte"


class DeskSite:
    """The pages of the desk, and somebody who is signed in there."""

    def __init__(self, booking: BookingSite, member: str = "leitung") -> None:
        self.booking = booking
        self.clerk = Clerk.sign_in(booking.visitor.client, booking.tools, member)

    async def sign_in(self, page: Page, session: Session | None = None) -> None:
        """Give the browser a session."""
        clerk = self.clerk if session is None else Clerk(self.clerk.client, self.clerk.tools, session)
        cookie = {"name": "nahbar-staff-session", "value": clerk.cookie, "url": self.booking.address}
        await page.context.add_cookies([cookie])  # type: ignore[list-item]

    async def open(self, page: Page, path: str) -> None:
        """Open a page of the desk."""
        await self.sign_in(page)
        await self.booking.open(page, PAGES + path)

    async def appointment(self, start: datetime | None = None, **person: object) -> str:
        """The number of a new appointment."""
        body = booking(start or self.booking.next_start(), person={"phone": "0176 04069050", **person})
        answer = await self.clerk.client.post(f"{API}/appointments", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["number"])

    async def begun(self, **person: str) -> str:
        """The number of an appointment that has begun today."""
        number = await self.appointment(None, **person)
        await self.booking.change(
            f"update appointments set starts_at = '{self._today()}', ends_at = '{self._today()}' "
            f"where number = '{number}'"
        )
        return number

    async def draft(self) -> str:
        """The path of a time held for somebody."""
        answer = await self.clerk.press(TIMES, time=f"mitte {self.booking.next_start().isoformat()}")
        return answer.headers["location"].removeprefix(PAGES)

    def _today(self) -> datetime:
        return self.booking.tools.clock.now().astimezone(BERLIN).replace(hour=0, minute=1)


DeskState = Callable[[DeskSite, Page], Awaitable[None]]


def at_path(path: str) -> DeskState:
    """A state that is just an address."""

    async def go(site: DeskSite, page: Page) -> None:
        await site.open(page, path)

    return go


def of_appointment(path: str) -> DeskState:
    """A page of an appointment that is still to come."""

    async def go(site: DeskSite, page: Page) -> None:
        await site.open(page, f"/appointments/{await site.appointment()}{path}")

    return go


async def moving(site: DeskSite, page: Page) -> None:
    await of_appointment("/move?reason=asked")(site, page)
    await page.locator("button[name=time]").first.click()
    await page.wait_for_url("**/move/check?*")


async def nothing_to_do(site: DeskSite, page: Page) -> None:
    await site.sign_in(page, site.clerk.session.model_copy(update={"roles": frozenset()}))
    await site.booking.open(page, f"{PAGES}/")


async def no_station(site: DeskSite, page: Page) -> None:
    await site.sign_in(page, site.clerk.session.model_copy(update={"stations": frozenset()}))
    await site.booking.open(page, f"{PAGES}/day")


async def day_of_stop(site: DeskSite, page: Page) -> None:
    stop = await a_stop(site.booking.tools, days=5)
    body = booking(stop.state.arrives_at, station=stop.key)
    assert (await site.clerk.client.post(f"{API}/appointments", json=body)).status_code == 201
    await site.open(page, f"/day?place={stop.key}&day={stop.state.arrives_at.date()}")


async def day(site: DeskSite, page: Page) -> None:
    arrived, missed, cancelled = await site.begun(), await site.begun(), await site.appointment()
    await site.begun(interpreter="ar")
    await site.clerk.press(f"/appointments/{arrived}/arrived")
    await site.clerk.press(f"/appointments/{missed}/missed")
    await site.clerk.press(f"/appointments/{cancelled}/cancel", reason="illness")
    await site.booking.change(
        f"update appointments set starts_at = :now - interval '1 minute' where number = '{cancelled}'"
    )
    await site.open(page, "/day?place=mitte")


async def day_empty(site: DeskSite, page: Page) -> None:
    in_a_year = now().date() + timedelta(days=365)
    await site.open(page, f"/day?place=homberg&day={in_a_year}")


def looking_for(typed: str) -> DeskState:
    """The answer to a search from the list of a day."""

    async def go(site: DeskSite, page: Page) -> None:
        for name in ("Jörg Müller", "Eva Müller-Lüdenscheidt", "Bernd Schmidt"):
            await site.appointment(name=name)
        await site.open(page, "/day?place=mitte")
        await page.get_by_label("Name, Terminnummer").fill(typed)
        await page.get_by_role("button", name="Suchen").click()
        await page.wait_for_url("**/find?*")

    return go


async def of_begun(site: DeskSite, page: Page) -> None:
    await site.open(page, f"/appointments/{await site.begun()}")


async def missed(site: DeskSite, page: Page) -> None:
    await site.open(page, f"/appointments/{await site.begun()}/missed")


async def cancelling_wrong(site: DeskSite, page: Page) -> None:
    await of_appointment("/cancel")(site, page)
    await page.get_by_role("button", name="Termin absagen").click()


async def person(site: DeskSite, page: Page) -> None:
    await site.open(page, await site.draft())


async def person_wrong(site: DeskSite, page: Page) -> None:
    await person(site, page)
    await page.get_by_label("per SMS").check()
    await page.get_by_label("Telefonnummer").fill("0203 94000")
    await page.get_by_role("button", name="Termin buchen").click()


async def person_late(site: DeskSite, page: Page) -> None:
    draft = await site.draft()
    await site.booking.change("update appointments set held_until = :now - interval '1 minute' where status = 'held'")
    await site.open(page, draft)


async def services(site: DeskSite, page: Page) -> None:
    await site.open(page, "/services")
    await page.locator("summary").first.click()


async def hours_preview(site: DeskSite, page: Page) -> None:
    for _ in range(2):
        await site.appointment()
    await site.open(page, HOURS.format(version=0) + "&closes=09:00&opens=08:00")


async def unreached(site: DeskSite, page: Page) -> None:
    for purpose in ("confirmation", "cancellation", "alternative"):
        await not_reached(site.booking.tools, await site.appointment(), purpose)
    await site.booking.change(
        "update appointments a set status = 'offered', held_until = :now + interval '1 hour' "
        "from unreached u where u.appointment = a.id and u.purpose = 'alternative'"
    )
    await site.open(page, "/unreached")


async def unreached_empty(site: DeskSite, page: Page) -> None:
    await site.booking.change("update unreached set reached = true")
    await site.open(page, "/unreached")


async def audit(site: DeskSite, page: Page) -> None:
    await site.clerk.press(f"/appointments/{await site.appointment()}/cancel", reason="illness")
    await site.open(page, "/audit")


DESK_STATES: dict[str, tuple[str, DeskState]] = {
    "start": ("Für Beschäftigte", at_path("/")),
    "start-nothing": ("Für Beschäftigte", nothing_to_do),
    "signed-out": ("Sie sind abgemeldet", at_path("/signed-out")),
    "day": ("Tagesliste", day),
    "day-empty": ("Tagesliste", day_empty),
    "found": ("Suche", looking_for("mueller")),
    "found-alike": ("Suche", looking_for("Schmitt")),
    "found-nobody": ("Suche", looking_for("Nirgends")),
    "found-wrong": ("Suche", looking_for("x")),
    "day-no-station": ("Tagesliste", no_station),
    "day-stop": ("Tagesliste", day_of_stop),
    "appointment": ("Termin", of_appointment("")),
    "appointment-begun": ("Termin", of_begun),
    "slip": ("Ihr Termin", of_appointment("/slip")),
    "missed": ("Ist die Person nicht erschienen?", missed),
    "cancel-wrong": ("Diesen Termin absagen?", cancelling_wrong),
    "move": ("Diesen Termin verlegen", of_appointment("/move")),
    "move-times": ("Diesen Termin verlegen", of_appointment("/move?reason=closed")),
    "move-check": ("Diesen Termin verlegen?", moving),
    "book": ("Termin buchen", at_path("/book?services=kinder-reisepass")),
    "book-wrong": ("Termin buchen", at_path("/book/time?place=mitte")),
    "book-time": ("Zeit wählen", at_path(TIMES)),
    "person": ("Für wen ist der Termin?", person),
    "person-wrong": ("Für wen ist der Termin?", person_wrong),
    "person-late": ("Für wen ist der Termin?", person_late),
    "services": ("Anliegen", services),
    "hours": ("Öffnungszeiten", at_path("/hours?place=mitte")),
    "hours-window": ("Öffnungszeiten ändern", at_path("/hours/window?place=mitte&number=2")),
    "hours-wrong": ("Öffnungszeiten ändern", at_path("/hours/preview?place=mitte&window=1&opens=9.05&repeat=2")),
    "hours-preview": ("zu den neuen Zeiten", hours_preview),
    "hours-changed": (
        "Jemand anderes hat diese Zeiten geändert",
        at_path(HOURS.format(version=7) + "&opens=08:00&closes=12:00&services=reisepass"),
    ),
    "unreached": ("Nicht erreicht", unreached),
    "unreached-empty": ("Nicht erreicht", unreached_empty),
    "audit": ("Protokoll", audit),
    "forbidden": ("Für diese Seite brauchen Sie eine Berechtigung", at_path("/signed-in")),
}
"""Every page of the desk in every state: how its heading begins, and how to get there."""
