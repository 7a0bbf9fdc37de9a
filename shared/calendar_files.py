"""Calendar files (RFC 5545): entries that keep their UID, and the file around them."""

from collections.abc import Iterable
from datetime import datetime

from icalendar import Calendar, Event


def calendar_entry(
    uid: str,
    version: int,
    *,
    stamp: datetime,
    starts: datetime,
    ends: datetime,
    summary: str,
    location: str,
    status: str,
) -> Event:
    """An entry; of two with one UID a calendar keeps the newer, by its version, which counts from 1."""
    event = Event()
    event.add("uid", uid)
    event.add("sequence", version - 1)
    event.add("dtstamp", stamp)
    event.add("dtstart", starts)
    event.add("dtend", ends)
    event.add("summary", summary)
    event.add("location", location)
    event.add("status", status)
    return event


def calendar_file(product: str, entries: Iterable[Event], **properties: object) -> bytes:
    """A file with entries; `product` is the service whose matters they are, `properties` are those of the calendar."""
    calendar = Calendar()
    calendar.add("prodid", f"-//Nahbar//{product}//DE")
    calendar.add("version", "2.0")
    for name, value in properties.items():
        calendar.add(name, value)
    for entry in entries:
        calendar.add_component(entry)
    return bytes(calendar.to_ical())
