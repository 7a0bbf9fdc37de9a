"""Rules of the desk: arrivals, missed people, why the city moves or cancels, the people to call."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from services.appointments.booking.domain import COMING, Status
from shared.clock import BERLIN
from shared.events.appointments import DecidedBy, KnownReason
from shared.problems import Problem


class Reason(StrEnum):
    """Why an appointment moves or is cancelled at the desk."""

    ASKED = "asked"
    ILLNESS = "illness"
    CLOSED = "closed"
    TECHNICAL = "technical"


def decision(reason: Reason) -> tuple[DecidedBy, KnownReason | None]:
    """The one that decided, and why; somebody asking for it on the phone decided it themselves."""
    return (DecidedBy.CITIZEN, None) if reason is Reason.ASKED else (DecidedBy.STAFF, KnownReason(reason))


def may_arrive(status: Status, starts_at: datetime, now: datetime) -> bool:
    """Whether somebody can be noted as here: on the day of the appointment, early or late."""
    return status is Status.CONFIRMED and starts_at.astimezone(BERLIN).date() == now.astimezone(BERLIN).date()


def may_take_back(status: Status) -> bool:
    """Whether an arrival can be corrected: it was never told to anybody."""
    return status is Status.ARRIVED


def may_miss(status: Status, starts_at: datetime, now: datetime) -> bool:
    """Whether somebody can be noted as missed: they had until the start, and stays missed, for they are told."""
    return status is Status.CONFIRMED and starts_at <= now


def may_change(status: Status, starts_at: datetime, now: datetime) -> bool:
    """Whether an appointment, or what is offered instead of it, can still be moved or cancelled."""
    return status in COMING | {Status.OFFERED} and now < starts_at


CHANGES = frozenset({"rescheduling", "delay", "alternative", "cancellation"})
"""The purposes of notices that somebody without any channel has to hear as well."""


NEVER_CALLED = frozenset({"missed", "turn", "hall-closed", "offer-ended", "waiting-over"})
"""The purposes of notices that change nothing any more, or come too late for a call."""


def must_call(purpose: str, channels: Sequence[str]) -> bool:
    """Whether staff should call when a notice reached nobody.

    Somebody that wanted no messages has a printed slip and is called only when something changes; one that did not
    come, never.
    """
    return purpose not in NEVER_CALLED and (bool(channels) or purpose in CHANGES)


class NotNow(Problem):
    status = 409
    slug = "not-now"
    title = "This is not possible as the appointment stands now"
