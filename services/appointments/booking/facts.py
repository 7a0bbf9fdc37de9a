"""The facts of an appointment, built from what was decided."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.appointments.booking.domain import REASONS
from services.appointments.booking.queries import Appointment
from services.appointments.booking.wishes import Seating
from services.appointments.offer.domain import Station
from services.appointments.offer.facts import place_at, services_of
from services.appointments.persons.domain import Details
from shared.act import Act
from shared.events.appointments import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AppointmentRescheduled,
    AppointmentState,
    DecidedBy,
    KnownReason,
)
from shared.events.base import About
from shared.events.personal import Contact
from shared.numbers import is_id
from shared.secret_pages import secret_url
from shared.tools import Tools

MANAGE = "manage"
"""The kind of link that shows and changes an appointment."""


def manage_url(tools: Tools, id: UUID, generation: int, language: str, page_language: str | None = None) -> str:
    """The secret address of an appointment's page."""
    return secret_url(tools, f"m/{tools.links.token(MANAGE, id, generation)}", language, page_language)


@dataclass(frozen=True, slots=True)
class Why:
    """What an appointment changes for: the aggregate it rests on in a version, and the reason.

    Args:
        reason: in the city's words, German.
        known_reason: where it is one of the city's fixed ones.
    """

    about: About
    reason: str | None = None
    known_reason: str | None = None


def booked_fact(act: Act, id: UUID, number: str, seating: Seating, details: Details) -> AppointmentBooked:
    """AppointmentBooked with the contact sealed to `notifications`; without a channel it has no address in it."""
    tools, person = act.tools, details.kept
    url = manage_url(tools, id, 1, details.language, details.page_language)
    told = bool(details.person.channels)
    contact = Contact(
        name=person.name,
        mail=person.mail if told else None,
        phone=person.phone if told else None,
        manage_url=url,
        cancel_url=f"{url}/cancel",
    )
    state = AppointmentState(
        number=number,
        status="confirmed",
        kind=seating.kind.value,
        place=place_at(seating.station),
        counter=seating.counter,
        services=services_of(seating.offer),
        starts_at=seating.starts_at,
        ends_at=seating.ends_at,
        language=details.language,
        interpreter=details.interpreter,
        page_language=details.page_language,
        channels=list(details.person.channels),
        person_key=tools.people.person_key(person),
        contact=tools.sealer.seal("notifications", id, contact),
        delay_minutes=seating.station.delay_minutes,
    )
    return AppointmentBooked(id=id, version=1, appointment=state, booked_at=act.now)


def rescheduled_fact(
    found: Appointment, seating: Seating, by: DecidedBy, reason: KnownReason | None
) -> AppointmentRescheduled:
    """AppointmentRescheduled, one version after the state it changes."""
    assert found.state is not None, "a binding appointment has one"
    moved = moved_to(found.state, seating.station, seating.counter, seating.starts_at)
    state = moved.model_copy(update={"status": "confirmed", "instead_of": None})
    before = binding_before(found.state)
    return AppointmentRescheduled(
        id=found.id, version=found.version + 1, appointment=state, before=before, by=by, **_why(reason)
    )


def taken_fact(found: Appointment, delay_minutes: int) -> AppointmentRescheduled:
    """AppointmentRescheduled for somebody who takes the time they were offered.

    Args:
        delay_minutes: how much later the vehicle comes by now, if it is at a stop.
    """
    assert found.state is not None, "a binding appointment has one"
    return AppointmentRescheduled(
        id=found.id,
        version=found.version + 1,
        appointment=found.state.model_copy(
            update={"status": "confirmed", "instead_of": None, "delay_minutes": delay_minutes}
        ),
        before=binding_before(found.state),
        by=DecidedBy.CITIZEN,
    )


def cancelled_fact(found: Appointment, by: DecidedBy, reason: KnownReason | None) -> AppointmentCancelled:
    """AppointmentCancelled, one version after the state it ends."""
    assert found.state is not None, "a binding appointment has one"
    state = found.state.model_copy(update={"status": "cancelled"})
    return AppointmentCancelled(
        id=found.id,
        version=found.version + 1,
        appointment=state,
        before=binding_before(found.state),
        by=by,
        **_why(reason),
    )


def _why(reason: KnownReason | None) -> dict[str, str]:
    return {} if reason is None else {"reason": REASONS[reason], "known_reason": reason}


def binding_before(state: AppointmentState) -> AppointmentState:
    """What was last binding: of an offered appointment not the alternative, but what it stands in for."""
    if state.instead_of is None:
        return state
    old = state.instead_of
    return state.model_copy(
        update={
            "status": "confirmed",
            "kind": state.kind if state.kind == "video" else "stop" if is_id(old.place.key) else "counter",
            "place": old.place,
            "counter": old.counter,
            "starts_at": old.starts_at,
            "ends_at": old.ends_at,
            "delay_minutes": 0,
            "instead_of": None,
        }
    )


def missed_fact(found: Appointment) -> AppointmentMissed:
    """AppointmentMissed, one version after the state it ends."""
    assert found.state is not None, "a binding appointment has one"
    state = found.state.model_copy(update={"status": "missed"})
    return AppointmentMissed(id=found.id, version=found.version + 1, appointment=state)


def moved_to(state: AppointmentState, station: Station, counter: str, starts_at: datetime) -> AppointmentState:
    """The state of an appointment that is as long as before, at another time or place."""
    return state.model_copy(
        update={
            "kind": station.kind.value,
            "place": place_at(station),
            "counter": counter,
            "starts_at": starts_at,
            "ends_at": starts_at + (state.ends_at - state.starts_at),
            "delay_minutes": station.delay_minutes,
        }
    )
