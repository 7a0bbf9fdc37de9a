"""Reads of opening hours."""

from dataclasses import dataclass, replace

from sqlalchemy import text

from services.appointments.offer.domain import Grid, Service, Station
from services.appointments.offer.queries import load_offer
from services.appointments.offer.windows import Window, hours_of, windows_of
from services.appointments.opening.domain import Booked
from shared.act import Act
from shared.problems import NotFound

_VERSION = text("select hours_version from stations where key = :station and kind <> 'stop'")
# Changes of one station wait for each other, for its closures and for the city's file.
_VERSION_LOCKED = text(f"{_VERSION.text} for no key update")
_BOOKED = text("""
    select counter, services, starts_at, ends_at from appointments
    where station = :station and starts_at > :now and status in ('confirmed', 'offered') order by starts_at
""")


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
    version = (await act.conn.execute(_VERSION_LOCKED if for_update else _VERSION, {"station": station})).scalar()
    if version is None:
        raise NotFound
    offer = await load_offer(act.conn, act.today, station)
    return StationHours(offer.stations[0], version, offer.services)


async def load_booked(act: Act, station: str, grid: Grid) -> list[Booked]:
    """The appointments to come at a station, in order of time."""
    return [
        Booked(row.counter, tuple(row.services), row.starts_at, grid.slots_in(row.ends_at - row.starts_at))
        for row in await act.conn.execute(_BOOKED, {"station": station, "now": act.now})
    ]
