"""What notices are for, and what holds for every notice of a purpose."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


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
    for links.
    """

    if_unknown: IfUnknown
    optional: bool = False
    asks: bool = False
    reported: bool = True


_FOR_SUBSCRIBERS = Policy(IfUnknown.LEAVE, optional=True, reported=False)


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
        Purpose.SUBSCRIPTION: _FOR_SUBSCRIBERS,
        Purpose.SUBSCRIPTION_LINK: _FOR_SUBSCRIBERS,
        Purpose.CLOSURE: _FOR_SUBSCRIBERS,
        Purpose.CLOSURE_LIFTED: _FOR_SUBSCRIBERS,
        Purpose.STOPS: _FOR_SUBSCRIBERS,
        Purpose.STOP_CHANGED: _FOR_SUBSCRIBERS,
        Purpose.STOP_CANCELLED: _FOR_SUBSCRIBERS,
        Purpose.DIGEST: _FOR_SUBSCRIBERS,
        Purpose.BARRIER: Policy(IfUnknown.LEAVE, reported=False),
    }
)
