"""Reads of the waiting list."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.line.domain import Outcome, Status, Suits, WantedTime
from services.appointments.locks import Lock
from services.appointments.seats.domain import Seat
from shared.events.appointments import WaitingState
from shared.locks import note_lock
from shared.statements import Query

_BATCH = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry in the waiting list.

    `seats` is how many its services need, `offered` are the times (station, start) it was offered, but for those
    withdrawn, `state` is what was last published.
    """

    id: UUID
    version: int
    status: Status
    turn: int
    services: tuple[str, ...]
    seats: int
    suits: Suits
    language: str
    interpreter: str | None
    channels: tuple[str, ...]
    state: WaitingState
    generation: int = 1
    ended_at: datetime | None = None
    offered: frozenset[tuple[str, datetime]] = frozenset()

    @property
    def wanted(self) -> WantedTime:
        """What it waits for."""
        return WantedTime(self.suits, self.seats, self.offered)


_ENTRY = """
    select id, version, status, turn, services, seats,
           jsonb_build_object('stations', stations, 'weekdays', weekdays,
                              'first_day', first_day, 'last_day', last_day) as suits,
           language, interpreter, channels, generation, state, ended_at,
           (select coalesce(jsonb_agg(jsonb_build_array(station, starts_at)), '[]') from seat_offers
            where entry = waiting_entries.id and outcome is distinct from 'withdrawn') as offered
    from waiting_entries
"""
_READ = Query(Entry, f"{_ENTRY} where id = :id")
_READ_LOCKED = Query(Entry, f"{_ENTRY} where id = :id for update")
_IN_LINE = Query(
    Entry,
    f"""
    {_ENTRY} where status = 'waiting' and turn > :after and seats <= :longest
    and :station = any(stations) and :weekday = any(weekdays) and first_day <= :day and last_day >= :day
    order by turn limit :batch
""",
)
_WAITING = Query(Entry, f"{_ENTRY} where status = 'waiting' and turn > :after order by turn limit :limit")
_AHEAD = Query(
    int,
    """
    select count(*) from waiting_entries
    where status in ('waiting', 'offered') and turn < :turn
      and stations && :stations
      and exists (
          select from generate_series(
              greatest(first_day, cast(:first_day as date)), least(last_day, cast(:last_day as date)), interval '1 day'
          ) day
          where extract(isodow from day) - 1 = any(weekdays)
            and extract(isodow from day) - 1 = any(cast(:weekdays as smallint[]))
      )
""",
)


@dataclass(frozen=True, slots=True)
class SeatOffer:
    """A time offered to an entry until a moment; without an outcome it is open."""

    id: UUID
    entry: UUID
    station: str
    counter: str
    starts_at: datetime
    ends_at: datetime
    until: datetime
    outcome: Outcome | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether it can still be taken, to the second."""
        return self.outcome is None and now < self.until


_OFFER = """
    select id, entry, station, counter, starts_at, ends_at, until, outcome from seat_offers
"""
_READ_OFFER = Query(SeatOffer, f"{_OFFER} where id = :id")
_OPEN_OFFER = Query(SeatOffer, f"{_OFFER} where entry = :entry and outcome is null")
_ENTRIES_OFFERED = Query(
    UUID,
    """
    select entry from seat_offers where outcome is null and id in (
        select appointment from seats where (counter, starts_at) in (
            select * from unnest(cast(:counters as text[]), cast(:starts as timestamptz[]))
        )
    ) order by entry
""",
)


async def load_entry(conn: AsyncConnection, id: UUID, for_update: bool = False) -> Entry | None:
    """An entry; None when there is none. `for_update` serialises its writers."""
    if for_update:
        note_lock(conn, Lock.ENTRY)
    return await (_READ_LOCKED if for_update else _READ).first(conn, {"id": id})


async def line(conn: AsyncConnection, station: str, day: date, longest: int) -> AsyncIterator[Entry]:
    """Those who wait for a day at a station and need at most so many seats, in their turn."""
    values = {"station": station, "day": day, "weekday": day.weekday(), "longest": longest}
    after = 0
    while True:
        entries = await _IN_LINE.all(conn, {**values, "after": after, "batch": _BATCH})
        for entry in entries:
            yield entry
        if len(entries) < _BATCH:
            return
        after = entries[-1].turn


async def load_waiting(conn: AsyncConnection, after: int, limit: int) -> list[Entry]:
    """Some who wait and have no offer, in their turn, from after a turn on."""
    return await _WAITING.all(conn, {"after": after, "limit": limit})


async def count_ahead(conn: AsyncConnection, entry: Entry) -> int:
    """How many stand before an entry and could be offered the same."""
    suits = entry.suits
    values = {
        "turn": entry.turn,
        "stations": list(suits.stations),
        "weekdays": list(suits.weekdays),
        "first_day": suits.first_day,
        "last_day": suits.last_day,
    }
    return await _AHEAD.one(conn, values)


async def load_seat_offer(conn: AsyncConnection, id: UUID) -> SeatOffer | None:
    """An offer; None when there is none."""
    return await _READ_OFFER.first(conn, {"id": id})


async def load_open_offer(conn: AsyncConnection, entry: UUID) -> SeatOffer | None:
    """The one offer of an entry that has not ended, though its time may be over."""
    return await _OPEN_OFFER.first(conn, {"entry": entry})


async def load_offers_of(conn: AsyncConnection, seats: Collection[Seat]) -> list[tuple[Entry, SeatOffer]]:
    """The offers that have not ended and have one of some seats, with their entries, which are locked.

    The open transaction holds the lock of the line.
    """
    values = {"counters": [counter for counter, _ in seats], "starts": [start for _, start in seats]}
    found = []
    for id in await _ENTRIES_OFFERED.all(conn, values):
        entry = await load_entry(conn, id, for_update=True)
        # Whoever had the lock before may have taken it.
        if entry and (offer := await load_open_offer(conn, id)):
            found.append((entry, offer))
    return found
