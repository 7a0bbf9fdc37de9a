"""The facts of a closure, and of the appointments it concerns."""

from datetime import datetime

from services.appointments.booking.facts import binding_before
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
    Place,
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
            place=_place(station),
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
    moved = _moved(before, decided.run, stations)
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


def _moved(before: AppointmentState, run: Run, stations: dict[str, Station]) -> AppointmentState:
    start = run.starts[0]
    return before.model_copy(
        update={
            "place": _place(stations[run.station]),
            "counter": run.counter,
            "starts_at": start,
            "ends_at": start + (before.ends_at - before.starts_at),
        }
    )


def _place(station: Station) -> Place:
    return Place(key=station.key, name=station.name, district=station.district, address=station.address)
