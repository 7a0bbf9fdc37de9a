"""Reads of stops, and of who has seats there."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.queries import Appointment, appointment_of
from services.appointments.locks import Lock
from services.appointments.seats.domain import Seat
from shared.act import Act
from shared.locks import note_lock

# All stops to come, in order: what has no place at one may be offered a time at another, and two changes that wait for
# each other's stops would never end.
_LOCK = text("""
    with locked as materialized (
        select station, version from stops where station = :station or departs_at > :now order by station for update
    ) select version from locked where station = :station
""")
_TO_COME = """
    from appointments
    where station = :station and starts_at + cast(:delay as interval) > :now
      and (status = 'confirmed' or status = 'offered' and held_until > :now)
"""
_LOCK_TO_COME = text(f"select {_TO_COME} order by id for update")
_READ_TO_COME = text(f"select * {_TO_COME}")
_SEATS = text("""
    select s.counter, s.starts_at, s.appointment as owner, s.until is null as kept
    from seats s join counters c on c.key = s.counter where c.station = :station
""")


@dataclass(frozen=True, slots=True)
class TakenSeat:
    """A seat at a stop that somebody has: an appointment, a hold, or an offer. `kept`: for good, not until a moment."""

    seat: Seat
    owner: UUID
    kept: bool


async def lock_version(act: Act, station: str) -> int | None:
    """The version a stop is known in; None for an unknown one.

    It and all stops to come are locked against bookings until this transaction ends.
    """
    note_lock(act.conn, Lock.STOP, station)
    version: int | None = (await act.conn.execute(_LOCK, {"station": station, "now": act.now})).scalar_one_or_none()
    return version


async def load_to_come(act: Act, station: str, delay: timedelta) -> list[Appointment]:
    """The appointments at a stop whose people are still expected, those offered there among them; all locked.

    Args:
        delay: how much later than booked they may be expected.
    """
    values = {"station": station, "delay": delay, "now": act.now}
    note_lock(act.conn, Lock.APPOINTMENT)
    await act.conn.execute(_LOCK_TO_COME, values)
    return [appointment_of(row) for row in await act.conn.execute(_READ_TO_COME, values)]


async def load_seats_at(conn: AsyncConnection, station: str) -> list[TakenSeat]:
    """All seats at a stop that somebody has."""
    rows = await conn.execute(_SEATS, {"station": station})
    return [TakenSeat((row.counter, row.starts_at), row.owner, row.kept) for row in rows]
