"""Who is told what: one table, and the notices that follow from a fact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import get_args
from uuid import UUID, uuid5

from shared.calendar import previous_working_day
from shared.clock import BERLIN
from shared.due import Urgency
from shared.events.appointments import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentFact,
    AppointmentRescheduled,
    AppointmentState,
    Channel,
    Contact,
    DecidedBy,
)

CHANNELS: tuple[str, ...] = get_args(Channel)
NO_CHANNEL = "none"

REMINDER_TIME = time(16)
NOTICE_OF_CHANGE = timedelta(hours=24)
WAY_TO_THE_COUNTER = timedelta(hours=1)


class Purpose(StrEnum):
    """What a notice is for."""

    CONFIRMATION = "confirmation"
    RESCHEDULING = "rescheduling"
    REMINDER = "reminder"
    CANCELLATION = "cancellation"


class When(StrEnum):
    """When a notice is due."""

    AT_ONCE = "at once"
    DAY_BEFORE = "16:00 of the working day before; none if booked later"


class Until(StrEnum):
    """How long a notice is worth sending; later it expires, visibly."""

    START = "the start"
    HOUR_BEFORE = "one hour before the start"


class QuietHours(StrEnum):
    """What a notice does from 20 to 8 o'clock, on Sundays and on public holidays."""

    IGNORED = "goes at once"
    KEPT_UNTIL_DAY_BEFORE = "waits, but not within 24 hours of the start"
    KEPT = "waits"


class IfUnknown(StrEnum):
    """What follows when nobody can tell whether a message arrived. It is never sent again on the same channel."""

    OTHER_CHANNEL = "other channel"
    LEAVE = "left, staff see it"


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for every notice of a purpose. Optional notices spare addresses that failed or complained."""

    if_unknown: IfUnknown
    optional: bool = False


POLICIES: Mapping[Purpose, Policy] = MappingProxyType(
    {
        Purpose.CONFIRMATION: Policy(IfUnknown.OTHER_CHANNEL),
        Purpose.RESCHEDULING: Policy(IfUnknown.OTHER_CHANNEL),
        Purpose.CANCELLATION: Policy(IfUnknown.OTHER_CHANNEL),
        Purpose.REMINDER: Policy(IfUnknown.LEAVE, optional=True),
    }
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table. `decided_by` narrows a move or a cancellation to who decided it."""

    fact: type[AppointmentFact]
    purpose: Purpose
    urgency: Urgency
    due: When
    useful_until: Until
    quiet_hours: QuietHours
    decided_by: frozenset[DecidedBy] = frozenset(DecidedBy)
    role: str = "citizen"

    def applies_to(self, fact: AppointmentFact) -> bool:
        """Whether a fact calls for this notice."""
        return isinstance(fact, self.fact) and (
            not isinstance(fact, (AppointmentRescheduled, AppointmentCancelled)) or fact.by in self.decided_by
        )


BY_CITIZEN = frozenset({DecidedBy.CITIZEN})
BY_US = frozenset({DecidedBy.STAFF, DecidedBy.CITY})

