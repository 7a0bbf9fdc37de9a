"""What people are told: the rows of the table, and the notices that follow from a fact."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from services.notifications.purposes import CHANNELS, NoticeKey, Purpose
from shared.due import Urgency
from shared.events.base import Received
from shared.events.personal import Contact, PersonalFact

NO_CHANNEL = "none"

F = TypeVar("F", bound=PersonalFact)
F_contra = TypeVar("F_contra", bound=PersonalFact, contravariant=True)


@dataclass(frozen=True, slots=True)
class Moment(Generic[F_contra]):
    """A moment, and the table's words for it.

    It follows from a fact and from when that happened; None if there is no such moment.
    """

    words: str
    of: Callable[[F_contra, datetime], datetime | None]


@dataclass(frozen=True, slots=True)
class Condition(Generic[F_contra]):
    """What a fact must be like, and the table's words for it, such as "by citizen"."""

    words: str
    holds: Callable[[F_contra], bool]


AT_ONCE: Moment[PersonalFact] = Moment("at once", lambda _, happened_at: happened_at)

QUIET_HOURS_IGNORED: Moment[PersonalFact] = Moment("goes at once", lambda _, happened_at: happened_at)
QUIET_HOURS_KEPT: Moment[PersonalFact] = Moment("waits", lambda _, happened_at: None)

ALWAYS: Condition[PersonalFact] = Condition("", lambda _: True)


@dataclass(frozen=True, slots=True)
class Rule(Generic[F]):
    """A row of the table: which fact makes us tell what.

    `due` is when the notice is given, `useful_until` how long it is worth sending; without one of them there is no
    notice. `quiet_hours` is the moment from which quiet hours (20 to 8 o'clock, Sundays, public holidays) no longer
    hold it back.
    """

    fact: type[F]
    purpose: Purpose
    urgency: Urgency
    due: Moment[F]
    useful_until: Moment[F]
    quiet_hours: Moment[F]
    only: Condition[F] = ALWAYS
    role: str = "citizen"

    def applies_to(self, fact: PersonalFact) -> bool:
        """Whether a fact calls for this notice."""
        return isinstance(fact, self.fact) and self.only.holds(fact)


@dataclass(frozen=True, slots=True)
class MatterKind(Generic[F]):
    """A kind of matter people are told about.

    `fact` is what its facts have in common. `differs` says whether people would notice a difference between the fact
    known and a newer one; only then they are told, and what was not yet told is superseded.
    """

    fact: type[F]
    rules: tuple[Rule[Any], ...]
    differs: Callable[[F, F], bool]


@dataclass(frozen=True, slots=True)
class NoticePlan:
    """A notice to give.

    `loud_from` is the moment from which quiet hours no longer hold it back (None: never). `messages` are the ids of the
    messages to send, by channel; `reachable` names all channels the person can be reached on, those of `messages` among
    them: the others are the fallback.
    """

    id: UUID
    purpose: Purpose
    recipient: str
    urgency: Urgency
    due_at: datetime
    useful_until: datetime
    loud_from: datetime | None
    messages: Mapping[str, UUID]
    reachable: Sequence[str]


def notices_for(
    kind: MatterKind[F], known: F | None, received: Received[F], contact: Contact | None
) -> list[NoticePlan]:
    """The notices a new fact calls for.

    Args:
        kind: the kind of matter it is about.
        known: the newest fact known before; None for a matter not heard of. Only what differs from it is told.
        received: newer than what was known. Moments are counted from when it happened, however late it arrives. Its
            cause is part of every id, so that no chain tells anything twice.
        contact: how to reach the person; None once they were erased, and nothing is told.
    """
    fact, happened_at = received.fact, received.occurred_at
    if contact is None or (known is not None and not kind.differs(known, fact)):
        return []
    person = fact.personal.person_key
    plans = []
    for rule in kind.rules:
        if not rule.applies_to(fact):
            continue
        due_at, useful_until = rule.due.of(fact, happened_at), rule.useful_until.of(fact, happened_at)
        if due_at is None or useful_until is None:
            continue
        first, reachable = channels_for(fact.personal.channels, contact)
        key = NoticeKey(received.cause, fact.id, person, rule.purpose)
        plans.append(
            NoticePlan(
                id=key.id,
                purpose=rule.purpose,
                recipient=person,
                urgency=rule.urgency,
                due_at=due_at,
                useful_until=useful_until,
                loud_from=rule.quiet_hours.of(fact, happened_at),
                messages={channel: key.message_id(channel) for channel in first or [NO_CHANNEL]},
                reachable=reachable,
            )
        )
    return plans


def channels_for(chosen: Sequence[str], contact: Contact) -> tuple[list[str], list[str]]:
    """The channels to use at once, and all that can be used.

    Those the person chose, as far as an address is known; if there is none, the first that is known.
    """
    addresses = {"mail": contact.mail, "sms": contact.phone}
    reachable = [channel for channel in CHANNELS if addresses[channel]]
    return [channel for channel in reachable if channel in chosen] or reachable[:1], reachable


def address_of(contact: Contact, channel: str) -> str:
    """The address on a channel the contact is reachable on."""
    address = contact.mail if channel == "mail" else contact.phone
    if address is None:
        raise ValueError(f"There is no address for {channel}.")
    return address
