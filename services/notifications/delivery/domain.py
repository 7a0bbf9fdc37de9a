"""The life of a notice and its messages: states, what may follow what, fallback, outcome."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from services.notifications.purposes import CHANNELS, POLICIES, IfUnknown, NoticeKey, Purpose
from shared.calendar import end_of_quiet
from shared.due import Urgency, Work
from shared.events.notifications import Outcome

SEND = "send"
LOOK_UP = "look-up"
RECEIPT_TIMEOUT = "receipt-timeout"

CAN_BE_LOOKED_UP = frozenset({"sms"})
RECEIPT_WAIT = timedelta(hours=72)
LOOK_UPS = 5
FIRST_LOOK_UP = timedelta(seconds=2)


class State(StrEnum):
    """Where a message stands. The terminal states are the outcomes.

    `checking`: nobody answered, the provider is being asked. `accepted`: the provider has it, its receipt is awaited.
    """

    WAITING = "waiting"
    SENDING = "sending"
    CHECKING = "checking"
    ACCEPTED = "accepted"
    DELIVERED = Outcome.DELIVERED.value
    FAILED = Outcome.FAILED.value
    SUPERSEDED = Outcome.SUPERSEDED.value
    EXPIRED = Outcome.EXPIRED.value
    SUPPRESSED = Outcome.SUPPRESSED.value
    UNKNOWN = Outcome.UNKNOWN.value
    NO_CHANNEL = Outcome.NO_CHANNEL.value


class Event(StrEnum):
    """What can happen to a message."""

    BEGUN = "begun"
    POSTPONED = "postponed"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    REFUSED = "refused"
    BOUNCED = "bounced"
    UNANSWERED = "unanswered"
    UNCLEAR = "unclear"
    LOST = "lost"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"


_UNDERWAY = frozenset({State.SENDING, State.CHECKING, State.ACCEPTED})
_OPEN = frozenset({State.WAITING, *_UNDERWAY})

TRANSITIONS: Mapping[Event, tuple[frozenset[State], State]] = MappingProxyType(
    {
        Event.BEGUN: (frozenset({State.WAITING}), State.SENDING),
        Event.POSTPONED: (frozenset({State.SENDING}), State.WAITING),
        Event.ACCEPTED: (frozenset({State.SENDING, State.CHECKING}), State.ACCEPTED),
        Event.DELIVERED: (_OPEN | {State.UNKNOWN}, State.DELIVERED),
        Event.REFUSED: (_OPEN | {State.UNKNOWN}, State.FAILED),
        Event.BOUNCED: (frozenset({State.SENDING, State.DELIVERED, State.UNKNOWN}), State.FAILED),
        Event.UNANSWERED: (frozenset({State.SENDING}), State.CHECKING),
        Event.UNCLEAR: (frozenset({State.CHECKING}), State.CHECKING),
        Event.LOST: (_UNDERWAY, State.UNKNOWN),
        Event.SUPERSEDED: (frozenset({State.WAITING}), State.SUPERSEDED),
        Event.EXPIRED: (frozenset({State.WAITING}), State.EXPIRED),
        Event.SUPPRESSED: (frozenset({State.WAITING}), State.SUPPRESSED),
    }
)
"""Per event the states it may find, and the state that follows. Found in any other state it changes nothing: it is a
duplicate, or late."""


class Spared(StrEnum):
    """Why an address gets no optional messages."""

    UNDELIVERABLE = "undeliverable"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened to a message.

    `error` says in a word and a code what went wrong, `reference` is the provider's id. `again_at` is when a postponed
    message is tried again; `counts` whether that uses up one of its tries. `address_gone`: the address does not exist.
    `gateway` is the SMS gateway it is handed to.
    """

    event: Event
    error: str | None = None
    reference: str | None = None
    again_at: datetime | None = None
    counts: bool = False
    address_gone: bool = False
    gateway: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A notice on one channel.

    `attempts` counts how often sending began, `tries` what uses up the limit of retries. `gateway` is the one an SMS
    was handed to last, the only one that may know of it.
    """

    id: UUID
    channel: str
    state: State = State.WAITING
    attempts: int = 0
    tries: int = 0
    error: str | None = None
    reference: str | None = None
    gateway: str | None = None

    @property
    def outcome(self) -> Outcome | None:
        """The terminal outcome; None while the message is underway."""
        return None if self.state in _OPEN else Outcome(self.state.value)


@dataclass(frozen=True, slots=True)
class Notice:
    """Telling one person one thing about one matter, with the messages made for it so far.

    `addresses` holds, per channel the person can be reached on, the key of the address. `facts` counts the facts
    published of this notice.
    """

    id: UUID
    matter: UUID
    matter_version: int
    cause: UUID
    recipient: str
    purpose: Purpose
    urgency: Urgency
    useful_until: datetime
    loud_from: datetime | None
    addresses: Mapping[str, str]
    messages: tuple[Message, ...]
    outcome: Outcome | None = None
    facts: int = 0

    def message(self, id: UUID) -> Message:
        """One of its messages."""
        return next(message for message in self.messages if message.id == id)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why an address is written to: what is told of which matter, and how long that is of use."""

    matter: UUID
    matter_version: int
    cause: UUID
    purpose: Purpose
    urgency: Urgency
    useful_until: datetime
    loud_from: datetime | None = None

    def notice_to(self, address: str, channel: str) -> Notice:
        """A notice to an address (its key), on its channel alone; computed again it has the same ids."""
        key = NoticeKey(self.cause, self.matter, address, self.purpose)
        return Notice(
            id=key.id,
            matter=self.matter,
            matter_version=self.matter_version,
            cause=self.cause,
            recipient=address,
            purpose=self.purpose,
            urgency=self.urgency,
            useful_until=self.useful_until,
            loud_from=self.loud_from,
            addresses={channel: address},
            messages=(Message(key.message_id(channel), channel),),
        )