WHO_IS_TOLD = (
    Rule(
        AppointmentBooked,
        Purpose.CONFIRMATION,
        Urgency.DIRECT,
        When.AT_ONCE,
        Until.START,
        QuietHours.IGNORED,
    ),
    Rule(
        AppointmentBooked,
        Purpose.REMINDER,
        Urgency.REMINDER,
        When.DAY_BEFORE,
        Until.HOUR_BEFORE,
        QuietHours.KEPT,
    ),
    Rule(
        AppointmentRescheduled,
        Purpose.RESCHEDULING,
        Urgency.DIRECT,
        When.AT_ONCE,
        Until.START,
        QuietHours.IGNORED,
        BY_CITIZEN,
    ),
    Rule(
        AppointmentRescheduled,
        Purpose.RESCHEDULING,
        Urgency.URGENT,
        When.AT_ONCE,
        Until.START,
        QuietHours.KEPT_UNTIL_DAY_BEFORE,
        BY_US,
    ),
    Rule(
        AppointmentRescheduled,
        Purpose.REMINDER,
        Urgency.REMINDER,
        When.DAY_BEFORE,
        Until.HOUR_BEFORE,
        QuietHours.KEPT,
    ),
    Rule(
        AppointmentCancelled,
        Purpose.CANCELLATION,
        Urgency.DIRECT,
        When.AT_ONCE,
        Until.START,
        QuietHours.IGNORED,
        BY_CITIZEN,
    ),
    Rule(
        AppointmentCancelled,
        Purpose.CANCELLATION,
        Urgency.URGENT,
        When.AT_ONCE,
        Until.START,
        QuietHours.KEPT_UNTIL_DAY_BEFORE,
        BY_US,
    ),
)


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
    known: AppointmentState | None,
    fact: AppointmentFact,
    contact: Contact | None,
    cause: UUID,
    happened_at: datetime,
) -> list[NoticePlan]:
    """The notices a new fact calls for.

    Args:
        known: the state known before; None for a matter not heard of. Only what differs from it is told.
        fact: newer than what was known.
        contact: how to reach the person; None once they were erased, and nothing is told.
        cause: the first fact of the chain. It is part of every id, so that no chain tells anything twice.
        happened_at: when the fact happened, however late it arrives.
    """
    new = fact.appointment
    if contact is None or (known is not None and not differs(known, new)):
        return []
    plans = []
    for rule in WHO_IS_TOLD:
        due_at = _due_at(rule.due, new, happened_at)
        if rule.applies_to(fact) and due_at is not None:
            first, reachable = channels_for(new.channels, contact)
            plans.append(
                NoticePlan(
                    id=notice_id(cause, fact.id, new.person_key, rule.purpose),
                    purpose=rule.purpose,
                    recipient=new.person_key,
                    urgency=rule.urgency,
                    due_at=due_at,
                    useful_until=new.starts_at
                    - (WAY_TO_THE_COUNTER if rule.useful_until is Until.HOUR_BEFORE else timedelta()),
                    loud_from=_loud_from(rule.quiet_hours, fact, happened_at),
                    messages={
                        channel: message_id(cause, fact.id, new.person_key, rule.purpose, channel)
                        for channel in first or [NO_CHANNEL]
                    },
                    reachable=reachable,
                )
            )
    return plans


def notice_id(cause: UUID, matter: UUID, recipient: str, purpose: Purpose) -> UUID:
    """The same for whoever computes it, however often: one person is told one thing once per cause."""
    return uuid5(cause, f"{matter}/{recipient}/{purpose}")


def message_id(cause: UUID, matter: UUID, recipient: str, purpose: Purpose, channel: str) -> UUID:
    """The id of a notice's message on one channel; also the sender's reference at the far end."""
    return uuid5(cause, f"{matter}/{recipient}/{purpose}/{channel}")


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


def differs(known: AppointmentState, new: AppointmentState) -> bool:
    """Whether people would notice: another state, another time, another place."""
    return (known.status, known.starts_at, known.place.key) != (new.status, new.starts_at, new.place.key)


def _due_at(when: When, state: AppointmentState, happened_at: datetime) -> datetime | None:
    if when is When.AT_ONCE:
        return happened_at
    day = previous_working_day(state.starts_at.astimezone(BERLIN).date())
    reminder = datetime.combine(day, REMINDER_TIME, BERLIN).astimezone(state.starts_at.tzinfo)
    return reminder if happened_at < reminder else None


def _loud_from(quiet_hours: QuietHours, fact: AppointmentFact, happened_at: datetime) -> datetime | None:
    return {
        QuietHours.IGNORED: happened_at,
        QuietHours.KEPT_UNTIL_DAY_BEFORE: _next_start(fact) - NOTICE_OF_CHANGE,
        QuietHours.KEPT: None,
    }[quiet_hours]


def _next_start(fact: AppointmentFact) -> datetime:
    """When the person would come next if nobody told them: to a moved appointment perhaps at the old time."""
    moved_from = [fact.before.starts_at] if isinstance(fact, AppointmentRescheduled) else []
    return min([fact.appointment.starts_at, *moved_from])
