"""Reads of stops, and of who has seats there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.queries import Appointment
from services.appointments.locks import Lock
from services.appointments.seats.domain import Seat
from shared.act import Act
from shared.locks import note_lock
from shared.statements import Query, Statement

# All stops to come, in order: what has no place at one may be offered a time at another, and two changes that wait for
# each other's stops would never end.
_LOCK = Query(
    int,
    """
    with locked as materialized (
        select station, version from stops where station = :station or departs_at > :now order by station for update
    ) select version from locked where station = :station
""",
)
_LOCK_TO_COME = Statement("""
    select from appointments
    where station = :station and starts_at + cast(:delay as interval) > :now
      and (status = 'confirmed' or status = 'offered' and held_until > :now)
    order by id for update
""")
_READ_TO_COME = Query(
    Appointment,
    """
    select * from appointments
    where station = :station and starts_at + cast(:delay as interval) > :now
      and (status = 'confirmed' or status = 'offered' and held_until > :now)
""",
)


@dataclass(frozen=True, slots=True)
class TakenSeat:
    """A seat at a stop that somebody has: an appointment, a hold, or an offer. `kept`: for good, not until a moment."""

    counter: str
    starts_at: datetime
    owner: UUID
    kept: bool

    @property
    def seat(self) -> Seat:
        """Which one it is."""
        return self.counter, self.starts_at


_SEATS = Query(
    TakenSeat,
    """
    select s.counter, s.starts_at, s.appointment as owner, s.until is null as kept
    from seats s join counters c on c.key = s.counter where c.station = :station
""",
)


async def lock_version(act: Act, station: str) -> int | None:
    """The version a stop is known in; None for an unknown one.

    It and all stops to come are locked against bookings until this transaction ends.
    """
    note_lock(act.conn, Lock.STOP, station)
    # Not `first`, which ends with the row it wants: the stops after it would not be locked.
    found = await _LOCK.all(act.conn, {"station": station, "now": act.now})
    return found[0] if found else None


async def load_to_come(act: Act, station: str, delay: timedelta) -> list[Appointment]:
    """The appointments at a stop whose people are still expected, those offered there among them; all locked.

    Args:
        delay: how much later than booked they may be expected.
    """
    values = {"station": station, "delay": delay, "now": act.now}
    note_lock(act.conn, Lock.APPOINTMENT)
    await _LOCK_TO_COME.run(act.conn, values)
    return await _READ_TO_COME.all(act.conn, values)


async def load_seats_at(conn: AsyncConnection, station: str) -> list[TakenSeat]:
    """All seats at a stop that somebody has."""
    return await _SEATS.all(conn, {"station": station})
