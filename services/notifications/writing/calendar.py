"""Calendar parts (RFC 5545, RFC 5546): one entry per appointment, through its whole life."""

from datetime import datetime

from icalendar import vCalAddress

from services.notifications.telling.matters.appointments import delay_of, expected_start
from shared.calendar_files import calendar_entry, calendar_file
from shared.events.appointments import AppointmentFact

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
    event = calendar_entry(
        str(fact.id),
        fact.version,
        stamp=stamp,
        starts=expected_start(state),
        ends=state.ends_at + delay_of(state),
        summary=summary,
        location=location,
        status=STATUSES[state.status],
    )
    event.add("description", description)
    event.add("organizer", vCalAddress(f"mailto:{organizer}"))
    event.add("attendee", vCalAddress(f"mailto:{attendee}"), parameters={"RSVP": "FALSE"})
    return calendar_file("appointments", [event], method=method_of(fact))
