"""An appointment as a calendar file (RFC 5545)."""

from datetime import timedelta

from fastapi import Response
from icalendar import Alarm, Calendar, Event

from services.appointments.booking.facts import manage_url
from services.appointments.booking.queries import Appointment
from shared.service import Service

PRODUCT = "-//Nahbar//appointments//DE"
STATUSES = {"confirmed": "CONFIRMED", "offered": "TENTATIVE", "cancelled": "CANCELLED"}


def calendar_file(service: Service, appointment: Appointment) -> Response:
    """The answer a phone takes into its calendar: stable UID, rising SEQUENCE, UTC times."""
    state = appointment.state
    assert state is not None, "only appointments have a calendar file"
    vehicle = "Bürgermobil" if state.kind == "stop" else None
    event = Event()
    event.add("uid", str(appointment.id))
    event.add("sequence", appointment.version - 1)
    event.add("dtstamp", service.clock.now())
    event.add("dtstart", appointment.starts_at)
    event.add("dtend", appointment.ends_at)
    event.add("summary", ", ".join(each.named(appointment.language) for each in state.services))
    event.add("location", ", ".join(filter(None, [vehicle, state.place.name, state.place.address])))
    url = manage_url(service, appointment.id, appointment.generation, appointment.language, appointment.page_language)
    event.add("description", f"{appointment.number}\n{url}")
    event.add("status", STATUSES[state.status])
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", event["summary"])
    alarm.add("trigger", timedelta(days=-1))
    event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add_component(event)
    headers = {
        "Content-Disposition": 'attachment; filename="termin.ics"',
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
        "Referrer-Policy": "no-referrer",
    }
    return Response(calendar.to_ical(), media_type="text/calendar; charset=utf-8", headers=headers)
