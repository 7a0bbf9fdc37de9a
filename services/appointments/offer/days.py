"""Free times by day, looked for some days at a time: what is asked most, the next days, costs least."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.appointments.offer.domain import Kind, Service, Station, able, free_times, of_kind, staying
from services.appointments.offer.queries import Leaving, grid_of, load_free_times, load_taken_minutes
from shared.act import Act
from shared.clock import BERLIN


@dataclass(frozen=True, slots=True)
class FreeTime:
    """A start, and the station to book it at."""

    start: datetime
    station: Station


@dataclass(frozen=True, slots=True)
class FreeDay:
    """A day with its free times, in order and at least one."""

    day: date
    times: tuple[FreeTime, ...]


async def load_free_days(
    act: Act,
    stations: Sequence[Station],
    first: date,
    needed: int,
    limit: int,
    leaving: Leaving | None = None,
) -> list[FreeDay]:
    """The next days with free times at any of some stations.

    Args:
        first: where to begin.
        limit: how many days are enough.
        leaving: the appointment to move, if the times are for one.
    """
    found: list[FreeDay] = []
    for week in _weeks(first, grid_of(act.tools.city).last_day(act.now)):
        free = await load_free_times(act, stations, week, needed, leaving)
        found += _by_day([FreeTime(start, station) for station in stations for start in free[station.key]])
        if len(found) >= limit:
            break
    return found[:limit]


async def load_earliest(act: Act, stations: Sequence[Station], needed: int) -> dict[str, datetime | None]:
    """The earliest free start per station; None where everything is taken."""
    stops = of_kind(stations, Kind.STOP)
    [earliest] = await _load_earliest(act, [(needed, tuple(staying(stations)))])
    if not stops:
        return earliest
    days = {each.stop.day for each in stops if each.stop}
    free = await load_free_times(act, stops, days, needed)
    return earliest | {key: next(iter(starts), None) for key, starts in free.items()}


async def load_earliest_by_service(
    act: Act, stations: Sequence[Station], services: Iterable[Service]
) -> dict[str, dict[str, datetime | None]]:
    """Per service the earliest free start at each station that offers it.

    Services of one length, at the same stations and in the same hours, are looked for once.
    """
    grid = grid_of(act.tools.city)
    alike: dict[_Wanted, list[str]] = defaultdict(list)
    for each in services:
        alike[grid.slots_for([each]), tuple(able(stations, [each]))].append(each.key)
    found = await _load_earliest(act, list(alike))
    return {key: earliest for keys, earliest in zip(alike.values(), found, strict=True) for key in keys}


_Wanted = tuple[int, tuple[Station, ...]]
"""How many seats an appointment takes, and where it can be."""


async def _load_earliest(act: Act, wanted: Sequence[_Wanted]) -> list[dict[str, datetime | None]]:
    """For each of what is wanted the earliest free start per station; the seats of a day are read once for all."""
    grid = grid_of(act.tools.city)
    earliest: list[dict[str, datetime | None]] = [{station.key: None for station in there} for _, there in wanted]
    for days in _ever_more(act.today, grid.last_day(act.now)):
        waiting = {
            counter
            for (_, there), found in zip(wanted, earliest, strict=True)
            for station in there
            if found[station.key] is None
            for counter in station.counters
        }
        if not waiting:
            break
        taken = await load_taken_minutes(act, waiting, days)
        for (needed, there), found in zip(wanted, earliest, strict=True):
            for station in there:
                if found[station.key] is None:
                    found[station.key] = next(iter(free_times(station, days, taken, needed, grid, act.now)), None)
    return earliest


def _by_day(times: Sequence[FreeTime]) -> list[FreeDay]:
    """One station per start; where several are free, neighbouring starts go to different ones."""
    stations: dict[datetime, list[Station]] = defaultdict(list)
    for time in times:
        stations[time.start].append(time.station)
    days: dict[date, list[FreeTime]] = defaultdict(list)
    for turn, (start, free) in enumerate(sorted(stations.items(), key=lambda item: item[0])):
        days[start.astimezone(BERLIN).date()].append(FreeTime(start, free[turn % len(free)]))
    return [FreeDay(day, tuple(times)) for day, times in sorted(days.items())]


def _weeks(first: date, last: date) -> Iterator[list[date]]:
    while first <= last:
        yield [day for offset in range(7) if (day := first + timedelta(days=offset)) <= last]
        first += timedelta(days=7)


def _ever_more(first: date, last: date) -> Iterator[list[date]]:
    """One day, the next two, the next four and so on: the earliest time is mostly near, and never many looks away."""
    count = 1
    while first <= last:
        yield [day for offset in range(count) if (day := first + timedelta(days=offset)) <= last]
        first += timedelta(days=count)
        count *= 2
