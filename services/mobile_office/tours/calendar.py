"""Stops as a calendar file: one to take along, or those of a district to subscribe to."""

from collections.abc import Iterable
from datetime import timedelta

from fastapi import Response

from services.mobile_office.tours.announced import AnnouncedStop
from shared.calendar_files import Entry, calendar_file
from shared.tools import Tools

STATUSES = {"scheduled": "CONFIRMED", "cancelled": "CANCELLED"}
RENEWAL = timedelta(hours=1)
"""How often calendars that subscribe are asked to look again (RFC 7986)."""


def calendar_of(tools: Tools, stops: Iterable[AnnouncedStop], language_prefix: str, **properties: object) -> Response:
    """The answer a calendar takes: stops keep their UID, each announcement raises SEQUENCE, times are as expected.

    Args:
        language_prefix: of the pages of the stops the entries lead to.
        properties: of the calendar, such as its `name`.
    """
    now, site = tools.clock.now(), tools.settings.platform.public_url
    entries = []
    for stop in stops:
        state = stop.state
        entry = Entry(
            uid=str(stop.id),
            version=stop.version,
            stamp=now,
            starts=stop.arrives_at,
            ends=stop.departs_at,
            summary=f"Bürgermobil: {state.place.name}",
            location=", ".join([state.place.name, state.place.landmark]),
            status=STATUSES[state.status],
        ).event()
        entry.add("geo", (state.place.latitude, state.place.longitude))
        entry.add("url", f"{site}{language_prefix}/mobile_office/stops/{stop.id}")
        if state.reason:
            entry.add("description", state.reason)
        entries.append(entry)
    content = calendar_file(tools.name, entries, **properties)
    headers = {"Content-Disposition": 'attachment; filename="buergermobil.ics"', "Cache-Control": "no-cache"}
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)
