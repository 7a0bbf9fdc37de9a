"""What a far end's answer means for a message, and when to try again."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifications.delivery.domain import LOOK_UPS, Event, Message, News, unanswered


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


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on trying.

    Pauses double from `first` to `longest`, or to `away_longest` while the far end cannot be reached at all. `tries`
    limits refusals of the message; a far end that is away or asks to slow down uses none of them up.
    """

    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=15)
    away_longest: timedelta = timedelta(minutes=1)
    tries: int = 12


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
        again_at=now + (result.wait or _pause(result.answer, message.attempts, patience)),
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
