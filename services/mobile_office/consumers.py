"""Reactions to the facts of others: translate, call a use case."""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.mobile_office.tours.bookings import note_booking
from shared.events.appointments import (
    AlternativeOffered,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentFact,
    AppointmentMissed,
    AppointmentRescheduled,
)
from shared.events.base import Fact, Received
from shared.reactions import Reaction
from shared.tools import Tools


async def on_appointment(conn: AsyncConnection, _: Tools, received: Received[AppointmentFact]) -> None:
    """An appointment is, or is no longer, at a stop."""
    await note_booking(conn, received.fact)


REACTIONS: dict[type[Fact], Reaction] = {
    AppointmentBooked: on_appointment,
    AppointmentRescheduled: on_appointment,
    AlternativeOffered: on_appointment,
    AppointmentCancelled: on_appointment,
    AppointmentMissed: on_appointment,
}
