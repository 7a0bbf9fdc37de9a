"""Rules of stops that move: which seats people have there afterwards."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.appointments.offer.domain import Grid, Station, run_of, slots_on
from services.appointments.seats.domain import FreeSeats, Run, Seat


@dataclass(frozen=True, slots=True)
class Seated:
    """What somebody has at a stop: some seats from a start on.

    They cannot stay if the stop no longer offers all they want (`served`); only one who agreed to the time (`movable`)
    moves with the stop, unlike those to whom it is offered as an alternative.
    """

    counter: str
    starts_at: datetime
    seats: int
    served: bool = True
    movable: bool = True


@dataclass(frozen=True, slots=True)
class Reseating:
    """The seats of a stop as it is now, for those who had some before.

    Args:
        station: the stop as it is now.
        shift: how much later it arrives than it was to before.
        taken: seats that others keep: people that have arrived are served where they are.
    """

    station: Station
    shift: timedelta
    taken: Collection[Seat]
    grid: Grid
    now: datetime

    def runs(self, seated: Sequence[Seated]) -> list[Run | None]:
        """The seats of each, in the order given, or None for those who have no place there any more.

        As far from the arrival as before, at the same counter; where that seat does not exist any more, the free ones
        nearest to it, which the first in order get first.
        """
        days = [self.station.stop.day] if self.station.stop else []
        slots = {start: counters for day in days for start, counters in slots_on(self.station, day, self.grid).items()}
        kept = [self._kept(each, slots) for each in seated]
        taken = {(run.counter, start) for run in kept if run for start in run.starts}
        free = FreeSeats([self.station], days, taken.union(self.taken), self.grid)
        return [run or self._nearest(each, free, slots) for run, each in zip(kept, seated, strict=True)]

    def _kept(self, seated: Seated, slots: Mapping[datetime, int]) -> Run | None:
        start = seated.starts_at + self.shift
        run = run_of(start, seated.seats, self.grid)
        if not seated.served or (self.shift and not (seated.movable and start > self.now)):
            return None
        open_counters = self.station.counters[: min(slots.get(each, 0) for each in run)]
        if seated.counter not in open_counters or any((seated.counter, each) in self.taken for each in run):
            return None
        return Run(self.station.key, seated.counter, tuple(run))

    def _nearest(self, seated: Seated, free: FreeSeats, slots: Mapping[datetime, int]) -> Run | None:
        if not (seated.served and seated.movable and slots):
            return None
        return free.take([self.station], seated.seats, seated.starts_at + self.shift, self.now, max(slots))
