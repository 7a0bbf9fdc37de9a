"""Reactions to facts of other services."""

from collections.abc import Mapping

from services.notifications.links.usecases import take_request
from services.notifications.news.domain import NEWS
from services.notifications.news.usecases import take_news
from services.notifications.telling.usecases import take_fact
from shared.act import Act
from shared.events.base import Fact, Received
from shared.events.links import LinksRequested
from shared.events.personal import PersonalFact
from shared.events.registry import FACTS
from shared.reactions import Reaction


async def on_personal_fact(act: Act, received: Received[PersonalFact]) -> None:
    """Tell a person what became of their matter. Some matters, such as most tickets, belong to nobody we know."""
    if received.fact.personal.person_key:
        await take_fact(act, received)


async def on_links_requested(act: Act, received: Received[LinksRequested]) -> None:
    """Send somebody the links of what is open for their address."""
    await take_request(act, received)


async def on_news(act: Act, received: Received[Fact]) -> None:
    """Tell subscribers what is new in their district."""
    await take_news(act, received)


REACTIONS: Mapping[type[Fact], Reaction] = {
    **{fact: on_personal_fact for fact in FACTS if issubclass(fact, PersonalFact)},
    LinksRequested: on_links_requested,
    **dict.fromkeys(NEWS, on_news),
}
