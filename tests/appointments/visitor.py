"""A person at the booking pages, without a browser."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

import httpx

from shared.web.forms import one_time_key
from tests.appointments.kit import Client
from tests.shared.web.html import by_id, links, parse, words

TYPED = {"name": "Anna Muster", "mail": "anna@example.org", "phone": "", "language": "de", "interpreter": ""}


@dataclass(frozen=True)
class Visitor:
    """Walks the pages as a browser would; `prefix` is that of a language."""

    client: Client
    prefix: str = ""

    async def see(self, path: str, status: int = 200) -> Element:
        """Open a page: it is valid HTML and answered with this status."""
        return page(await self.client.get(path), status)

    async def press_time(
        self, start: datetime, key: str = "", draft: str = "", station: str = "mitte", place: str = "mitte"
    ) -> httpx.Response:
        """Press the button of a time."""
        query = {"services": "meldebescheinigung", "place": place} | ({"draft": draft} if draft else {})
        address = f"{self.prefix}/appointments/book/time?{urlencode(query)}"
        return await self.press(address, key, time=f"{station} {start.isoformat()}")

    async def press(self, path: str, key: str = "", **fields: str) -> httpx.Response:
        """Send a form with a one-time key."""
        return await self.client.post(path, data={**fields, "einmal": key or one_time_key()})

    async def hold(self, start: datetime) -> str:
        """Hold a time: the path of the draft."""
        answer = await self.press_time(start)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].removesuffix("/details")

    async def fill_in(self, draft: str, **fields: Any) -> httpx.Response:
        """Send the form of a draft."""
        return await self.press(f"{draft}/details", **{**TYPED, **fields})

    async def book(self, start: datetime) -> str:
        """Book a time: the path of the appointment."""
        draft = await self.hold(start)
        await self.fill_in(draft)
        answer = await self.press(f"{draft}/check")
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].removesuffix("?new=1")


def page(answer: httpx.Response, status: int = 200) -> Element:
    """The page of an answer, checked for its status and for valid HTML."""
    assert answer.status_code == status, words(parse(answer.text))
    return parse(answer.text)


def heading(tree: Element) -> str:
    """The first heading."""
    return words(next(tree.iter("h1")))


def content(tree: Element) -> str:
    """The words of a page without its frame."""
    return words(by_id(tree, "inhalt"))


def values(tree: Element) -> dict[str, str]:
    """What stands in the text fields of a page."""
    fields = (each for each in tree.iter("input") if each.get("type") in ("text", "email", "tel"))
    return {each.attrib["name"]: each.get("value", "") for each in fields}


def buttons(tree: Element) -> list[str]:
    """The words of all buttons."""
    return [words(each) for each in tree.iter("button")]


def own_links(tree: Element) -> set[str]:
    """Where the links of a page lead, on this site."""
    return {link for link in links(tree) if link.startswith("/")}
