"""The facts of an appointment, built from what was decided."""

from datetime import datetime
from uuid import UUID

from services.appointments.booking.wishes import Details
from services.appointments.offer.queries import Offer
from shared.events.appointments import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentState,
    BookedService,
    CancelledBy,
    Contact,
    Place,
)
from shared.people import Person
from shared.service import Service

MANAGE = "manage"
"""The kind of link that shows and changes an appointment."""


def manage_url(service: Service, id: UUID, generation: int, language: str) -> str:
    """The secret address of an appointment's page, in the person's language where pages exist in it."""
    prefix = "" if language == "de" else f"/{language}"
    token = service.links.token(MANAGE, id, generation)
    return f"{service.settings.platform.public_url}{prefix}/appointments/m/{token}"


def booked_fact(
    service: Service,
    id: UUID,
    number: str,
    counter: str,
    offer: Offer,
    starts_at: datetime,
    ends_at: datetime,
    details: Details,
    person: Person,
    now: datetime,
) -> AppointmentBooked:
    """AppointmentBooked with the contact sealed to `notifications`."""
    [station] = offer.stations
    url = manage_url(service, id, 1, details.language)
    contact = Contact(name=person.name, mail=person.mail, phone=person.phone, manage_url=url)
    state = AppointmentState(
        number=number,
        status="confirmed",
        place=Place(key=station.key, name=station.name, district=station.district, address=station.address),
        counter=counter,
        services=[
            BookedService(key=each.key, names=each.names, bring=each.bring, minutes=each.minutes)
            for each in offer.services
        ],
        starts_at=starts_at,
        ends_at=ends_at,
        language=details.language,
        interpreter=details.interpreter,
        channels=list(details.person.channels),
        person_key=service.people.person_key(person),
        contact=service.sealer.seal("notifications", id, contact),
    )
    return AppointmentBooked(id=id, version=1, appointment=state, booked_at=now)


def cancelled_fact(
    id: UUID, version: int, before: AppointmentState, by: CancelledBy, reason: str | None
) -> AppointmentCancelled:
    """AppointmentCancelled, one version after the state it ends."""
    state = before.model_copy(update={"status": "cancelled"})
    return AppointmentCancelled(id=id, version=version + 1, appointment=state, before=before, by=by, reason=reason)
