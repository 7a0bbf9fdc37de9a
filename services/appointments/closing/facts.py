"""The facts of a closure, and of appointments that cannot take place as booked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.appointments.booking.facts import binding_before, place_at
from services.appointments.booking.queries import Appointment
from services.appointments.closing.domain import Closure, Decision, Proposal, answer_until
from services.appointments.closing.free_seats import Run
from services.appointments.offer.domain import Station
from shared.events.appointments import (
    AlternativeOffered,
    AppointmentCancelled,
    AppointmentFact,
    AppointmentRescheduled,
    AppointmentState,
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


@dataclass(frozen=True, slots=True)
class Because:
    """Why an appointment cannot take place as booked.

    Args:
        about: what that rests on.
        reason: in the city's words, German.
        known_reason: where it is one of the city's fixed ones.
    """

    about: About
    reason: str
    known_reason: str | None = None


def because_of(closure: Closure) -> Because:
    """That a station is closed."""
    return Because(About(id=closure.id, version=closure.version), closure.reason)


def decided_fact(
    because: Because,
    found: Appointment,
    decided: Proposal,
    stations: Mapping[str, Station],
    now: datetime,
    waiting: UUID | None = None,
) -> AppointmentFact:
    """What becomes of an appointment that cannot take place, one version after the state it changes.

    Args:
        waiting: the person's place on the waiting list, where there is no time for them.
    """
    assert found.state is not None, "a binding appointment has one"
    before = binding_before(found.state)
    given: dict[str, Any] = {
        "id": found.id,
        "version": found.version + 1,
        "about": because.about,
        "before": before,
    }
    why: dict[str, Any] = {"reason": because.reason, "known_reason": because.known_reason}
    if decided.run is None:
        state = found.state.model_copy(update={"status": "cancelled"})
        return AppointmentCancelled(**given, **why, appointment=state, by=DecidedBy.CITY, waiting=waiting)
    moved = _moved(before, decided.run, stations)
    if decided.decision is Decision.MOVE:
        return AppointmentRescheduled(**given, **why, appointment=moved, by=DecidedBy.CITY)
    instead_of = InsteadOf(
        place=before.place,
        counter=before.counter,
        starts_at=before.starts_at,
        ends_at=before.ends_at,
        reason=because.reason,
        until=answer_until(moved.starts_at, now),
    )
    offered = moved.model_copy(update={"status": "offered", "instead_of": instead_of})
    return AlternativeOffered(**given, appointment=offered, known_reason=because.known_reason)


def _moved(before: AppointmentState, run: Run, stations: Mapping[str, Station]) -> AppointmentState:
    start, station = run.starts[0], stations[run.station]
    return before.model_copy(
        update={
            "place": place_at(station),
            "counter": run.counter,
            "starts_at": start,
            "ends_at": start + (before.ends_at - before.starts_at),
        }
    )
