"""What notices are for, what holds for every notice of a purpose, and what makes two notices the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import get_args
from uuid import UUID, uuid5

from shared.events.personal import Channel

CHANNELS: tuple[str, ...] = get_args(Channel)


class Purpose(StrEnum):
    """What a notice is for."""

    CONFIRMATION = "confirmation"
    RESCHEDULING = "rescheduling"
    DELAY = "delay"
    ALTERNATIVE = "alternative"
    REMINDER = "reminder"
    CANCELLATION = "cancellation"
    MISSED = "missed"
    STILL_BOOKED = "still-booked"
    TURN = "turn"
    HALL_CLOSED = "hall-closed"
    WAITING = "waiting"
    SEAT_OFFER = "seat-offer"
    OFFER_ENDED = "offer-ended"
    WAITING_OVER = "waiting-over"
    LINKS = "links"
    SUBSCRIPTION = "subscription"
    SUBSCRIPTION_LINK = "subscription-link"
    CLOSURE = "closure"
    CLOSURE_LIFTED = "closure-lifted"
    STOPS = "stops"
    STOP_CHANGED = "stop-changed"
    STOP_CANCELLED = "stop-cancelled"
    DIGEST = "digest"
    BARRIER = "barrier"


class IfUnknown(StrEnum):
    """What follows when nobody can tell whether a message arrived. It is never sent again on the same channel."""

    OTHER_CHANNEL = "other channel"
    LEAVE = "left, staff see it"


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for every notice of a purpose.

    Optional notices spare addresses that failed or complained. Those that ask say in an SMS what can be answered. Facts
    tell of the outcome of `reported` ones only: no service waits to hear whether a subscriber was reached, or who asked
    for links. `is_news` holds for what subscribers are told; each such message says how to unsubscribe.
    """

    if_unknown: IfUnknown
    optional: bool = False
    asks: bool = False
    reported: bool = True
    is_news: bool = False


_OF_SUBSCRIPTION = Policy(IfUnknown.LEAVE, optional=True, reported=False)
_NEWS = Policy(IfUnknown.LEAVE, optional=True, reported=False, is_news=True)


POLICIES: Mapping[Purpose, Policy] = MappingProxyType(
    {
        Purpose.CONFIRMATION: Policy(IfUnknown.OTHER_CHANNEL),
        Purpose.RESCHEDULING: Policy(IfUnknown.OTHER_CHANNEL),
        Purpose.DELAY: Policy(IfUnknown.OTHER_CHANNEL, asks=True),
        Purpose.ALTERNATIVE: Policy(IfUnknown.OTHER_CHANNEL),
        Purpose.CANCELLATION: Policy(IfUnknown.OTHER_CHANNEL),
        Purpose.REMINDER: Policy(IfUnknown.LEAVE, optional=True, asks=True),
        Purpose.MISSED: Policy(IfUnknown.LEAVE, optional=True),
        Purpose.STILL_BOOKED: Policy(IfUnknown.OTHER_CHANNEL),
        Purpose.TURN: Policy(IfUnknown.LEAVE),
        Purpose.HALL_CLOSED: Policy(IfUnknown.LEAVE),
        Purpose.WAITING: Policy(IfUnknown.OTHER_CHANNEL),
        Purpose.SEAT_OFFER: Policy(IfUnknown.OTHER_CHANNEL),
        Purpose.OFFER_ENDED: Policy(IfUnknown.LEAVE),
        Purpose.WAITING_OVER: Policy(IfUnknown.LEAVE),
        Purpose.LINKS: Policy(IfUnknown.LEAVE, reported=False),
        Purpose.SUBSCRIPTION: _OF_SUBSCRIPTION,
        Purpose.SUBSCRIPTION_LINK: _OF_SUBSCRIPTION,
        Purpose.CLOSURE: _NEWS,
        Purpose.CLOSURE_LIFTED: _NEWS,
        Purpose.STOPS: _NEWS,
        Purpose.STOP_CHANGED: _NEWS,
        Purpose.STOP_CANCELLED: _NEWS,
        Purpose.DIGEST: _NEWS,
        Purpose.BARRIER: Policy(IfUnknown.LEAVE, reported=False),
    }
)

NEWS_PURPOSES = frozenset(purpose for purpose, policy in POLICIES.items() if policy.is_news)
"""The purposes of what subscribers are told."""


@dataclass(frozen=True, slots=True)
class NoticeKey:
    """What makes two notices the same: one person is told one thing of a matter once per cause.

    Its ids are the same however often they are computed.
    """

    cause: UUID
    matter: UUID
    recipient: str
    purpose: Purpose

    @property
    def id(self) -> UUID:
        """The id of the notice."""
        return uuid5(self.cause, self._name)

    def message_id(self, channel: str) -> UUID:
        """The id of the notice's message on one channel; also the sender's reference at the far end."""
        return uuid5(self.cause, f"{self._name}/{channel}")

    @property
    def _name(self) -> str:
        return f"{self.matter}/{self.recipient}/{self.purpose}"
