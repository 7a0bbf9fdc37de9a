"""An appointment as a calendar file (RFC 5545)."""

from datetime import timedelta

from fastapi import Response
from icalendar import Alarm

from services.appointments.booking.facts import manage_url
from services.appointments.booking.queries import Appointment
from shared.appointment_calendar import appointment_entry
from shared.calendar_files import calendar_file
from shared.tools import Tools


def calendar_answer(tools: Tools, appointment: Appointment) -> Response:
    """The answer a phone takes into its calendar: stable UID, rising SEQUENCE, UTC times."""
    state = appointment.state
    assert state is not None, "only appointments have a calendar file"
    entry = appointment_entry(
        appointment.id,
        appointment.version,
        state,
        reach=tools.city.reach(state.place.key),
        url=manage_url(tools, appointment.id, appointment.generation, appointment.language, appointment.page_language),
        stamp=tools.clock.now(),
    )
    if entry["status"] != "CANCELLED":
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", entry["summary"])
        alarm.add("trigger", timedelta(days=-1))
        entry.add_component(alarm)
    headers = {
        "Content-Disposition": 'attachment; filename="termin.ics"',
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
        "Referrer-Policy": "no-referrer",
    }
    content = calendar_file(tools.name, [entry])
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)
