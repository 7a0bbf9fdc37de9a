"""Reactions to facts of other services."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.telling.usecases import take_fact
from shared.consumer import Reaction
from shared.events.appointments import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentFact,
    AppointmentRescheduled,
)
from shared.events.base import Fact, Received
from shared.service import Service


async def on_appointment(conn: AsyncConnection, service: Service, received: Received[AppointmentFact]) -> None:
    """Tell the citizen what became of their appointment."""
    await take_fact(conn, service, received, service.clock.now())


REACTIONS: Mapping[type[Fact], Reaction] = {
    AppointmentBooked: on_appointment,
    AppointmentRescheduled: on_appointment,
    AppointmentCancelled: on_appointment,
}
