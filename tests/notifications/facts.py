"""Facts as `appointments` publishes them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

from shared.events.appointments import (
    AlternativeOffered,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentDelayed,
    AppointmentFact,
    AppointmentMissed,
    AppointmentRescheduled,
    AppointmentState,
    BookedService,
    ClosureState,
    DecidedBy,
    InsteadOf,
    OfferedSeat,
    Place,
    SeatOffered,
    SeatOfferEnded,
    StationClosed,
    WaitingFact,
    WaitingListJoined,
    WaitingListLeft,
    WaitingState,
)
from shared.events.barriers import BarrierReported, BarrierState
from shared.events.base import Fact, Received
from shared.events.links import LinksRequest, LinksRequested
from shared.events.personal import Contact, PersonalFact
from shared.events.tickets import TicketClosed, TicketNear, TicketOutcome, TicketState
from shared.sealing import Sealer, public_key_of
from shared.settings import development_private_key

MANAGE_URL = "https://duisburg.example/appointments/m/" + "x" * 46
UNSUBSCRIBE_URL = "https://duisburg.example/notifications/unsubscribe/" + "x" * 46
MONDAY_NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)
THURSDAY = datetime(2026, 11, 26, 8, 20, tzinfo=UTC)
MOBILE = "+4915228817300"

_SEALER = Sealer([], {"notifications": public_key_of(development_private_key("notifications"))})


def person(mail: str | None = "delivered", phone: str | None = MOBILE, name: str = "Ada Lovelace") -> Contact:
    """A contact at the simulator; `mail` names the behaviour of its mailbox."""
    address = mail and (mail if "@" in mail else f"{mail}@simulator.stadt.example")
    return Contact(name=name, mail=address, phone=phone, manage_url=MANAGE_URL, cancel_url=f"{MANAGE_URL}/cancel")


def state(matter: UUID, contact: Contact | None, **changes: Any) -> AppointmentState:
    """An appointment on a Thursday morning, told of by mail."""
    values: dict[str, Any] = {
        "number": "4711-0815",
        "status": "confirmed",
        "place": Place(key="hamborn", name="Bürger-Service-Station Hamborn", district=200, address="Markt 1"),
        "counter": "3",
        "services": [
            BookedService(
                key="id",
                names={"de": "Personalausweis beantragen", "en": "Apply for an identity card"},
                bring={"de": ["bisheriger Ausweis"], "en": ["previous identity card"]},
                minutes=20,
            )
        ],
        "starts_at": THURSDAY,
        "ends_at": changes.get("starts_at", THURSDAY) + timedelta(minutes=20),
        "language": "de",
        "channels": ["mail"],
        "person_key": f"key of {contact.name if contact else 'nobody'}",
        "contact": contact and _SEALER.seal("notifications", matter, contact),
    }
    return AppointmentState(**values | changes)


def booked(contact: Contact | None = None, matter: UUID | None = None, **changes: Any) -> AppointmentBooked:
    """A citizen booked."""
    matter = matter or uuid4()
    appointment = state(matter, contact or person(), **changes)
    return AppointmentBooked(id=matter, version=1, appointment=appointment, booked_at=MONDAY_NOON)


def rescheduled(
    before: AppointmentFact, by: DecidedBy = DecidedBy.CITIZEN, reason: str | None = None, **changes: Any
) -> AppointmentRescheduled:
    """The appointment is moved, by a day unless `changes` say otherwise."""
    starts_at = changes.pop("starts_at", before.appointment.starts_at + timedelta(days=1))
    moved = {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=20), **changes}
    after = before.appointment.model_copy(update=moved)
    return AppointmentRescheduled(
        id=before.id,
        version=before.version + 1,
        appointment=after,
        before=before.appointment,
        by=by,
        reason=reason,
    )


def cancelled(
    before: AppointmentFact,
    by: DecidedBy = DecidedBy.CITIZEN,
    reason: str | None = None,
    waiting: UUID | None = None,
) -> AppointmentCancelled:
    """The appointment is cancelled; `waiting` is the place in line the person got instead."""
    after = before.appointment.model_copy(update={"status": "cancelled"})
    return AppointmentCancelled(
        id=before.id,
        version=before.version + 1,
        appointment=after,
        before=before.appointment,
        by=by,
        reason=reason,
        waiting=waiting,
    )


def delayed(before: AppointmentFact, minutes: int, known_reason: str | None = None) -> AppointmentDelayed:
    """The Bürgermobil comes later than announced; not at all later with 0 minutes."""
    after = before.appointment.model_copy(update={"delay_minutes": minutes})
    return AppointmentDelayed(
        id=before.id,
        version=before.version + 1,
        appointment=after,
        before=before.appointment,
        reason="Stau auf der A 59" if minutes else None,
        known_reason=known_reason,
    )


def missed(before: AppointmentFact) -> AppointmentMissed:
    """Nobody came."""
    after = before.appointment.model_copy(update={"status": "missed"})
    return AppointmentMissed(id=before.id, version=before.version + 1, appointment=after)


def offered(before: AppointmentFact, until: datetime = MONDAY_NOON + timedelta(days=2)) -> AlternativeOffered:
    """The appointment cannot be; a time two days later is offered instead."""
    old = before.appointment
    instead_of = InsteadOf(
        place=old.place,
        counter=old.counter,
        starts_at=old.starts_at,
        ends_at=old.ends_at,
        reason="Wasserschaden",
        until=until,
    )
    later = {"starts_at": old.starts_at + timedelta(days=2), "ends_at": old.ends_at + timedelta(days=2)}
    after = old.model_copy(update={"status": "offered", "instead_of": instead_of, **later})
    return AlternativeOffered(id=before.id, version=before.version + 1, appointment=after, before=old)


def ticket(matter: UUID, contact: Contact | None, **changes: Any) -> TicketState:
    """A ticket of a Thursday morning, for somebody who waits for an SMS."""
    values: dict[str, Any] = {
        "number": "A 017",
        "status": "waiting",
        "place": Place(key="hamborn", name="Bürger-Service-Station Hamborn", district=200, address="Markt 1"),
        "services": [],
        "issued_at": THURSDAY,
        "closes_at": THURSDAY + timedelta(hours=8),
        "language": "de",
        "channels": ["sms"],
        "person_key": f"key of {contact.name}" if contact else "",
        "contact": contact and _SEALER.seal("notifications", matter, contact),
    }
    return TicketState(**(values | changes))


def near(contact: Contact | None = None, **changes: Any) -> TicketNear:
    """It is nearly somebody's turn."""
    matter = uuid4()
    return TicketNear(id=matter, version=2, ticket=ticket(matter, contact or person(mail=None), **changes), ahead=2)


