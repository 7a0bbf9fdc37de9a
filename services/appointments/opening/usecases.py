"""Changing opening hours. What can be booked follows at once; appointments are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.appointments.closing.usecases import take_for_closures
from services.appointments.line.looking import look_now
from services.appointments.line.usecases import lock_line
from services.appointments.locks import Lock
from services.appointments.offer.domain import Grid, Service, Station
from services.appointments.offer.queries import grid_of, load_offer
from services.appointments.offer.usecases import replace_hours
from services.appointments.offer.windows import Window, hours_of, windows_of
from services.appointments.opening.domain import Booked, Outside, mistakes, outside
from services.appointments.persons.domain import Wrong
from services.appointments.queue.ending import move_end
from shared.act import Act
from shared.locks import note_lock
from shared.problems import FieldError, InvalidInput, NotFound, Problem
from shared.statements import Query, Statement
from shared.tools import Tools

_VERSION = Query(int, "select hours_version from stations where key = :station and kind <> 'stop'")


# Changes of one station wait for each other, for its closures and for the city's file.
_VERSION_LOCKED = Query(
    int,
    "select hours_version from stations where key = :station and kind <> 'stop' for no key update",
)


@dataclass(frozen=True, slots=True)
class StationHours:
    """The opening hours of a station; `version` counts the changes by staff, 0 while they are those of the city's file.

    `services` are all the city has.
    """

    station: Station
    version: int
    services: tuple[Service, ...]

    @property
    def windows(self) -> tuple[Window, ...]:
        """The hours as people read them."""
        return windows_of(self.station.hours)

    def changed_to(self, windows: tuple[Window, ...]) -> "StationHours":
        """The hours after one more change."""
        station = replace(self.station, hours=tuple(hours_of(windows)))
        return StationHours(station, self.version + 1, self.services)


async def load_hours(act: Act, station: str, for_update: bool = False) -> StationHours:
    """The opening hours of a station; `for_update` serialises those who change them.

    Raises:
        NotFound: there is no such station.
    """
    if for_update:
        note_lock(act.conn, Lock.STATION)
    version = await (_VERSION_LOCKED if for_update else _VERSION).first(act.conn, {"station": station})
    if version is None:
        raise NotFound
    offer = await load_offer(act, station)
    return StationHours(offer.stations[0], version, offer.services)


@dataclass(frozen=True, slots=True)
class _Booked:
    counter: str
    services: tuple[str, ...]
    starts_at: datetime
    length: timedelta


_BOOKED = Query(
    _Booked,
    """
    select counter, services, starts_at, ends_at - starts_at as length from appointments
    where station = :station and starts_at > :now and status in ('confirmed', 'offered') order by starts_at
""",
)


async def load_booked(act: Act, station: str, grid: Grid) -> list[Booked]:
    """The appointments to come at a station, in order of time."""
    return [
        Booked(each.counter, each.services, each.starts_at, grid.slots_in(each.length))
        for each in await _BOOKED.all(act.conn, {"station": station, "now": act.now})
    ]


class HoursChanged(Problem):
    """Somebody else changed them since they were looked at; `current` are theirs."""

    status = 409
    slug = "hours-changed"
    title = "Somebody else has changed these opening hours; look at theirs and change them again"

    def __init__(self, current: StationHours) -> None:
        super().__init__()
        self.current = current


CHANGED = "hours-changed"
"""What the audit log calls this deed."""
MESSAGES = {
    "weekdays_missing": "Name weekdays from 0 (Monday) to 6.",
    "opens_off_grid": "Begin on the grid of seats.",
    "closes_off_grid": "End on the grid of seats.",
    "closes_too_early": "End after the beginning.",
    "repeat_unknown": "Give either every_weeks, up to 8, or nth, up to 5.",
    "valid_from_missing": "Say from when the weeks are counted.",
    "valid_until_too_early": "End after the first day.",
    "staff_counters_too_many": "The station does not have so many counters.",
    "services_unknown": "Name services the city has.",
}

_RAISE = Statement("update stations set hours_version = :version where key = :station")


async def preview(act: Act, station: str, version: int, windows: Sequence[Window]) -> Outside:
    """Which appointments other hours would leave out. They would stay booked; it changes nothing.

    Args:
        version: of the hours that were looked at.

    Raises:
        Forbidden: not one of the caller's stations.
        NotFound, InvalidInput, HoursChanged
    """
    act.staff.must_serve(station)
    known = await load_hours(act, station)
    changed = _checked(act.tools, known, version, windows)
    grid = grid_of(act.tools.city)
    return outside(await load_booked(act, station, grid), known.station, changed.station, known.services, grid)


async def change(act: Act, station: str, version: int, windows: Sequence[Window]) -> StationHours:
    """Give a station other hours, which the city's file does not overwrite any more.

    Closures in force take what they cover of the new seats; people waiting are offered what of them suits. Asked for
    hours that are already so, nothing changes.

    Args:
        version: of the hours that were looked at.

    Raises:
        Forbidden: not one of the caller's stations.
        NotFound, InvalidInput, HoursChanged
    """
    act.staff.must_serve(station)
    known = await load_hours(act, station, for_update=True)
    if set(known.station.hours) == {hours for window in windows for hours in window.hours}:
        return known
    changed = _checked(act.tools, known, version, windows)
    # Before the lock: the next look holds this work's row while waiting for it.
    await act.schedule(look_now(act.now))
    await lock_line(act.conn)
    await _RAISE.run(act.conn, {"station": station, "version": changed.version})
    await replace_hours(act.conn, station, changed.station.hours)
    await take_for_closures(act, station)
    await move_end(act, changed.station)
    await act.note(CHANGED, station=station, version=changed.version)
    return changed


def _checked(tools: Tools, known: StationHours, version: int, windows: Sequence[Window]) -> StationHours:
    """The hours as they are to be."""
    if version != known.version:
        raise HoursChanged(known)
    grid = grid_of(tools.city)
    wrong: list[tuple[int, Wrong]] = [
        (place, each)
        for place, window in enumerate(windows)
        for each in mistakes(window, known.station, known.services, grid)
    ]
    if wrong:
        errors = [FieldError(field=f"hours.{place}.{each.field}", message=MESSAGES[each.code]) for place, each in wrong]
        raise InvalidInput(errors=errors)
    return known.changed_to(tuple(windows))
