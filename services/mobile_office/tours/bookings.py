"""How many people have an appointment at a stop, as far as the facts of appointments tell."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared import retention
from shared.act import Act
from shared.events.appointments import AppointmentFact
from shared.statements import Statement

_NOTE = Statement("""
    insert into bookings (appointment, version, stop, delete_after)
    values (:appointment, :version, :stop, :delete_after)
    on conflict (appointment) do update
    set version = excluded.version, stop = excluded.stop, delete_after = excluded.delete_after
    where bookings.version < excluded.version
""")
_FORGET = Statement("delete from bookings where delete_after < :now")


async def note_booking(conn: AsyncConnection, fact: AppointmentFact) -> None:
    """Remember at which stop an appointment is to take place; older facts change nothing."""
    state = fact.appointment
    values = {
        "appointment": fact.id,
        "version": fact.version,
        "stop": _stop_of(state.place.key) if state.status == "confirmed" else None,
        "delete_after": state.ends_at + retention.PERSON_AFTER_MATTER,
    }
    await _NOTE.run(conn, values)


async def forget_bookings(act: Act) -> None:
    """Delete what is known of appointments that ended some time ago."""
    await _FORGET.run(act.conn, {"now": act.now})


def _stop_of(place: str) -> UUID | None:
    """A place of `appointments` that is a stop has the stop's id as its key."""
    try:
        return UUID(place)
    except ValueError:
        return None
