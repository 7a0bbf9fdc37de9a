"""Why the waiting list refuses something."""

from collections.abc import Sequence
from datetime import datetime

from shared.problems import Problem


class FreeNow(Problem):
    """Nobody need wait: something that suits is free; `free` are the first such times (station, start)."""

    status = 409
    slug = "free-now"
    title = "Something that suits is free now; book it"

    def __init__(self, free: Sequence[tuple[str, datetime]]) -> None:
        super().__init__(extra={"free": [{"station": key, "starts_at": start.isoformat()} for key, start in free]})
        self.free = list(free)


class NoSuchDay(Problem):
    """None of the weekdays lies between the first and the last day, or those are not within the next ninety days."""

    status = 422
    slug = "no-such-day"
    title = "There is no day to wait for"


class NoLongerWaiting(Problem):
    status = 410
    slug = "no-longer-waiting"
    title = "This entry has left the waiting list"


class OfferEnded(Problem):
    status = 410
    slug = "offer-ended"
    title = "This offer has ended"
