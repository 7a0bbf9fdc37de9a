"""People that ask for their links."""

from typing import Any

from services.notifications.consumers import on_links_requested
from shared.act import acting
from shared.events.links import LinksRequested
from shared.people import Person
from shared.tools import Tools
from tests.notifications.facts import (
    links_requested,
    received,
)
from tests.notifications.kit import Post

MAIL = "delivered@simulator.stadt.example"


def pseudonym(post: Post, **address: str) -> str:
    return Tools(post.settings).people.person_key(Person(name="", **address))


async def ask(post: Post, request: LinksRequested) -> None:
    """Let the service take a request."""
    tools = Tools(post.settings)
    async with acting(tools) as act:
        asked = received(request)
        await on_links_requested(act.following(asked), asked)
    await tools.db.close()


async def asked_by_mail(post: Post, **changes: Any) -> LinksRequested:
    request = links_requested(person_key=pseudonym(post, mail=MAIL), **changes)
    await ask(post, request)
    return request
