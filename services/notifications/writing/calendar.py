"""Calendar parts (RFC 5546): one entry per appointment, through its whole life."""

from icalendar import Event, vCalAddress

from shared.calendar_files import calendar_file
from shared.events.appointments import AppointmentFact


def method_of(fact: AppointmentFact) -> str:
    """REQUEST puts the entry in or changes it, CANCEL takes it out."""
    return "CANCEL" if fact.appointment.status == "cancelled" else "REQUEST"


def calendar_part(method: str, entry: Event, organizer: str, attendee: str) -> bytes:
    """The calendar part of a mail from one address to another."""
    entry.add("organizer", vCalAddress(f"mailto:{organizer}"))
    entry.add("attendee", vCalAddress(f"mailto:{attendee}"), parameters={"RSVP": "FALSE"})
    return calendar_file("appointments", [entry], method=method)
