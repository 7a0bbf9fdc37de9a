"""Facts of `notifications`: what became of telling people, what they answered and want to hear. No personal data."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import Fact, FactPart, Privacy, Several


class Outcome(StrEnum):
    """The terminal outcomes of a message; a message due ends in exactly one of them."""

    DELIVERED = "delivered"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"
    NO_CHANNEL = "no_channel"


class Tried(FactPart):
    """One message of a notice and how it ended; `error` is the class of the last error, for staff."""

    message: UUID
    channel: Literal["mail", "sms", "none"]
    outcome: Outcome
    error: str | None = None


class NoticeState(FactPart):
    """A notice: telling one person one thing (`purpose`) about one matter, by one or more messages."""

    matter: UUID
    matter_service: str
    matter_version: int
    purpose: str
    tried: Several[Tried]
    at: AwareDatetime


class NoticeFact(Fact):
    """Telling somebody."""

    service: ClassVar[str] = "notifications"
    privacy: ClassVar[Privacy] = Privacy.OPEN

    notice: NoticeState

    @property
    def alive_until(self) -> datetime:
        return self.notice.at


class NotificationDelivered(NoticeFact):
    """At least one message of the notice reached the person."""


class NotificationFailed(NoticeFact):
    """Nothing reached the person: every channel was tried or none exists. Staff should call."""


class ReplyAnswer(StrEnum):
    """What somebody answered."""

    CANCEL = "cancel"


class ReplyState(FactPart):
    """An answer to a notice, as it was understood; `purpose` is the notice's."""

    matter_service: str
    purpose: str
    answer: ReplyAnswer
    at: AwareDatetime


class ReplyFact(Fact):
    """A reply, and which matter it is about."""

    service: ClassVar[str] = "notifications"
    privacy: ClassVar[Privacy] = Privacy.RESTRICTED

    reply: ReplyState

    @property
    def alive_until(self) -> datetime:
        return self.reply.at


class ReplyReceived(ReplyFact):
    """Somebody answered a notice. `about` is the matter in the newest version `notifications` knew."""


class SubscriptionState(FactPart):
    """What a resident wants to hear, and how; nothing says who.

    `districts` (Stadtbezirke) and `quarters` (Ortsteile) are numbers, `language` is a BCP 47 tag. `digest`: once a day
    instead of at once.
    """

    status: Literal["confirmed", "ended"]
    channel: Literal["mail", "sms"]
    districts: Several[int]
    quarters: Several[int]
    topics: Several[str]
    language: str
    digest: bool
    at: AwareDatetime


class SubscriptionFact(Fact):
    """A subscription."""

    service: ClassVar[str] = "notifications"
    privacy: ClassVar[Privacy] = Privacy.OPEN

    subscription: SubscriptionState

    @property
    def alive_until(self) -> datetime | None:
        return self.subscription.at if self.subscription.status == "ended" else None


class SubscriptionConfirmed(SubscriptionFact):
    """A subscription was confirmed by a message to its address, changed by whoever has its link, or ended."""
