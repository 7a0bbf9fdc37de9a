"""The free seats alternatives are taken from, one appointment after the other."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from uuid import UUID

from services.appointments.offer.domain import Grid, Station, run_of, slots_on

Seat = tuple[str, datetime]
"""A counter, and a start (UTC)."""


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A seat in the database."""

    counter: str
    starts_at: datetime

    @property
    def seat(self) -> Seat:
        """The seat it is."""
        return self.counter, self.starts_at


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive seats of one counter."""

    station: str
    counter: str
    starts: tuple[datetime, ...]


class FreeSeats:
    """What is free at some stations on some days; taking from it changes it.

    Starts at which nothing is free any more are dropped on the way, so that many appointments cost little more than
    one each.

    Args:
        stations: all that may be asked for.
        taken: seats that are not free, those of the closure among them.
    """

    def __init__(self, stations: Iterable[Station], days: Iterable[date], taken: Collection[Seat], grid: Grid) -> None:
        self._days = sorted(set(days))
        self._grid = grid
        self._free: dict[str, dict[datetime, list[str]]] = {}
        self._starts: dict[Station, list[datetime]] = {}
        busy: dict[datetime, set[str]] = defaultdict(set)
        for counter, start in taken:
            busy[start].add(counter)
        for station in stations:
            self._free[station.key] = {
                start: [each for each in station.counters if each not in busy[start]]
                for day in self._days
                for start in slots_on(station, day, grid)
            }

    def take(
        self,
        stations: Sequence[Station],
        seats: int,
        wanted: datetime,
        first: datetime,
        last: datetime,
        language: str | None = None,
    ) -> Run | None:
        """The run of free seats that begins nearest to a wanted start; None when there is none.

        Args:
            stations: with the hours in which they may be used.
            first, last: between which it must begin, both included.
            language: the one somebody needs help with (BCP 47): of counters free at that start those that speak it go
                first.
        """
        found = [
            (abs(run.starts[0] - wanted), run.starts[0], not each.speaks(run.counter, language), run.station, run)
            for each in stations
            if (run := self._nearest(each, seats, wanted, first, last, language))
        ]
        if not found:
            return None
        *_, best = min(found, key=itemgetter(slice(4)))
        for start in best.starts:
            self._free[best.station][start].remove(best.counter)
        return best

    def _nearest(
        self, station: Station, seats: int, wanted: datetime, first: datetime, last: datetime, language: str | None
    ) -> Run | None:
        free = self._free[station.key]
        for start in self._outwards(station, wanted, first, last):
            run = run_of(start, seats, self._grid)
            for counter in sorted(free[start], key=lambda each: not station.speaks(each, language)):
                if all(counter in free.get(each, ()) for each in run):
                    return Run(station.key, counter, tuple(run))
        return None

    def _outwards(self, station: Station, wanted: datetime, first: datetime, last: datetime) -> Iterator[datetime]:
        """The starts at which something is free, the nearest to a moment first; those used up are dropped."""
        free = self._free[station.key]
        if station not in self._starts:
            self._starts[station] = [start for day in self._days for start in slots_on(station, day, self._grid)]
        starts = self._starts[station]
        after = bisect_left(starts, max(wanted, first))
        before = bisect_right(starts, min(wanted, last)) - 1
        if 0 <= before == after:
            before -= 1
        while True:
            while after < len(starts) and not free[starts[after]]:
                del starts[after]
            while before >= 0 and not free[starts[before]]:
                del starts[before]
                before, after = before - 1, after - 1
            later = starts[after] if after < len(starts) and starts[after] <= last else None
            earlier = starts[before] if before >= 0 and starts[before] >= first else None
            if earlier and (later is None or wanted - earlier <= later - wanted):
                before -= 1
                yield earlier
            elif later:
                after += 1
                yield later
            else:
                return


WantedSeat = tuple[Seat, UUID, datetime | None]
"""A seat, who is to have it, and until when it is kept; None where that is binding."""
