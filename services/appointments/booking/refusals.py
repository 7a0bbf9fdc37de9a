"""Why a booking is refused."""

from collections.abc import Sequence
from datetime import datetime

from shared.problems import Problem


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