def barrier(**changes: Any) -> BarrierReported:
    """Somebody reports a barrier to the city."""
    id = uuid4()
    values: dict[str, Any] = {
        "number": "B-3F2A-91BC",
        "reported_at": MONDAY_NOON,
        "language": "de",
        "channels": ["mail"],
        "person_key": "key of the city",
        "contact": _SEALER.seal("notifications", id, person()),
    }
    return BarrierReported(id=id, version=1, barrier=BarrierState(**values | changes))


def hall_closed(contact: Contact | None = None, **changes: Any) -> TicketClosed:
    """The station had to close while somebody waited."""
    matter = uuid4()
    ended = {"status": "closed", "outcome": TicketOutcome.STATION_CLOSED, **changes}
    return TicketClosed(id=matter, version=2, ticket=ticket(matter, contact or person(mail=None), **ended))


def waiting(contact: Contact | None = None, **changes: Any) -> WaitingListJoined:
    """A citizen waits for Mondays and Thursdays at Hamborn."""
    id, booked_state = uuid4(), state(uuid4(), None)
    values: dict[str, Any] = {
        "status": "waiting",
        "services": booked_state.services,
        "places": [booked_state.place],
        "weekdays": [0, 3],
        "first_day": MONDAY_NOON.date(),
        "last_day": date(2026, 12, 18),
        "language": "de",
        "channels": ["mail"],
        "person_key": "key of one who waits",
        "contact": _SEALER.seal("notifications", id, contact or person()),
    }
    return WaitingListJoined(id=id, version=1, entry=WaitingState(**values | changes))


def seat_offered(before: WaitingFact, starts_at: datetime = THURSDAY, until: datetime | None = None) -> SeatOffered:
    """A time is offered, until two hours after noon on Monday unless `until` says otherwise."""
    offer = OfferedSeat(
        id=uuid4(),
        place=before.entry.places[0],
        counter="3",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=20),
        until=until or MONDAY_NOON + timedelta(hours=2),
    )
    entry = before.entry.model_copy(update={"status": "offered", "offer": offer})
    return SeatOffered(id=before.id, version=before.version + 1, entry=entry)


def offer_ended(
    before: WaitingFact, outcome: Literal["declined", "expired", "withdrawn"] = "expired"
) -> SeatOfferEnded:
    """The offer was not taken."""
    assert before.entry.offer
    entry = before.entry.model_copy(update={"status": "waiting", "offer": None})
    return SeatOfferEnded(
        id=before.id, version=before.version + 1, entry=entry, offer=before.entry.offer, outcome=outcome
    )


def left(before: WaitingFact, status: str = "over") -> WaitingListLeft:
    """The entry is no longer in line."""
    entry = before.entry.model_copy(update={"status": status, "offer": None})
    return WaitingListLeft(id=before.id, version=before.version + 1, entry=entry)


def links_requested(contact: Contact | None = None, **changes: Any) -> LinksRequested:
    """Somebody who lost their links asks for them."""
    matter = uuid4()
    values: dict[str, Any] = {
        "language": "de",
        "channels": ["mail"],
        "person_key": "key of Ada Lovelace",
        "contact": _SEALER.seal("notifications", matter, contact or person(phone=None, name="")),
        "asked_at": MONDAY_NOON,
    }
    return LinksRequested(id=matter, version=1, request=LinksRequest(**values | changes))


_STATION = "Bürger-Service-Station Hamborn"


def closed(matter: UUID | None = None, version: int = 1, **changes: Any) -> StationClosed:
    """A station is closed for a day."""
    values: dict[str, Any] = {
        "status": "in_force",
        "place": Place(key="hamborn", name=_STATION, district=200, address="Markt 1"),
        "first_day": THURSDAY.date() + timedelta(days=7),
        "last_day": THURSDAY.date() + timedelta(days=7),
        "reason": "Wasserschaden",
    }
    return StationClosed(id=matter or uuid4(), version=version, closure=ClosureState(**values | changes))


def received(fact: PersonalFact, occurred_at: datetime = MONDAY_NOON) -> Received[Any]:
    """A fact as it reaches the consumer, first of its chain."""
    event_id = uuid4()
    return Received(fact=fact, event_id=event_id, cause=event_id, occurred_at=occurred_at)


def as_news(fact: Fact, occurred_at: datetime = MONDAY_NOON) -> Received[Any]:
    """News as it reaches the consumer, first of its chain."""
    event_id = uuid4()
    return Received(fact=fact, event_id=event_id, cause=event_id, occurred_at=occurred_at)
