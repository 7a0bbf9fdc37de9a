"""The pages of subscriptions for browser tests: their site, and the way to every page in every state."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid4

from playwright.async_api import Page, expect
from sqlalchemy import text

from services.notifications.news.usecases import FAN_OUT, fan_out, take_news
from services.notifications.subscribing import usecases
from services.notifications.subscribing.domain import Address, Wishes
from services.notifications.subscribing.facts import CONFIRM, PREFERENCES, UNSUBSCRIBE
from services.notifications.subscribing.queries import Subscription
from shared.act import Act, acting
from shared.due import Claim
from shared.tools import Tools
from tests.browser.checks import shows
from tests.notifications.facts import as_news, closed

WISHES = Wishes((200, 400), (504,), ("stations",), "de", digest=True)


class SubscribingSite:
    """The pages at an address, and subscribers to look at."""

    def __init__(self, address: str, tools: Tools) -> None:
        self.address = address
        self.tools = tools

    async def request(self) -> UUID:
        """Somebody new who has yet to confirm."""
        now, address = self.tools.clock.now(), Address("mail", f"{uuid4().hex}@example.org")
        async with self.tools.db.transaction() as conn:
            request = await usecases.ask(Act(conn, self.tools, now), address, WISHES)
        assert request
        return request

    async def subscription(self) -> Subscription:
        """Somebody new who has confirmed."""
        request = await self.request()
        async with acting(self.tools) as act:
            return await usecases.confirm(act, request)

    async def told(self) -> Subscription:
        """Somebody new who was told news."""
        async with self.tools.db.transaction() as conn:
            await conn.execute(text("update subscriptions set digest = true"))
        found, now = await self.subscription(), self.tools.clock.now()
        today = now.date()
        fact = as_news(closed(first_day=today, last_day=today + timedelta(days=2)), now)
        async with self.tools.db.transaction() as conn:
            await conn.execute(text("update subscriptions set digest = false where id = :id"), {"id": found.id})
            await take_news(Act(conn, self.tools, now), fact)
            await fan_out(Act(conn, self.tools, self.tools.clock.now()), Claim(FAN_OUT, str(fact.fact.id), 1, uuid4()))
            await conn.execute(text("update messages set state = 'delivered' where channel = 'mail'"))
        return found

    def path(self, kind: str, id: UUID) -> str:
        """The path of a secret link."""
        page = {CONFIRM: "confirm", PREFERENCES: "m", UNSUBSCRIBE: "unsubscribe"}[kind]
        return f"/notifications/{page}/{self.tools.links.token(kind, id, 1)}"

    async def open(self, page: Page, path: str) -> None:
        """Open a path of the site."""
        await page.goto(self.address + path)


State = Callable[[SubscribingSite, Page], Awaitable[None]]


def at_path(path: str) -> State:
    """A state that is just an address."""

    async def go(site: SubscribingSite, page: Page) -> None:
        await site.open(page, path)

    return go


def of_subscription(kind: str, suffix: str = "") -> State:
    """A page of a subscription."""

    async def go(site: SubscribingSite, page: Page) -> None:
        await site.open(page, site.path(kind, (await site.subscription()).id) + suffix)

    return go


async def subscribe_wrong(site: SubscribingSite, page: Page) -> None:
    await site.open(page, "/notifications/subscribe")
    await page.get_by_text("Nur einzelne Ortsteile wählen").click()
    await page.get_by_label("Marxloh", exact=True).check()
    await page.get_by_label("Per SMS", exact=True).check()
    await page.get_by_label("Handynummer").fill("0203 94000")
    await page.get_by_role("button", name="Nachrichten abonnieren").click()


async def confirm(site: SubscribingSite, page: Page) -> None:
    await site.open(page, site.path(CONFIRM, await site.request()))


async def confirmed(site: SubscribingSite, page: Page) -> None:
    await confirm(site, page)
    await page.get_by_role("button", name="Bestätigen").click()


async def request_over(site: SubscribingSite, page: Page) -> None:
    await site.open(page, site.path(CONFIRM, uuid4()))


async def told(site: SubscribingSite, page: Page) -> None:
    await site.open(page, site.path(PREFERENCES, (await site.told()).id))


async def saved(site: SubscribingSite, page: Page) -> None:
    await of_subscription(PREFERENCES)(site, page)
    await page.get_by_role("button", name="Änderungen speichern").click()


async def address_wrong(site: SubscribingSite, page: Page) -> None:
    await of_subscription(PREFERENCES, "/address")(site, page)
    await shows(page, "Wohin sollen wir schreiben?")
    await page.get_by_role("button", name="Weiter").click()


async def unsubscribed(site: SubscribingSite, page: Page) -> None:
    await of_subscription(UNSUBSCRIBE)(site, page)
    await page.get_by_role("button", name="Alles abbestellen").click()


async def barrier_wrong(site: SubscribingSite, page: Page) -> None:
    await site.open(page, "/notifications/barriers")
    await page.get_by_role("button", name="Barriere melden").click()
    await expect(page.locator("#fehler")).to_be_visible()


async def barrier_sent(site: SubscribingSite, page: Page) -> None:
    await site.open(page, "/notifications/barriers")
    await page.get_by_label("Was wollten Sie tun").fill("Der Knopf sagt meinem Screenreader nichts.")
    await page.get_by_role("button", name="Barriere melden").click()


async def over(site: SubscribingSite, page: Page) -> None:
    await site.open(page, site.path(PREFERENCES, uuid4()))


STATES: dict[str, tuple[str, State]] = {
    "subscribe": ("Nachrichten aus Ihrem Stadtteil", at_path("/notifications/subscribe")),
    "subscribe-wrong": ("Nachrichten aus Ihrem Stadtteil", subscribe_wrong),
    "sent": ("Bitte bestätigen Sie noch", at_path("/notifications/sent?what=confirm-mail")),
    "link": ("Link zu meinen Nachrichten anfordern", at_path("/notifications/link")),
    "link-sent": ("Wir haben Ihnen geschrieben", at_path("/notifications/sent?what=link-sms")),
    "confirm": ("Möchten Sie diese Nachrichten?", confirm),
    "confirmed": ("Ihre Nachrichten sind abonniert", confirmed),
    "request-over": ("Dieser Link gilt nicht mehr", request_over),
    "told": ("Ihre Nachrichten", told),
    "saved": ("Ihre Nachrichten", saved),
    "address-wrong": ("Wohin sollen wir schreiben?", address_wrong),
    "unsubscribe": ("Möchten Sie alles abbestellen?", of_subscription(UNSUBSCRIBE)),
    "unsubscribed": ("Sie haben alles abbestellt", unsubscribed),
    "barrier": ("Barriere melden", at_path("/notifications/barriers")),
    "barrier-wrong": ("Barriere melden", barrier_wrong),
    "barrier-sent": ("Danke für Ihre Meldung", barrier_sent),
    "over": ("Dieses Abo gibt es nicht mehr", over),
}
"""Every page of subscriptions in every state: its heading, and how to get there."""
