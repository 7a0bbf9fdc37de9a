"""Rules of booking: the states of an appointment, how long a hold lasts, and why something is refused."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from shared.calendar import previous_working_day
from shared.clock import BERLIN
from shared.events.appointments import KnownReason
from shared.problems import FieldError, Problem
from shared.takings import UsedUp

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


class TimeTaken(Problem):
    """Somebody else has the time; `nearest` are the free ones (station, start) to offer instead."""

    status = 409
    slug = "time-taken"
    title = "Somebody else has just booked this time"

    def __init__(self, alternatives: Sequence[tuple[str, datetime]]) -> None:
        offered = [{"station": station, "starts_at": start.isoformat()} for station, start in alternatives]
        super().__init__(extra={"nearest": offered})
        self.nearest = list(alternatives)


class NotOffered(Problem):
    status = 409
    slug = "time-not-offered"
    title = "This time cannot be booked"


class OtherKind(Problem):
    status = 409
    slug = "other-kind"
    title = "An appointment at a counter cannot become one by video, nor the other way round"


class ConsentMissing(Problem):
    """An appointment by video needs the person's consent to the text in the version that counts now."""

    status = 422
    slug = "consent-missing"
    title = "An appointment by video needs the person's consent"

    def __init__(self, version: str) -> None:
        message = f"Show the text of consent and give its version: {version}."
        super().__init__(errors=[FieldError(field="person.consent", message=message)])


class AppointmentsUsedUp(Problem):
    """A person has as many appointments to come and places on the waiting list as one may have, or waits for the same.

    Which ones is for the person alone to know.
    """

    status = 429
    slug = "appointments-used-up"
    title = "This person has as many appointments and places on the waiting list as one person may have"

    def __init__(self, limit: int) -> None:
        super().__init__(
            extra={"limit": limit}, headers={"Retry-After": str(timedelta(days=1) // timedelta(seconds=1))}
        )
        self.limit = limit


class TimesUsedUp(UsedUp):
    """A network address took too many times within an hour."""

    slug = "times-used-up"
    title = "Too many times were taken from this network address"


class HoldOver(Problem):
    status = 409
    slug = "hold-over"
    title = "The reservation has ended; choose a time again"


class NoMoreExtensions(Problem):
    status = 409
    slug = "no-more-extensions"
    title = "The reservation cannot be extended any further"


class AlreadyCancelled(Problem):
    status = 410
    slug = "already-cancelled"
    title = "The appointment was cancelled"


class AlternativeOver(Problem):
    status = 410
    slug = "alternative-over"
    title = "The time kept for this appointment was not taken before its deadline"


class TooLate(Problem):
    status = 409
    slug = "too-late"
    title = "The appointment has begun or is over"
