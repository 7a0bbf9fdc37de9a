"""The facts of appointments at a stop that changes."""

from services.appointments.booking.facts import Why, binding_before, moved_to
from services.appointments.booking.queries import Appointment
from services.appointments.offer.domain import Station
from services.appointments.seats.free import Run
from shared.events.appointments import AppointmentDelayed, AppointmentRescheduled, DecidedBy


def moved_fact(found: Appointment, station: Station, run: Run, why: Why) -> AppointmentRescheduled:
    """AppointmentRescheduled for somebody who has other seats, or goes to another place, at a stop that moved."""
    assert found.state is not None, "a binding appointment has one"
    return AppointmentRescheduled(
        id=found.id,
        version=found.version + 1,
        about=why.about,
        appointment=moved_to(found.state, station, run.counter, run.starts[0]),
        before=binding_before(found.state),
        by=DecidedBy.CITY,
        reason=why.reason,
        known_reason=why.known_reason,
    )


def delayed_fact(found: Appointment, minutes: int, why: Why) -> AppointmentDelayed:
    """AppointmentDelayed, one version after the state it changes; 0 minutes say that it is on time after all."""
    assert found.state is not None, "a binding appointment has one"
    return AppointmentDelayed(
        id=found.id,
        version=found.version + 1,
        about=why.about,
        appointment=found.state.model_copy(update={"delay_minutes": minutes}),
        before=found.state,
        reason=why.reason,
        known_reason=why.known_reason,
    )
