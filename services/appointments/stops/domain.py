"""Rules of stops that move: which seats people have there afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.appointments.closing.free_seats import FreeSeats, Run, Seat
from services.appointments.offer.domain import Grid, Station, run_of, slots_on


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


@dataclass
class Reseating:
    """The seats of a stop as it is now, given to those who had some before.

    Args:
        station: the stop as it is now.
        shift: how much later it arrives than it was to before.
        taken: seats that others keep: who has arrived is served where they are.
    """

    station: Station
    shift: timedelta
    taken: set[Seat]
    grid: Grid
    now: datetime
    _slots: dict[datetime, int] = field(init=False)

    def __post_init__(self) -> None:
        stop = self.station.stop
        self._slots = slots_on(self.station, stop.day, self.grid) if stop else {}

    def runs(self, seated: Sequence[Seated]) -> list[Run | None]:
        """The seats of each, in the order given, or None for those who have no place there any more.

        As far from the arrival as before, at the same counter; where that seat does not exist any more, the free ones
        nearest to it, which the first in order get first.
        """
        kept = [self._keep(each) for each in seated]
        self.taken |= {(run.counter, start) for run in kept if run for start in run.starts}
        free = FreeSeats([self.station], [self.station.stop.day] if self.station.stop else (), self.taken, self.grid)
        return [run or self._nearest(each, free) for run, each in zip(kept, seated, strict=True)]

    def _keep(self, seated: Seated) -> Run | None:
        start = seated.starts_at + self.shift
        run = run_of(start, seated.seats, self.grid)
        unmoved = not self.shift
        if not seated.served or not (unmoved or (seated.movable and start > self.now)):
            return None
        open_counters = self.station.counters[: min(self._slots.get(each, 0) for each in run)]
        if seated.counter not in open_counters or any((seated.counter, each) in self.taken for each in run):
            return None
        return Run(self.station.key, seated.counter, tuple(run))

    def _nearest(self, seated: Seated, free: FreeSeats) -> Run | None:
        if not (seated.served and seated.movable and self._slots):
            return None
        wanted = seated.starts_at + self.shift
        return free.take([self.station], seated.seats, wanted, self.now, max(self._slots))
