"""The pages of the queue for browser tests: their site at ten o'clock, and the way to every page in every state."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from playwright.async_api import Page, Route
from sqlalchemy import text

from services.appointments.queue import calling, serving
from services.appointments.queue.facts import TICKET
from services.appointments.queue.queries import Ticket
from services.appointments.queue.usecases import TicketWish, issue
from shared.act import Act, acting
from shared.clock import Clock
from shared.events.tickets import TicketOutcome
from shared.web.staff.session import SESSION, Session
from tests.appointments.kit import at
from tests.browser.booking import BookingSite, State, at_path

TAKE = "/appointments/ticket?place=mitte"
ISSUE = "/appointments/staff/ticket?place=mitte"
COUNTER = "/appointments/staff/counter/mitte-1"
SERVICES = ("personalausweis", "wohnsitz-anmelden")


class QueueSite(BookingSite):
    """The pages at an address, with a queue that every state begins anew."""

    def __init__(self, address: str, app: FastAPI, client: httpx.AsyncClient) -> None:
        super().__init__(address, app, client)
        self.at(10)

    def at(self, hour: int, minute: int = 0) -> None:
        """Let it be this time of a working day."""
        file = self.tools.settings.platform.clock_file
        assert file is not None
        moment = at(self.tools, hour, minute, days=0 if self.tools.clock.offset() else 3)
        Clock.move(file, moment - self.tools.clock.now() + self.tools.clock.offset())

    async def begin(self) -> None:
        """Nobody waits, at ten o'clock."""
        self.at(10)
        await self.change("truncate tickets, queue_days, staffed_counters")

    async def issue(self, count: int = 1, **wish: Any) -> Ticket:
        """Issue some tickets; the last of them."""
        async with acting(self.tools) as act:
            for _ in range(count):
                wanted = TicketWish("mitte", **{"services": SERVICES, **wish})
                ticket = await issue(act, uuid4(), wanted)
        return ticket

    async def call(self, counter: int = 1) -> Ticket:
        """Call the next to a counter."""
        async with acting(self.tools) as act:
            called = await calling.call_next(act, f"mitte-{counter}")
        assert called
        return called

    async def serve(self, ticket: Ticket, minutes: int = 8) -> None:
        """Finish with somebody after some minutes."""
        async with self.tools.db.transaction() as conn:
            ends = self.tools.clock.now() + timedelta(minutes=minutes)
            assert ticket.counter
            await serving.close(Act(conn, self.tools, ends), ticket.counter, ticket.id, TicketOutcome.SERVED)

    def page_of(self, id: UUID) -> str:
        """The path of a ticket's page."""
        return f"/appointments/ticket/{self.tools.links.token(TICKET, id, 1)}"

    async def sign_in(self, page: Page) -> None:
        """Give a browser the session of a clerk of all stations."""
        session = Session(
            subject="schalter",
            name="Meike Sommer",
            roles=frozenset({"appointments:staff"}),
            stations=frozenset({"*"}),
        )
        value = self.tools.sessions.seal(SESSION, session)
        cookie = {"name": "nahbar-staff-session", "value": value, "url": f"{self.address}/appointments/staff"}
        await page.context.add_cookies([cookie])  # type: ignore[list-item]


async def waiting(site: Any, page: Page) -> None:
    await site.begin()
    served = await site.issue(6)
    for _ in range(5):
        await site.serve(await site.call())
    mine = await site.issue(4)
    assert served
    await site.open(page, site.page_of(mine.id))


async def nobody_can_say(site: Any, page: Page) -> None:
    await site.begin()
    await site.open(page, site.page_of((await site.issue(2)).id))


async def called(site: Any, page: Page) -> None:
    await site.begin()
    mine = await site.issue()
    await site.call(7)
    await site.open(page, site.page_of(mine.id))


async def served(site: Any, page: Page) -> None:
    await site.begin()
    mine = await site.issue()
    await site.serve(await site.call())
    await site.open(page, site.page_of(mine.id))


