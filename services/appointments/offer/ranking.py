"""Which counter, and which time, goes first."""

from collections.abc import Collection, Iterable
from datetime import datetime

from services.appointments.offer.domain import Station


def ranked(counters: Iterable[str], station: Station, public: Collection[str], language: str | None) -> dict[str, int]:
    """Counters with the order in which to take them, the smallest first.

    Those kept for staff come before the `public` ones, so that staff take from the public only what they must; among
    equals those where the language is spoken.
    """
    return {each: 2 * (each in public) + (not station.speaks(each, language)) for each in counters}


def nearest(
    wanted: datetime, free: Iterable[tuple[str, datetime]], station: str, limit: int = 5
) -> list[tuple[str, datetime]]:
    """The free times (station, start) to offer instead of a wanted one: the same station first, then by distance."""
    return sorted(free, key=lambda time: (time[0] != station, abs(time[1] - wanted), time[1], time[0]))[:limit]
