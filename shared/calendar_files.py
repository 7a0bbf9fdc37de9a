"""Calendar files (RFC 5545): entries that keep their UID, and the file around them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from icalendar import Calendar, Event


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry; of two with one UID a calendar keeps the newer, by its version, which counts from 1."""

    uid: str
    version: int
    stamp: datetime
    starts: datetime
    ends: datetime
    summary: str
    location: str
    status: str

    def event(self) -> Event:
        """The entry as it stands in a file."""
        event = Event()
        event.add("uid", self.uid)
        event.add("sequence", self.version - 1)
        event.add("dtstamp", self.stamp)
        event.add("dtstart", self.starts)
        event.add("dtend", self.ends)
        event.add("summary", self.summary)
        event.add("location", self.location)
        event.add("status", self.status)
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
