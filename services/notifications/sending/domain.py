"""What a far end's answer means for a message, and when to try again."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import phonenumbers

from services.notifications.delivery.domain import LOOK_UPS, Event, Message, News, unanswered
from services.notifications.settings import Patience


def number_of(written: str) -> str:
    """A number as a gateway writes it, in E.164, as contacts have it; gateways mostly leave out the plus sign.

    What is no number stays what it is: letters are not read as the digits of their keys.
    """
    if not re.fullmatch(r"\+?[0-9]{5,20}", written):
        return written
    try:
        number = phonenumbers.parse(written if written.startswith(("+", "0")) else f"+{written}", "DE")
    except phonenumbers.NumberParseException:
        return written
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class Answer(StrEnum):
    """How a far end answered.

    Only what was refused, or never reached it, may be sent again. `none`: no answer came to a message handed over.
    """

    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_NOW = "not now"
    TOO_FAST = "too fast"
    AWAY = "away"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Result:
    """A far end's answer. `error` is a class and a code, never its text, which may name people."""

    answer: Answer
    error: str | None = None
    reference: str | None = None
    wait: timedelta | None = None
    address_gone: bool = False


def news_of(result: Result, message: Message, patience: Patience, now: datetime) -> News:
    """What an answer means for the message that is being sent."""
    match result.answer:
        case Answer.DELIVERED:
            return News(Event.DELIVERED, reference=result.reference)
        case Answer.ACCEPTED:
            return News(Event.ACCEPTED, reference=result.reference)
        case Answer.REFUSED:
            return News(Event.REFUSED, error=result.error, address_gone=result.address_gone)
        case Answer.NONE:
            return News(unanswered(message.channel), error=result.error)
        case Answer.NOT_NOW if message.tries + 1 >= patience.tries:
            return News(Event.REFUSED, error=result.error)
    return News(
        Event.POSTPONED,
        error=result.error,
        again_at=now + (_pause(result.answer, message.attempts, patience) if result.wait is None else result.wait),
        counts=result.answer is Answer.NOT_NOW,
    )


def news_of_look_up(found: Result | None, message: Message) -> News:
    """What the provider's knowledge of a message means; `found` is None when it has none, or cannot be asked."""
    match found:
        case Result(answer=Answer.DELIVERED):
            return News(Event.DELIVERED, reference=found.reference)
        case Result(answer=Answer.REFUSED):
            return News(Event.REFUSED, error=found.error, reference=found.reference)
        case Result():
            return News(Event.ACCEPTED, reference=found.reference)
    if message.tries + 1 >= LOOK_UPS:
        return News(Event.LOST, error=message.error)
    return News(Event.UNCLEAR, error=message.error, counts=True)


def _pause(answer: Answer, attempts: int, patience: Patience) -> timedelta:
    """The next pause, with jitter so that messages refused together do not come back together."""
    longest = patience.away_longest if answer is Answer.AWAY else patience.longest
    pause: timedelta = min(longest, patience.first * 2 ** min(attempts - 1, 16))
    return pause * random.uniform(0.5, 1)  # noqa: S311 - jitter is no secret


SETBACKS = 3
"""So many failures in a row make a gateway one to skip; being away, or asking to slow down, does so at once."""
FIRST_SKIP = timedelta(seconds=30)
LONGEST_SKIP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an SMS gateway stands; `setbacks` counts its failures since it last did what it should.

    While it is skipped, messages go through another one, if there is one that is not.
    """

    setbacks: int = 0
    skipped_until: datetime | None = None
    reason: str | None = None

    def is_skipped(self, now: datetime) -> bool:
        """Whether others go first at the moment."""
        return self.skipped_until is not None and now < self.skipped_until

    def after(self, result: Result, now: datetime) -> "Standing":
        """How it stands once it answered. Failures of messages that were underway when it was skipped count no more."""
        if result.answer in (Answer.DELIVERED, Answer.ACCEPTED, Answer.REFUSED):
            return Standing()
        if self.is_skipped(now):
            return self
        at_once = result.answer in (Answer.AWAY, Answer.TOO_FAST)
        setbacks = max(self.setbacks + 1, SETBACKS if at_once else 0)
        if setbacks < SETBACKS:
            return Standing(setbacks)
        skip: timedelta = min(LONGEST_SKIP, FIRST_SKIP * 2 ** min(setbacks - SETBACKS, 16))
        return Standing(setbacks, now + max(skip, result.wait or skip), result.error)


def gateway_for(standings: Mapping[str, Standing], now: datetime) -> str:
    """The gateway to use now: the first in order that is not skipped, else the one whose turn comes soonest."""
    return min(standings, key=lambda name: _skipped_for(standings[name], now))


def another_can(standings: Mapping[str, Standing], name: str, now: datetime) -> bool:
    """Whether another gateway can take at once what this one could not."""
    return standings[name].is_skipped(now) and not standings[gateway_for(standings, now)].is_skipped(now)


def _skipped_for(standing: Standing, now: datetime) -> timedelta:
    until = standing.skipped_until
    return until - now if until and until > now else timedelta()
