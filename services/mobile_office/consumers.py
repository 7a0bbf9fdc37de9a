"""Reactions to the facts of others: translate, call a use case."""

from services.mobile_office.tours.bookings import note_booking
from shared.act import Act
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


async def on_appointment(act: Act, received: Received[AppointmentFact]) -> None:
    """An appointment is, or is no longer, at a stop."""
    await note_booking(act.conn, received.fact)


REACTIONS: dict[type[Fact], Reaction] = {
    AppointmentBooked: on_appointment,
    AppointmentRescheduled: on_appointment,
    AlternativeOffered: on_appointment,
    AppointmentCancelled: on_appointment,
    AppointmentMissed: on_appointment,
}
