"""Somebody at the pages, without a browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from xml.etree.ElementTree import Element

import httpx
from fastapi import FastAPI

from services.notifications.subscribing.facts import CONFIRM, PREFERENCES, UNSUBSCRIBE
from shared.tools import Tools
from shared.web.forms import one_time_key
from tests.notifications.kit import Post
from tests.notifications.subscribers import subscribe
from tests.shared.staff.kit import cookie_of, somebody
from tests.shared.web.html import by_id, parse, words
from tests.support.browsing import Browsing


class Reader:
    """Somebody at the pages, without a browser."""

    def __init__(self, client: httpx.AsyncClient, app: FastAPI, post: Post) -> None:
        self.client = client
        self.app = app
        self.tools: Tools = app.state.tools
        self.post = post

    async def see(self, path: str, status: int = 200) -> Element:
        """Open a page: it is valid HTML and answered with this status."""
        answer = await self.client.get(path)
        assert answer.status_code == status, answer.text
        return parse(answer.text)

    async def press(self, path: str, key: str = "", **fields: Any) -> httpx.Response:
        """Send a form."""
        return await self.client.post(path, data={**fields, "einmal": key or one_time_key()})

    async def subscribed(self, name: str = "delivered") -> tuple[str, str]:
        """Subscribe and confirm: the paths of the preferences and of the end."""
        found = await subscribe(self.post, name)
        tokens = [self.tools.links.token(kind, found.id, 1) for kind in (PREFERENCES, UNSUBSCRIBE)]
        return f"/notifications/m/{tokens[0]}", f"/notifications/unsubscribe/{tokens[1]}"

    async def confirm_path(self) -> str:
        """Where the newest request is confirmed."""
        rows = await self.post.rows("select id from subscription_requests order by asked_at desc, id limit 1")
        return f"/notifications/confirm/{self.tools.links.token(CONFIRM, rows[0].id, 1)}"


def heading(tree: Element) -> str:
    return words(next(tree.iter("h1")))


def content(tree: Element) -> str:
    return words(by_id(tree, "inhalt"))


AREA = "/notifications/staff"


async def page(client: httpx.AsyncClient, path: str) -> str:
    """What a page says."""
    answer = await client.get(AREA + path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return words(parse(answer.text))


@asynccontextmanager
async def clerk(tools: Tools, **changes: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who is signed in."""
    base = tools.settings.sms_webhook_url.partition("/notifications")[0]  # type: ignore[attr-defined]
    headers = {"Cookie": cookie_of(tools, somebody(**changes))}
    async with Browsing(base_url=base, headers=headers) as client:
        yield client