async def sent_home(site: Any, page: Page) -> None:
    await site.begin()
    mine = await site.issue()
    await site.change("update tickets set status = 'closed', outcome = 'station_closed'")
    await site.open(page, site.page_of(mine.id))


async def returning(site: Any, page: Page) -> None:
    await site.begin()
    await site.open(page, f"{site.page_of((await site.issue()).id)}/return")


async def forgotten(site: Any, page: Page) -> None:
    await site.open(page, site.page_of(uuid4()))


async def taking(site: Any, page: Page) -> None:
    await site.begin()
    await site.issue(2)
    await site.open(page, TAKE)


async def taking_wrong(site: Any, page: Page) -> None:
    await taking(site, page)
    await page.get_by_label("Handynummer").fill("0203 94000")
    await page.get_by_role("button", name="Nummer ziehen").click()


async def closed(site: Any, page: Page) -> None:
    await site.begin()
    site.at(8)
    await site.open(page, TAKE)


async def none_left(site: Any, page: Page) -> None:
    await site.begin()
    await site.issue()
    await site.change("update queue_days set contingent = issued")
    await site.open(page, f"{TAKE}&services=reisepass")


async def arriving_wrong(site: Any, page: Page) -> None:
    await site.begin()
    await site.open(page, "/appointments/arrival?place=mitte")
    await page.get_by_label("Nummer Ihres Termins").fill("4711-0815")
    await page.get_by_role("button", name="Ich bin da").click()


async def appointment_today(site: Any) -> str:
    """The path of an appointment that begins soon."""
    manage: str = await site.visitor.book(at(site.tools, 10, 30, days=0))
    await site.change("update appointments set counter = counter")
    return manage


async def here(site: Any, page: Page) -> None:
    await site.begin()
    await site.open(page, await appointment_today(site))


async def arrived(site: Any, page: Page) -> None:
    await site.begin()
    await appointment_today(site)
    async with site.tools.db.transaction() as conn:
        number = (await conn.execute(text("select number from appointments order by starts_at desc limit 1"))).scalar()
    await site.open(page, "/appointments/arrival?place=mitte")
    await page.get_by_label("Nummer Ihres Termins").fill(number)
    await page.get_by_label("Uhrzeit Ihres Termins").fill("10:30")
    await page.get_by_role("button", name="Ich bin da").click()


async def hall(site: Any, page: Page) -> None:
    await site.begin()
    await site.issue(6)
    for counter in range(1, 7):
        await site.call(counter)
    await open_hall(site, page)


async def hall_empty(site: Any, page: Page) -> None:
    await site.begin()
    await open_hall(site, page)


