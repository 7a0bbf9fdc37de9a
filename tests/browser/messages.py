"""The pages about messages for browser tests: the way to every page in every state."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from playwright.async_api import Page, expect
from sqlalchemy import text

from services.notifications.delivery.domain import Event, News
from services.notifications.delivery.queries import log_of
from services.notifications.delivery.usecases import NoticeBatch
from services.notifications.subscribing.domain import subscription_number
from services.notifications.telling.usecases import take_fact
from shared.act import Act
from shared.tools import Tools
from tests.browser.subscribing import SubscribingSite
from tests.notifications.facts import booked, person, received
from tests.shared.staff.kit import cookie_of, somebody

AREA = "/notifications/staff"
LOST = "1111-1111"


class MessagesSite:
    """The pages at an address, somebody who is signed in there, and citizens no message reached."""

    def __init__(self, address: str, tools: Tools) -> None:
        self.address = address
        self.tools = tools

    async def open(self, page: Page, path: str, *roles: str) -> None:
        """Open a page as a member of the staff, with these roles or all of the service."""
        own = {"notifications:staff", "notifications:lead"}
        session = somebody(roles=frozenset(roles or own), stations=frozenset({"*"}))
        name, _, value = cookie_of(self.tools, session).partition("=")
        await page.context.add_cookies([{"name": name, "value": value, "url": self.address}])
        await page.goto(self.address + AREA + path)

    async def forget_all(self) -> None:
        """Let there be no matters."""
        async with self.tools.db.transaction() as conn:
            await conn.execute(text("delete from matters"))

    async def lost(self, starts_in: timedelta, number: str = LOST) -> None:
        """Somebody whose mail bounced and whose SMS failed at the second gateway."""
        now = self.tools.clock.now() - timedelta(hours=1)
        fact = booked(person("perm-fail"), number=number, starts_at=self.tools.clock.now() + starts_in)
        async with self.tools.db.transaction() as conn:
            news = received(fact, now)
            await take_fact(Act(conn, self.tools, now, cause=news.cause), news)
        await self._happen(fact.id, "mail", now, News(Event.BEGUN), News(Event.REFUSED, error="permanent 550 5.1.1"))
        await self._happen(
            fact.id,
            "sms",
            now,
            News(Event.BEGUN, gateway="first"),
            News(Event.POSTPONED, error="away ConnectError"),
            News(Event.BEGUN, gateway="second"),
            News(Event.ACCEPTED),
            News(Event.REFUSED, error="receipt EXPIRED"),
        )

    async def _happen(self, matter: UUID, channel: str, now: datetime, *news: News) -> None:
        async with self.tools.db.transaction() as conn:
            entries = await log_of(conn, matter)
        message = next(each.message for each in entries if (each.purpose, each.channel) == ("confirmation", channel))
        for each in news:
            async with self.tools.db.transaction() as conn:
                batch = await NoticeBatch.of_messages(conn, [message])
                batch.apply(message, each, now)
                await batch.save(Act(conn, self.tools, now))


MessagesState = Callable[[MessagesSite, Page], Awaitable[None]]


def at_path(path: str) -> MessagesState:
    """A state that is just an address."""

    async def go(site: MessagesSite, page: Page) -> None:
        await site.open(page, path)

    return go


async def nothing_failed(site: MessagesSite, page: Page) -> None:
    await site.forget_all()
    await site.open(page, "/failed")


async def failed(site: MessagesSite, page: Page) -> None:
    await site.forget_all()
    await site.lost(timedelta(days=2))
    await site.lost(timedelta(minutes=-30), "2222-2222")
    await site.open(page, "/failed")


async def story(site: MessagesSite, page: Page) -> None:
    await failed(site, page)
    await page.get_by_role("link", name=LOST).click()
    await expect(page.get_by_role("heading", name=f"Vorgang {LOST}")).to_be_visible()


async def served_elsewhere(site: MessagesSite, page: Page) -> None:
    await site.open(page, "/", "appointments:staff")


async def subscribers_story(site: MessagesSite, page: Page) -> None:
    found = await SubscribingSite(site.address, site.tools).told()
    await site.open(page, f"/log?matter={subscription_number(found.id)}")
    await expect(page.get_by_text("Abo: Station geschlossen").first).to_be_visible()


async def reason_missing(site: MessagesSite, page: Page) -> None:
    await story(site, page)
    await page.get_by_role("button", name="Kontakt zeigen").click()
    await expect(page.locator("#fehler")).to_be_visible()


async def contact_shown(site: MessagesSite, page: Page) -> None:
    await story(site, page)
    await page.get_by_label("Ich rufe die Person an.").check()
    await page.get_by_role("button", name="Kontakt zeigen").click()
    await expect(page.get_by_text("Ada Lovelace")).to_be_visible()


async def deeds(site: MessagesSite, page: Page) -> None:
    await contact_shown(site, page)
    await site.open(page, "/audit")


STATES: dict[str, tuple[str, MessagesState]] = {
    "start": ("Für Beschäftigte", at_path("/")),
    "start-elsewhere": ("Für Beschäftigte", served_elsewhere),
    "failed-nothing": ("Nicht zugestellt", nothing_failed),
    "failed": ("Nicht zugestellt", failed),
    "log-empty": ("Verlauf", at_path("/log")),
    "log-unknown": ("Verlauf", at_path("/log?matter=9999-9999")),
    "log": ("Verlauf", story),
    "log-subscription": ("Verlauf", subscribers_story),
    "log-reason-missing": ("Verlauf", reason_missing),
    "log-contact": ("Verlauf", contact_shown),
    "templates": ("Texte", at_path("/templates")),
    "template": ("Erinnerung", at_path("/templates/reminder")),
    "template-of-news": ("Abo: Neues des Tages", at_path("/templates/digest")),
    "audit": ("Protokoll", deeds),
}
"""Every page in every state, by name: its heading, and the way there."""
