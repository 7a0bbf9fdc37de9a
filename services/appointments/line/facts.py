"""The facts of an entry in the waiting list, built from what was decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from services.appointments.line.domain import Outcome, Status, Suits
from services.appointments.line.queries import Entry, SeatOffer
from services.appointments.offer.domain import Station
from services.appointments.offer.facts import place_at, services_of
from services.appointments.offer.queries import Offer
from services.appointments.persons.domain import Details
from shared.events.appointments import (
    OfferedSeat,
    SeatOffered,
    SeatOfferEnded,
    WaitingListJoined,
    WaitingListLeft,
    WaitingState,
)
from shared.events.base import About, Sealed
from shared.events.personal import Contact
from shared.people import Person
from shared.secret_pages import secret_url
from shared.tools import Tools

WAITING = "waiting"
"""The kind of link that shows an entry and ends it."""
OFFER = "offer"
"""The kind of link that answers an offer."""

_ENDED: Mapping[Outcome, Literal["declined", "expired", "withdrawn"]] = MappingProxyType(
    {Outcome.DECLINED: "declined", Outcome.EXPIRED: "expired", Outcome.WITHDRAWN: "withdrawn"}
)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """Somebody who is to wait.

    Args:
        offer: the stations that suit, and the services wanted.
        instead_of: the appointment that cannot take place, where the city puts them on the list for it.
    """

    id: UUID
    suits: Suits
    offer: Offer
    details: Details
    instead_of: UUID | None = None


def waiting_url(tools: Tools, id: UUID, generation: int, state: WaitingState | Details) -> str:
    """The secret address of an entry's page."""
    path = f"waiting/{tools.links.token(WAITING, id, generation)}"
    return secret_url(tools, path, state.language, state.page_language)


def entry_path(tools: Tools, entry: Entry) -> str:
    """The secret path of an entry's page."""
    return f"/appointments/waiting/{tools.links.token(WAITING, entry.id, entry.generation)}"


def joined_fact(tools: Tools, entry: NewEntry) -> WaitingListJoined:
    """WaitingListJoined with the contact sealed to `notifications`."""
    id, suits, offer, details, person = entry.id, entry.suits, entry.offer, entry.details, entry.details.kept
    state = WaitingState(
        status="waiting",
        kind="counter" if offer.stations[0].kind.in_person else "video",
        services=services_of(offer),
        places=[place_at(each) for each in offer.stations],
        weekdays=list(suits.weekdays),
        first_day=suits.first_day,
        last_day=suits.last_day,
        language=details.language,
        interpreter=details.interpreter,
        page_language=details.page_language,
        channels=list(details.person.channels),
        person_key=tools.people.person_key(person),
        contact=_contact(tools, id, person, waiting_url(tools, id, 1, details)),
    )
    return WaitingListJoined(id=id, version=1, entry=state, instead_of=entry.instead_of)


def offered_fact(tools: Tools, entry: Entry, person: Person, offer: SeatOffer, station: Station) -> SeatOffered:
    """SeatOffered; the contact leads to the page that answers the offer."""
    offered = OfferedSeat(
        id=offer.id,
        place=place_at(station),
        counter=offer.counter,
        starts_at=offer.starts_at,
        ends_at=offer.ends_at,
        until=offer.until,
    )
    path = f"offer/{tools.links.token(OFFER, offer.id, 1)}"
    url = secret_url(tools, path, entry.language, entry.state.page_language)
    contact = _contact(tools, entry.id, person, url)
    state = entry.state.model_copy(update={"status": "offered", "offer": offered, "contact": contact})
    return SeatOffered(id=entry.id, version=entry.version + 1, entry=state)


def ended_fact(
    tools: Tools, entry: Entry, person: Person | None, outcome: Outcome, about: About | None
) -> SeatOfferEnded:
    """SeatOfferEnded, for one of the outcomes with which the entry waits on; the contact leads to its page again.

    Args:
        about: what it rests on, if it was withdrawn.
    """
    assert entry.state.offer is not None, "an entry has what it is offered in its state"
    state = entry.state.model_copy(
        update={"status": "waiting", "offer": None, "contact": _own_contact(tools, entry, person)}
    )
    return SeatOfferEnded(
        id=entry.id,
        version=entry.version + 1,
        about=about,
        entry=state,
        offer=entry.state.offer,
        outcome=_ENDED[outcome],
    )


def left_fact(
    tools: Tools, entry: Entry, person: Person | None, status: Status, appointment: UUID | None = None
) -> WaitingListLeft:
    """WaitingListLeft, for one of the statuses that are not open."""
    state = entry.state.model_copy(
        update={
            "status": status.value,
            "offer": None,
            "appointment": appointment,
            "contact": _own_contact(tools, entry, person),
        }
    )
    return WaitingListLeft(id=entry.id, version=entry.version + 1, entry=state)


def _own_contact(tools: Tools, entry: Entry, person: Person | None) -> Sealed | None:
    url = waiting_url(tools, entry.id, entry.generation, entry.state)
    return _contact(tools, entry.id, person, url) if person else None


def _contact(tools: Tools, id: UUID, person: Person, url: str) -> Sealed:
    contact = Contact(name=person.name, mail=person.mail, phone=person.phone, manage_url=url)
    return tools.sealer.seal("notifications", id, contact)
