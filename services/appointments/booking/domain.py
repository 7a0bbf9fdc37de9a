"""Rules of booking: holds, and what a person may type."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from shared.calendar import previous_working_day
from shared.clock import BERLIN
from shared.events.appointments import KnownReason

HOLD = timedelta(minutes=10)
EXTENSION = timedelta(minutes=10)
MOST_EXTENSIONS = 12
"""WCAG 2.2, success criterion 2.2.1, asks for at least ten."""

HOLD_WARNING = timedelta(minutes=2)
"""How long before its end a hold says so; WCAG 2.2, success criterion 2.2.1, asks for 20 seconds to extend it."""


class Status(StrEnum):
    """A held time is not yet an appointment; a confirmed one is binding; the others say how one ended.

    "Arrived" people may still be waiting; "missed" ones did not come. An offered one cannot take place as booked:
    another time is kept for the person to take, until a moment.
    """

    HELD = "held"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    MISSED = "missed"
    OFFERED = "offered"
    CANCELLED = "cancelled"


REASONS: Mapping[KnownReason, str] = MappingProxyType(
    {
        KnownReason.ILLNESS: "Bei uns sind Beschäftigte krank.",
        KnownReason.CLOSED: "Die Station muss schließen.",
        KnownReason.TECHNICAL: "Unsere Technik ist ausgefallen.",
        KnownReason.NOT_TAKEN: "Die Zeit, die wir für Sie freigehalten haben, wurde nicht rechtzeitig angenommen.",
    }
)
"""The city's fixed reasons in its own words; messages say them in every language."""

COMING = frozenset({Status.CONFIRMED, Status.ARRIVED})
"""The states of people expected, or here already."""


def hold_is_over(held_until: datetime | None, now: datetime) -> bool:
    """Whether a hold has ended, to the second."""
    return held_until is None or held_until <= now


def hold_ends_soon(held_until: datetime | None, now: datetime) -> bool:
    """Whether a hold is about to end."""
    return held_until is not None and now < held_until <= now + HOLD_WARNING


def alternative_is_over(status: Status, held_until: datetime | None, now: datetime) -> bool:
    """Whether the time offered instead is no longer kept, to the second."""
    return status is Status.OFFERED and hold_is_over(held_until, now)


def is_changeable(status: Status, held_until: datetime | None, starts_at: datetime, now: datetime) -> bool:
    """Whether the citizen can still move or cancel an appointment."""
    if status not in COMING | {Status.OFFERED} or starts_at <= now:
        return False
    return not alternative_is_over(status, held_until, now)


def held_until(starts_at: datetime, now: datetime) -> datetime:
    """Until when a time is held: never past its start, when nobody can come to it any more."""
    return min(now + HOLD, starts_at)


def extended(held_until: datetime, extensions: int, starts_at: datetime) -> datetime | None:
    """Until when an extension lasts; None when there are no more extensions, or the time begins before."""
    if extensions >= MOST_EXTENSIONS or held_until >= starts_at:
        return None
    return min(held_until + EXTENSION, starts_at)


def will_be_reminded(starts_at: datetime, now: datetime) -> bool:
    """Whether the reminder on the working day before is certain to come; a late booking gets none."""
    return previous_working_day(starts_at.astimezone(BERLIN).date()) > now.astimezone(BERLIN).date()
