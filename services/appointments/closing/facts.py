"""The facts of a closure, and of the appointments it concerns."""

from datetime import datetime

from services.appointments.booking.facts import binding_before, moved_to, place_at
from services.appointments.booking.queries import Appointment
from services.appointments.closing.domain import Closure, Decision, Proposal, answer_until
from services.appointments.offer.domain import Station
from shared.events.appointments import (
    AlternativeOffered,
    AppointmentCancelled,
    AppointmentFact,
    AppointmentRescheduled,
    ClosureState,
    DecidedBy,
    InsteadOf,
    StationClosed,
)
from shared.events.base import About


def closed_fact(closure: Closure, station: Station) -> StationClosed:
    """StationClosed, for a closure announced, changed or lifted."""
    return StationClosed(
        id=closure.id,
        version=closure.version,
        closure=ClosureState(
            status="lifted" if closure.lifted else "in_force",
            place=place_at(station),
            first_day=closure.first_day,
            last_day=closure.last_day,
            reason=closure.reason,
            counter=closure.counter,
            from_time=closure.from_time,
            until_time=closure.until_time,
        ),
    )


def decided_fact(
    closure: Closure, found: Appointment, decided: Proposal, stations: dict[str, Station], now: datetime
) -> AppointmentFact:
    """What a closure makes of an appointment, one version after the state it changes."""
    assert found.state is not None, "a binding appointment has one"
    before = binding_before(found.state)
    given = {
        "id": found.id,
        "version": found.version + 1,
        "about": About(id=closure.id, version=closure.version),
        "before": before,
    }
    if decided.run is None:
        state = found.state.model_copy(update={"status": "cancelled"})
        return AppointmentCancelled(**given, appointment=state, by=DecidedBy.CITY, reason=closure.reason)
    run = decided.run
    moved = moved_to(before, stations[run.station], run.counter, run.starts[0])
    if decided.decision is Decision.MOVE:
        return AppointmentRescheduled(**given, appointment=moved, by=DecidedBy.CITY, reason=closure.reason)
    instead_of = InsteadOf(
        place=before.place,
        counter=before.counter,
        starts_at=before.starts_at,
        ends_at=before.ends_at,
        reason=closure.reason,
        until=answer_until(moved.starts_at, now),
    )
    offered = moved.model_copy(update={"status": "offered", "instead_of": instead_of})
    return AlternativeOffered(**given, appointment=offered)
