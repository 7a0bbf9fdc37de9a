"""Reads of appointments."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.domain import Status
from services.appointments.locks import Lock
from services.appointments.offer.domain import Kind
from shared.events.appointments import AppointmentState
from shared.locks import note_lock
from shared.numbers import number_of
from shared.statements import Query


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment or a hold as it stands in the database; `state` is what was last published.

    `consent` is the version of the text the person agreed to for video.
    """

    id: UUID
    version: int
    status: Status
    number: str
    station: str
    counter: str
    services: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    language: str
    interpreter: str | None
    channels: tuple[str, ...]
    state: AppointmentState | None = None
    generation: int = 1
    held_until: datetime | None = None
    extensions: int = 0
    cancelled_by: str | None = None
    cancelled_at: datetime | None = None
    kind: Kind = Kind.COUNTER
    page_language: str | None = None
    consent: str | None = None


_APPOINTMENT = """
    select id, version, status, number, station, counter, services, starts_at, ends_at, language, interpreter, channels,
           generation, held_until, extensions, state, cancelled_by, cancelled_at, kind, page_language, consent
    from appointments
"""
_READ = Query(Appointment, f"{_APPOINTMENT} where id = :id")
_READ_LOCKED = Query(Appointment, f"{_APPOINTMENT} where id = :id for update")
_READ_NUMBER = Query(Appointment, f"{_APPOINTMENT} where number = :number and state is not null for update")


async def load_appointment(conn: AsyncConnection, id: UUID, lock: Lock | None = None) -> Appointment | None:
    """An appointment or hold; None when there is none (any more).

    Args:
        lock: serialises its writers, as a hold or as an appointment.
    """
    if lock is not None:
        note_lock(conn, lock)
    return await (_READ if lock is None else _READ_LOCKED).first(conn, {"id": id})


async def load_by_number(conn: AsyncConnection, number: str) -> Appointment | None:
    """The binding appointment people call by a number, however they type it; locked in the open transaction."""
    note_lock(conn, Lock.APPOINTMENT)
    return await _READ_NUMBER.first(conn, {"number": number_of(number)})