async def open_hall(site: Any, page: Page) -> None:
    """Open the screen of the hall so that it stands still: it must not load itself anew while somebody looks at it."""

    async def without_refresh(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(
            response=answer, headers={name: answer.headers[name] for name in answer.headers.keys() - {"refresh"}}
        )

    path = "/appointments/staff/hall/mitte"
    await page.route(f"**{path}", without_refresh)
    await site.open(page, path)


async def counters(site: Any, page: Page) -> None:
    await site.sign_in(page)
    await site.open(page, "/appointments/staff/counter")


async def counter_free(site: Any, page: Page) -> None:
    await site.begin()
    await site.issue(3, language="ar", interpreter="ar")
    await site.sign_in(page)
    await site.open(page, COUNTER)


async def counter_called(site: Any, page: Page) -> None:
    await counter_free(site, page)
    await page.get_by_role("button", name="Nächste Nummer aufrufen").click()
    await page.get_by_role("button", name="Ist da").wait_for()


async def counter_serving(site: Any, page: Page) -> None:
    await counter_called(site, page)
    await site.issue(8)
    await page.get_by_role("button", name="Später aufrufen").click()
    await page.get_by_role("button", name="Nächste Nummer aufrufen").click()
    await page.get_by_role("button", name="Ist da").click()
    await page.get_by_role("button", name="Fertig").wait_for()


async def counter_lost(site: Any, page: Page) -> None:
    await counter_free(site, page)
    await site.call(2)
    await page.get_by_role("button", name="Aufrufen", exact=True).first.click()
    await page.get_by_text("ist schon an Schalter 2").wait_for()


async def figures(site: Any, page: Page) -> None:
    await site.begin()
    await site.issue(2)
    await site.serve(await site.call())
    await site.sign_in(page)
    await site.open(page, "/appointments/staff/figures?place=mitte")


async def issuing(site: Any, page: Page) -> None:
    await site.begin()
    await site.sign_in(page)
    await site.open(page, ISSUE)


async def issuing_wrong(site: Any, page: Page) -> None:
    await issuing(site, page)
    await page.get_by_label("Handynummer").fill("0203 94000")
    await page.get_by_role("button", name="Nummer ausgeben").click()
    await page.get_by_text("Wählen Sie mindestens ein Anliegen.").first.wait_for()


async def issuing_none(site: Any, page: Page) -> None:
    await none_left(site, page)
    await site.sign_in(page)
    await site.open(page, f"{ISSUE}&services=reisepass")


async def issued(site: Any, page: Page) -> None:
    await issuing(site, page)
    await page.get_by_role("checkbox", name="Meldebescheinigung").check()
    await page.get_by_role("button", name="Nummer ausgeben").click()
    await page.get_by_role("heading", name="Ihre Nummer").wait_for()


async def poster(site: Any, page: Page) -> None:
    await site.sign_in(page)
    await site.open(page, "/appointments/staff/poster/mitte")


STATION = "Bürger-Service-Station Mitte"
STATES: dict[str, tuple[str, State]] = {
    "place": ("In welcher Station sind Sie?", at_path("/appointments/ticket")),
    "taking": ("Nummer ziehen", taking),
    "taking-wrong": ("Nummer ziehen", taking_wrong),
    "closed": ("Hier ist jetzt geschlossen", closed),
    "none-left": ("Heute sind alle Nummern vergeben", none_left),
    "waiting": ("Ihre Nummer", waiting),
    "nobody-can-say": ("Ihre Nummer", nobody_can_say),
    "called": ("Ihre Nummer", called),
    "served": ("Ihre Nummer", served),
    "sent-home": ("Ihre Nummer", sent_home),
    "returning": ("Möchten Sie Ihre Nummer zurückgeben?", returning),
    "forgotten": ("Diese Nummer gilt nicht mehr", forgotten),
    "arriving": ("Sie haben einen Termin?", at_path("/appointments/arrival?place=mitte")),
    "arriving-wrong": ("Sie haben einen Termin?", arriving_wrong),
    "here": ("Ihr Termin", here),
    "arrived": ("Sie sind angemeldet", arrived),
    "hall": ("Aufgerufene Nummern", hall),
    "hall-empty": ("Aufgerufene Nummern", hall_empty),
    "counters": ("An welchem Schalter sind Sie?", counters),
    "counter-free": (f"Schalter 1 – {STATION}", counter_free),
    "counter-called": (f"Schalter 1 – {STATION}", counter_called),
    "counter-serving": (f"Schalter 1 – {STATION}", counter_serving),
    "counter-lost": (f"Schalter 1 – {STATION}", counter_lost),
    "issuing": ("Nummer ausgeben", issuing),
    "issuing-wrong": ("Nummer ausgeben", issuing_wrong),
    "issuing-none": ("Heute sind alle Nummern vergeben", issuing_none),
    "issued": ("Ihre Nummer", issued),
    "poster": ("Aushang für die Wartehalle", poster),
    "figures": (f"Wartezeiten – {STATION}", figures),
}
"""Every page of the queue in every state: its heading, and how to get there."""
