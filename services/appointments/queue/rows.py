"""Tickets as rows: their columns, their order in SQL, and what a statement that changes one returns."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.appointments.queue.domain import DUE_WITHIN, Status
from shared.events.tickets import TicketOutcome

_DUE_WITHIN = f"interval '{DUE_WITHIN.total_seconds():.0f} seconds'"

IN_LINE = """
    t.status = 'waiting' and (t.back_at is null or t.back_at <= :now)
    and (t.appointment is null or exists (
        select from appointments a where a.id = t.appointment and a.station = t.station
        and a.status in ('arrived', 'offered') and cast(a.starts_at at time zone 'Europe/Berlin' as date) = t.day))
"""
"""Which tickets `t` can be called at the moment `:now`: not the parked, nor those whose appointment is not here now."""

TURN = f"""
    case when t.back_at is not null then 0 when t.due_at is null then 2
         when t.due_at <= cast(:now as timestamptz) + {_DUE_WITHIN} then 1 else 3 end,
    coalesce(t.back_at, t.due_at, t.issued_at), t.issued_at, t.number
"""
"""The order of tickets `t` that are in line: `domain.turn` in SQL; a test compares the two."""

COLUMNS = """
    t.id, t.version, t.status, t.station, t.day, t.number, t.services, t.language, t.interpreter, t.appointment,
    t.particulars, t.issued_at, t.due_at, t.back_at, t.for_counter, t.counter, t.calls, t.first_called_at, t.called_at,
    t.begun_at, t.closed_at, t.outcome,
    (select c.number from counters c where c.key = t.counter) as counter_number
"""

SOMEBODY_TO_TELL = """
    exists (select from tickets w where w.station = t.station and w.day = t.day and w.to_be_told
            and w.status = 'waiting') as somebody_to_tell
"""
"""Whether somebody waits who wants to be told; what a statement that takes a ticket out of the line also returns."""

CLOSING = "particulars = jsonb_set(particulars - 'contact', '{person_key}', '\"\"'), to_be_told = false"
"""What else happens to a ticket that is closed: nothing is kept of anybody."""

CLOSED = COLUMNS.replace("t.particulars", "old.particulars - 'contact' as particulars")
"""What a statement that closes tickets returns: the fact still says whose ticket it was."""

CLOSED_TO_TELL = COLUMNS.replace("t.particulars", "old.particulars")
"""The same where whoever wanted an SMS is told of the end: the fact still says how to reach them."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in the queue of a station on one day.

    `particulars` is the part of its public state that calling does not change. `somebody_to_tell` says whether somebody
    else waits who wants to be told when it is nearly their turn.
    """

    id: UUID
    version: int
    status: Status
    station: str
    day: date
    number: str
    services: tuple[str, ...]
    language: str
    interpreter: str | None
    appointment: UUID | None
    particulars: dict[str, Any]
    issued_at: datetime
    due_at: datetime | None
    back_at: datetime | None
    for_counter: str | None
    counter: str | None
    calls: int
    first_called_at: datetime | None
    called_at: datetime | None
    begun_at: datetime | None
    closed_at: datetime | None
    outcome: TicketOutcome | None
    counter_number: int | None
    somebody_to_tell: bool = False


def ticket_of(row: Any) -> Ticket:
    """The ticket of a row with `COLUMNS`; further columns are left out."""
    known = {name: row[name] for name in Ticket.__slots__ if name in row}
    return Ticket(
        **{
            **known,
            "status": Status(row["status"]),
            "services": tuple(row["services"]),
            "outcome": TicketOutcome(row["outcome"]) if row["outcome"] else None,
        }
    )
