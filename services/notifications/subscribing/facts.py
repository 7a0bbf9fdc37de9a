"""The fact of a subscription, and the addresses of its pages."""

from datetime import datetime
from uuid import UUID

from services.notifications.subscribing.queries import Subscription
from shared.events.notifications import SubscriptionConfirmed, SubscriptionState
from shared.tools import Tools
from shared.web.i18n import language as page_language

CONFIRM = "subscription-request"
PREFERENCES = "subscription"
UNSUBSCRIBE = "unsubscribe"
"""The kinds of secret links."""


def subscription_fact(
    found: Subscription, version: int, now: datetime, *, ended: bool = False
) -> SubscriptionConfirmed:
    """SubscriptionConfirmed, with the subscription as it is."""
    wishes = found.wishes
    return SubscriptionConfirmed(
        id=found.id,
        version=version,
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


def confirm_url(tools: Tools, request: UUID, language: str) -> str:
    """Where wishes are confirmed."""
    return _url(tools, language, "confirm", tools.links.token(CONFIRM, request, 1))


def preferences_url(tools: Tools, id: UUID, generation: int, language: str) -> str:
    """Where a subscription can be seen and changed."""
    return _url(tools, language, "m", tools.links.token(PREFERENCES, id, generation))


def unsubscribe_url(tools: Tools, id: UUID, generation: int, language: str) -> str:
    """Where a subscription is ended: by POST at once (RFC 8058), by a button for people."""
    return _url(tools, language, "unsubscribe", tools.links.token(UNSUBSCRIBE, id, generation))


def _url(tools: Tools, language: str, page: str, token: str) -> str:
    prefix = page_language(language).prefix
    return f"{tools.settings.platform.public_url}{prefix}/notifications/{page}/{token}"
