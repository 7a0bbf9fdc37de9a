"""Why a booking is refused."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.problems import FieldError, Problem


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


class TimesUsedUp(Problem):
    """A network address took too many times within an hour; it may take one again after `wait`."""

    status = 429
    slug = "times-used-up"
    title = "Too many times were taken from this network address"

    def __init__(self, wait: timedelta) -> None:
        super().__init__(headers={"Retry-After": str(max(1, -(-wait // timedelta(seconds=1))))})


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