def next_step(
    notice: Notice, message: Message, outdated: bool, spared: Spared | None, now: datetime
) -> News | datetime:
    """What to do with a message that is due.

    Args:
        outdated: whether the matter has moved on since the notice was planned.
        spared: why the address gets no optional messages, if so.

    Returns:
        What happens to it, or until when it waits.
    """
    if message.state is State.SENDING:
        # Whoever claimed it is gone: it may or may not have been sent.
        return News(unanswered(message.channel), error="interrupted")
    if outdated:
        return News(Event.SUPERSEDED)
    if now >= notice.useful_until:
        return News(Event.EXPIRED)
    if spared and POLICIES[notice.purpose].optional:
        if spared is Spared.COMPLAINT:
            return News(Event.SUPPRESSED, error=spared)
        return News(Event.REFUSED, error=spared)
    if (wake := not_before(notice, now)) > now:
        return News(Event.EXPIRED, error="quiet hours") if wake >= notice.useful_until else wake
    return News(Event.BEGUN)


def not_before(notice: Notice, moment: datetime) -> datetime:
    """When a message due at a moment may go out: at once, or when the quiet hours no longer hold it back."""
    wake = end_of_quiet(moment)
    return wake if notice.loud_from is None else max(moment, min(wake, notice.loud_from))


def unanswered(channel: str) -> Event:
    """What it means that no answer came: ask the provider where it can be asked, else nobody will ever know."""
    return Event.UNANSWERED if channel in CAN_BE_LOOKED_UP else Event.LOST


def apply(notice: Notice, message_id: UUID, news: News, now: datetime) -> tuple[Notice, list[Work]]:
    """Let something happen to a message.

    Returns:
        The notice afterwards, with the fallback message if there now is one, and the work that follows. The notice
        itself if the news changes nothing.
    """
    message = notice.message(message_id)
    allowed, state = TRANSITIONS[news.event]
    if message.state not in allowed:
        return notice, []
    changed = replace(
        message,
        state=state,
        attempts=message.attempts + (news.event is Event.BEGUN),
        tries=message.tries + news.counts if news.event is not Event.UNANSWERED else 0,
        error=news.error,
        reference=news.reference or message.reference,
        gateway=news.gateway or message.gateway,
    )
    messages = tuple(changed if each.id == message_id else each for each in notice.messages)
    work = _work_for(notice, changed, news, now)
    fallback = _fallback(notice, changed, now)
    if fallback:
        messages += (fallback,)
        work.append(Work(SEND, str(fallback.id), now, notice.urgency))
    return replace(notice, messages=messages, outcome=outcome_of(messages)), work


def outcome_of(messages: Iterable[Message]) -> Outcome | None:
    """The outcome of a notice: delivered by any message, else open while one is underway, else why it was not."""
    outcomes = {message.outcome for message in messages}
    return next(
        outcome
        for outcome in (
            Outcome.DELIVERED,
            None,
            Outcome.SUPERSEDED,
            Outcome.UNKNOWN,
            Outcome.FAILED,
            Outcome.EXPIRED,
            Outcome.SUPPRESSED,
            Outcome.NO_CHANNEL,
        )
        if outcome in outcomes
    )


def _work_for(notice: Notice, message: Message, news: News, now: datetime) -> list[Work]:
    key = str(message.id)
    if message.state is State.WAITING:
        again_at = min(news.again_at or now, notice.useful_until)
        return [Work(SEND, key, again_at, notice.urgency)]
    if message.state is State.CHECKING:
        return [Work(LOOK_UP, key, now + FIRST_LOOK_UP * 2**message.tries, notice.urgency)]
    if message.state is State.ACCEPTED:
        return [Work(RECEIPT_TIMEOUT, key, now + RECEIPT_WAIT, Urgency.BULK)]
    return []


def _fallback(notice: Notice, message: Message, now: datetime) -> Message | None:
    """A message on a channel not used yet, if this one failed and there is still time."""
    failed = message.state is State.FAILED
    in_doubt = message.state is State.UNKNOWN and POLICIES[notice.purpose].if_unknown is IfUnknown.OTHER_CHANNEL
    if not (failed or in_doubt) or now >= notice.useful_until:
        return None
    used = {each.channel for each in notice.messages}
    key = NoticeKey(notice.cause, notice.matter, notice.recipient, notice.purpose)
    for channel in CHANNELS:
        if channel in notice.addresses and channel not in used:
            return Message(key.message_id(channel), channel)
    return None
