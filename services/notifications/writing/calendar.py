"""Calendar parts (RFC 5545, RFC 5546): one entry per appointment, through its whole life."""

from datetime import datetime

from icalendar import Calendar, Event, vCalAddress

from services.notifications.telling.matters.appointments import delay_of, expected_start
from shared.events.appointments import AppointmentFact

PRODUCT = "-//Nahbar//Appointments//DE"
STATUSES = {"confirmed": "CONFIRMED", "offered": "TENTATIVE", "cancelled": "CANCELLED"}


def method_of(fact: AppointmentFact) -> str:
    """REQUEST puts the entry in or changes it, CANCEL takes it out."""
    return "CANCEL" if fact.appointment.status == "cancelled" else "REQUEST"


def calendar_part(
    fact: AppointmentFact,
    *,
    summary: str,
    description: str,
    location: str,
    organizer: str,
    attendee: str,
    stamp: datetime,
) -> bytes:
    """The calendar entry of an appointment.

    The appointment's id is its UID in every message. SEQUENCE rises with its version: a calendar takes the newer. While
    the Bürgermobil is late the entry is at the time it is expected, so that calendars remind of that.
    """
    state = fact.appointment
    event = Event()
    event.add("uid", str(fact.id))
    event.add("sequence", fact.version - 1)
    event.add("dtstamp", stamp)
    event.add("dtstart", expected_start(state))
    event.add("dtend", state.ends_at + delay_of(state))
    event.add("summary", summary)
    event.add("description", description)
    event.add("location", location)
    event.add("status", STATUSES[state.status])
    event.add("organizer", vCalAddress(f"mailto:{organizer}"))
    event.add("attendee", vCalAddress(f"mailto:{attendee}"), parameters={"RSVP": "FALSE"})
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method_of(fact))
    calendar.add_component(event)
    return bytes(calendar.to_ical())
