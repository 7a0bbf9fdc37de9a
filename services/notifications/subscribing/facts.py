"""The fact of a subscription, and the addresses of its pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from services.notifications.subscribing.queries import Subscription
from shared.events.notifications import SubscriptionConfirmed, SubscriptionState
from shared.tools import Tools
from shared.web.i18n import language as page_language

CONFIRM = "subscription-request"
PREFERENCES = "subscription"
UNSUBSCRIBE = "unsubscribe"
"""The kinds of secret links."""


_PAGES: Mapping[str, str] = MappingProxyType({CONFIRM: "confirm", PREFERENCES: "m", UNSUBSCRIBE: "unsubscribe"})


@dataclass(frozen=True, slots=True)
class Reader:
    """The owner of a secret page: the id of a subscription or request, the generation of its links, its language."""

    id: UUID
    generation: int
    language: str


def subscription_fact(found: Subscription, now: datetime, *, ended: bool = False) -> SubscriptionConfirmed:
    """SubscriptionConfirmed, with the subscription as it is; ended it is one version later."""
    wishes = found.wishes
    return SubscriptionConfirmed(
        id=found.id,
        version=found.version + ended,
        subscription=SubscriptionState(
            status="ended" if ended else "confirmed",
            channel="mail" if found.channel == "mail" else "sms",
            districts=list(wishes.districts),
            quarters=list(wishes.quarters),
            topics=list(wishes.topics),
            language=wishes.language,
            digest=wishes.digest,
            at=now,
        ),
    )


def secret_url(tools: Tools, kind: str, reader: Reader) -> str:
    """The address of a secret page.

    Args:
        kind: where wishes are confirmed (`CONFIRM`), a subscription is seen and changed (`PREFERENCES`), or ended: by
            POST at once (RFC 8058), by a button for people (`UNSUBSCRIBE`).
    """
    prefix, token = page_language(reader.language).prefix, tools.links.token(kind, reader.id, reader.generation)
    return f"{tools.settings.platform.public_url}{prefix}/notifications/{_PAGES[kind]}/{token}"
