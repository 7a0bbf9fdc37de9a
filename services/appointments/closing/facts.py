"""The facts of a closure, and of appointments that cannot take place as booked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.appointments.booking.facts import Why, binding_before, moved_to
from services.appointments.booking.queries import Appointment
from services.appointments.closing.domain import Closure, Decision, Proposal, alternative_until
from services.appointments.offer.domain import Station
from services.appointments.offer.facts import place_at
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

NOT_AS_BOOKED = "Der Termin kann nicht stattfinden wie gebucht."
"""The reason where no other is given."""


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


def because_of(closure: Closure) -> Why:
    """Why a closure changes appointments."""
    return Why(About(id=closure.id, version=closure.version), closure.reason)


def decided_fact(
    why: Why,
    found: Appointment,
    decided: Proposal,
    stations: Mapping[str, Station],
    now: datetime,
    waiting: UUID | None = None,
) -> AppointmentFact:
    """What becomes of an appointment that cannot take place as booked, one version after the state it changes.

    Args:
        waiting: the person's place on the waiting list, where there is no time for them.
    """
    assert found.state is not None, "a binding appointment has one"
    before = binding_before(found.state)
    given: dict[str, Any] = {
        "id": found.id,
        "version": found.version + 1,
        "about": why.about,
        "before": before,
    }
    said: dict[str, Any] = {"reason": why.reason, "known_reason": why.known_reason}
    if decided.run is None:
        state = found.state.model_copy(update={"status": "cancelled"})
        return AppointmentCancelled(**given, **said, appointment=state, by=DecidedBy.CITY, waiting=waiting)
    run = decided.run
    moved = moved_to(before, stations[run.station], run.counter, run.starts[0])
    if decided.decision is Decision.MOVE:
        return AppointmentRescheduled(**given, **said, appointment=moved, by=DecidedBy.CITY)
    instead_of = InsteadOf(
        place=before.place,
        counter=before.counter,
        starts_at=before.starts_at,
        ends_at=before.ends_at,
        reason=why.reason or NOT_AS_BOOKED,
        until=alternative_until(moved.starts_at, now),
    )
    offered = moved.model_copy(update={"status": "offered", "instead_of": instead_of})
    return AlternativeOffered(**given, appointment=offered, known_reason=why.known_reason)
