"""An appointment as calendars show it (RFC 5545): the same whether its page or a mail says it."""

from datetime import datetime, timedelta
from uuid import UUID

from icalendar import Event

from shared.calendar_files import Entry
from shared.city import Reach
from shared.events.appointments import AppointmentState
from shared.web.formats import phone_text

STATUSES = {"confirmed": "CONFIRMED", "offered": "TENTATIVE", "cancelled": "CANCELLED", "missed": "CANCELLED"}
"""What calendars call a state: what did not take place is cancelled, and reminds nobody."""


def appointment_entry(
    id: UUID, version: int, state: AppointmentState, *, reach: Reach, url: str, stamp: datetime
) -> Event:
    """The calendar entry of an appointment, named after its services in the language its person is written to in.

    Its id is its UID through its whole life. While the Bürgermobil is late the entry is at the time it is expected, so
    that calendars remind of that.

    Args:
        version: of the appointment; of two entries a calendar keeps the newer.
        reach: of its place.
        url: of its page.
        stamp: when the entry is made.
    """
    delay = timedelta(minutes=state.delay_minutes)
    entry = Entry(
        uid=str(id),
        version=version,
        stamp=stamp,
        starts=state.starts_at + delay,
        ends=state.ends_at + delay,
        summary=", ".join(each.named(state.language) for each in state.services),
        location=_location(state, reach),
        status=STATUSES[state.status],
    ).event()
    entry.add("description", f"{state.number}\n{url}\n{phone_text(reach.phone)}")
    return entry


def _location(state: AppointmentState, reach: Reach) -> str:
    """Where an appointment takes place, in words every language has."""
    if state.kind == "video":
        return "Video"
    place = f"Bürgermobil: {state.place.name}" if state.kind == "stop" else state.place.name
    return ", ".join(filter(None, [place, state.place.address or reach.address]))
