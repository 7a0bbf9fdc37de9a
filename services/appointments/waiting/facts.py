"""The facts of an entry in the waiting list, built from what was decided."""

from uuid import UUID

from services.appointments.booking.facts import booked_services, place_of
from services.appointments.booking.wishes import Details
from services.appointments.offer.domain import Service as BookableService
from services.appointments.offer.domain import Station
from services.appointments.waiting.domain import Outcome, Status, Suits
from services.appointments.waiting.queries import Entry, SeatOffer
from shared.events.appointments import (
    OfferedSeat,
    SeatOffered,
    SeatOfferEnded,
    WaitingListJoined,
    WaitingListLeft,
    WaitingState,
)
from shared.events.base import Sealed
from shared.events.personal import Contact
from shared.people import Person
from shared.service import Service
from shared.web.i18n import language as page_language

WAITING = "waiting"
"""The kind of link that shows an entry and ends it."""
OFFER = "offer"
"""The kind of link that answers an offer."""


def waiting_url(service: Service, entry: UUID, generation: int, language: str) -> str:
    """The secret address of an entry's page; German where there are no pages in the language of messages."""
    return _url(service, language, f"waiting/{service.links.token(WAITING, entry, generation)}")


def offer_url(service: Service, offer: UUID, language: str) -> str:
    """The secret address of the page that answers an offer."""
    return _url(service, language, f"offer/{service.links.token(OFFER, offer, 1)}")


def joined_fact(
    service: Service,
    id: UUID,
    suits: Suits,
    stations: list[Station],
    services: tuple[BookableService, ...],
    details: Details,
    person: Person,
) -> WaitingListJoined:
    """WaitingListJoined with the contact sealed to `notifications`."""
    state = WaitingState(
        status="waiting",
        services=booked_services(services),
        places=[place_of(each) for each in stations],
        weekdays=list(suits.weekdays),
        first_day=suits.first_day,
        last_day=suits.last_day,
        language=details.language,
        interpreter=details.interpreter,
        channels=list(details.person.channels),
        person_key=service.people.person_key(person),
        contact=_contact(service, id, person, waiting_url(service, id, 1, details.language)),
    )
    return WaitingListJoined(id=id, version=1, entry=state)


def offered_fact(service: Service, entry: Entry, person: Person, offer: SeatOffer, station: Station) -> SeatOffered:
    """SeatOffered; the contact leads to the page that answers the offer."""
    offered = OfferedSeat(
        id=offer.id,
        place=place_of(station),
        counter=offer.counter,
        starts_at=offer.starts_at,
        ends_at=offer.ends_at,
        until=offer.until,
    )
    contact = _contact(service, entry.id, person, offer_url(service, offer.id, entry.language))
    state = entry.state.model_copy(update={"status": "offered", "offer": offered, "contact": contact})
    return SeatOffered(id=entry.id, version=entry.version + 1, entry=state)


def ended_fact(service: Service, entry: Entry, person: Person | None, outcome: Outcome) -> SeatOfferEnded:
    """SeatOfferEnded; the contact leads to the entry's page again."""
    assert entry.state.offer is not None, "an entry has what it is offered in its state"
    state = entry.state.model_copy(
        update={"status": "waiting", "offer": None, "contact": _own_contact(service, entry, person)}
    )
    ended = "expired" if outcome is Outcome.EXPIRED else "declined"
    return SeatOfferEnded(id=entry.id, version=entry.version + 1, entry=state, offer=entry.state.offer, outcome=ended)


def left_fact(
    service: Service, entry: Entry, person: Person | None, status: Status, appointment: UUID | None = None
) -> WaitingListLeft:
    """WaitingListLeft, for one of the statuses that are not open."""
    state = entry.state.model_copy(
        update={
            "status": status.value,
            "offer": None,
            "appointment": appointment,
            "contact": _own_contact(service, entry, person),
        }
    )
    return WaitingListLeft(id=entry.id, version=entry.version + 1, entry=state)


def _own_contact(service: Service, entry: Entry, person: Person | None) -> Sealed | None:
    url = waiting_url(service, entry.id, entry.generation, entry.language)
    return _contact(service, entry.id, person, url) if person else None


def _contact(service: Service, id: UUID, person: Person, url: str) -> Sealed:
    contact = Contact(name=person.name, mail=person.mail, phone=person.phone, manage_url=url)
    return service.sealer.seal("notifications", id, contact)


def _url(service: Service, language: str, path: str) -> str:
    return f"{service.settings.platform.public_url}{page_language(language).prefix}/appointments/{path}"
