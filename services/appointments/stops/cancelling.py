"""What becomes of people who have no place at a stop any more."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.facts import binding_before
from services.appointments.booking.many import change_appointments
from services.appointments.booking.queries import Appointment
from services.appointments.stops.facts import Why
from shared.events.appointments import AppointmentCancelled, DecidedBy
from shared.service import Service


async def find_other_times(
    conn: AsyncConnection, service: Service, homeless: Sequence[Appointment], why: Why, cause: UUID, now: datetime
) -> None:
    """End appointments that cannot take place; AppointmentCancelled is recorded for each.

    Args:
        homeless: locked in the open transaction, which holds the lock of the line; their seats are free already.
        cause: the fact of the stop.
    """
    facts = [
        AppointmentCancelled(
            id=each.id,
            version=each.version + 1,
            about=why.stop,
            appointment=each.state.model_copy(update={"status": "cancelled"}),
            before=binding_before(each.state),
            by=DecidedBy.CITY,
            reason=why.reason,
            known_reason=why.known_reason,
        )
        for each in homeless
        if each.state
    ]
    await change_appointments(conn, service, facts, cause, now)
