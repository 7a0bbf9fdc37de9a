"""An appointment as a calendar file (RFC 5545)."""

from datetime import timedelta

from fastapi import Response
from icalendar import Alarm

from services.appointments.booking.facts import manage_url
from services.appointments.booking.queries import Appointment
from shared import calendar_files
from shared.service import Service
from shared.web.formats import phone_text

STATUSES = {"confirmed": "CONFIRMED", "offered": "TENTATIVE", "cancelled": "CANCELLED", "missed": "CANCELLED"}
"""What calendars call a state: what did not take place is cancelled, and reminds nobody."""


def calendar_file(service: Service, appointment: Appointment) -> Response:
    """The answer a phone takes into its calendar: stable UID, rising SEQUENCE, UTC times."""
    state = appointment.state
    assert state is not None, "only appointments have a calendar file"
    vehicle = "Bürgermobil" if state.kind == "stop" else None
    address = state.place.address or service.city.reach(state.place.key).address
    event = calendar_files.calendar_entry(
        str(appointment.id),
        appointment.version,
        stamp=service.clock.now(),
        starts=appointment.starts_at,
        ends=appointment.ends_at,
        summary=", ".join(each.named(appointment.language) for each in state.services),
        location=", ".join(filter(None, [vehicle, state.place.name, address])),
        status=STATUSES[state.status],
    )
    url = manage_url(service, appointment.id, appointment.generation, appointment.language, appointment.page_language)
    phone = phone_text(service.city.reach(state.place.key).phone)
    event.add("description", f"{appointment.number}\n{url}\n{phone}")
    if event["status"] != "CANCELLED":
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", event["summary"])
        alarm.add("trigger", timedelta(days=-1))
        event.add_component(alarm)
    headers = {
        "Content-Disposition": 'attachment; filename="termin.ics"',
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
        "Referrer-Policy": "no-referrer",
    }
    content = calendar_files.calendar_file(service.name, [event])
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)
