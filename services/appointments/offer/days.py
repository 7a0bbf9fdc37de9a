"""Free times by day, looked for some days at a time: what is asked most, the next days, costs least."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.offer.domain import Grid, Service, Station, able
from services.appointments.offer.queries import load_free_times
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
    conn: AsyncConnection, stations: Sequence[Station], first: date, needed: int, grid: Grid, now: datetime, limit: int
) -> list[FreeDay]:
    """The next days with free times at any of some stations.

    Args:
        first: where to begin.
        limit: how many days are enough.
    """
    found: list[FreeDay] = []
    for week in _weeks(first, grid.last_day(now)):
        free = await load_free_times(conn, stations, week, needed, grid, now)
        found += _by_day([FreeTime(start, station) for station in stations for start in free[station.key]])
        if len(found) >= limit:
            break
    return found[:limit]


async def load_earliest(
    conn: AsyncConnection, stations: Sequence[Station], needed: int, grid: Grid, now: datetime
) -> dict[str, datetime | None]:
    """The earliest free start per station; None where everything is taken."""
    earliest: dict[str, datetime | None] = {station.key: None for station in stations}
    for days in _ever_more(now.astimezone(BERLIN).date(), grid.last_day(now)):
        waiting = [station for station in stations if earliest[station.key] is None]
        if not waiting:
            break
        free = await load_free_times(conn, waiting, days, needed, grid, now)
        earliest |= {key: starts[0] if starts else None for key, starts in free.items()}
    return earliest


async def load_earliest_by_service(
    conn: AsyncConnection, stations: Sequence[Station], services: Iterable[Service], grid: Grid, now: datetime
) -> dict[str, dict[str, datetime | None]]:
    """Per service the earliest free start at each station that offers it.

    Services of one length, at the same stations and in the same hours, are looked for once.
    """
    alike: dict[tuple[int, tuple[Station, ...]], list[str]] = defaultdict(list)
    for each in services:
        alike[grid.slots_for([each]), tuple(able(stations, [each]))].append(each.key)
    found: dict[str, dict[str, datetime | None]] = {}
    for (needed, there), keys in alike.items():
        found |= dict.fromkeys(keys, await load_earliest(conn, there, needed, grid, now))
    return found


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
