"""Reactions to facts of other services."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.links.usecases import take_request
from services.notifications.news.domain import NEWS
from services.notifications.news.usecases import take_news
from services.notifications.telling.usecases import take_fact
from shared.events.base import Fact, Received
from shared.events.links import LinksRequested
from shared.events.personal import PersonalFact
from shared.events.registry import FACTS
from shared.reactions import Reaction
from shared.tools import Tools


async def on_personal_fact(conn: AsyncConnection, tools: Tools, received: Received[PersonalFact]) -> None:
    """Tell a person what became of their matter. Some matters, such as most tickets, belong to nobody we know."""
    if received.fact.personal.person_key:
        await take_fact(conn, tools, received, tools.clock.now())


async def on_links_requested(conn: AsyncConnection, tools: Tools, received: Received[LinksRequested]) -> None:
    """Send somebody the links of what is open for their address."""
    await take_request(conn, tools, received, tools.clock.now())


async def on_news(conn: AsyncConnection, tools: Tools, received: Received[Fact]) -> None:
    """Tell subscribers what is new in their district."""
    await take_news(conn, tools, received, tools.clock.now())


REACTIONS: Mapping[type[Fact], Reaction] = {
    **{fact: on_personal_fact for fact in FACTS if issubclass(fact, PersonalFact)},
    LinksRequested: on_links_requested,
    **dict.fromkeys(NEWS, on_news),
}
