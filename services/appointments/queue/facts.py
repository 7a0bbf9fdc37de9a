"""The facts of a ticket, built from its row."""

from typing import Any, Literal, TypeVar
from uuid import UUID

from pydantic import AwareDatetime

from services.appointments.offer.facts import place_of, services_of
from services.appointments.offer.queries import Offer
from services.appointments.queue.domain import Status
from services.appointments.queue.queries import Ticket
from shared.events.appointments import BookedService, Place
from shared.events.base import FactPart, Sealed
from shared.events.personal import Contact
from shared.events.tickets import TicketFact, TicketState
from shared.people import Person
from shared.tools import Tools
from shared.web.i18n import language as page_language

TICKET = "ticket"
"""The kind of link that shows a ticket and gives it back."""

_Kind = TypeVar("_Kind", bound=TicketFact)
_PUBLIC: dict[Status, Literal["waiting", "called", "closed"]] = {
    Status.WAITING: "waiting",
    Status.PAPERS: "waiting",
    Status.CALLED: "called",
    Status.SERVING: "called",
    Status.CLOSED: "closed",
}


class Particulars(FactPart):
    """What calling does not change about a ticket's public state; kept with the ticket."""

    place: Place
    services: list[BookedService]
    closes_at: AwareDatetime
    person_key: str = ""
    contact: Sealed | None = None


def particulars_of(offer: Offer, closes_at: AwareDatetime) -> Particulars:
    """The particulars of a ticket for the services of an offer at its only station."""
    return Particulars(place=place_of(offer), services=services_of(offer), closes_at=closes_at)


def with_phone(tools: Tools, particulars: Particulars, id: UUID, phone: str, language: str) -> Particulars:
    """The same for somebody who wants an SMS; `phone` in E.164 is sealed to `notifications` and kept nowhere else."""
    contact = Contact(name="", phone=phone, manage_url=ticket_url(tools, id, language))
    return particulars.model_copy(
        update={
            "person_key": tools.people.person_key(Person(name="", phone=phone)),
            "contact": tools.sealer.seal("notifications", id, contact),
        }
    )


def fact_of(kind: type[_Kind], ticket: Ticket, **more: Any) -> _Kind:
    """A fact about a ticket as it stands now; `more` are the fields of its kind."""
    state = TicketState(
        **ticket.particulars,
        number=ticket.number,
        status=_PUBLIC[ticket.status],
        issued_at=ticket.issued_at,
        appointment=ticket.appointment,
        counter=ticket.counter_number,
        calls=ticket.calls,
        outcome=ticket.outcome,
        language=ticket.language,
        channels=["sms"] if ticket.particulars["person_key"] else [],
    )
    return kind(id=ticket.id, version=ticket.version, ticket=state, **more)


def ticket_url(tools: Tools, id: UUID, language: str) -> str:
    """The secret address of a ticket's page; German where there are no pages in the language of messages."""
    token = tools.links.token(TICKET, id, 1)
    return f"{tools.settings.platform.public_url}{page_language(language).prefix}/appointments/ticket/{token}"
