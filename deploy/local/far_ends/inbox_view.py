"""What the inbox shows of a message: mails taken apart, SMS with their segments, both with their reports."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default

from icalendar import Calendar

from deploy.local.far_ends.records import Accepted, Channel, Report
from deploy.local.far_ends.sms_forms import Segments
from deploy.local.far_ends.store import Store


@dataclass(frozen=True, slots=True)
class Entry:
    """An event of a calendar part; `method` is what the calendar is asked to do with it (RFC 5546)."""

    method: str
    summary: str
    start: date | None
    uid: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as the page shows it.

    `html` says whether there is an HTML part, `attachments` names other files, `can_be_answered` whether an SMS came
    from a number.
    """

    message: Accepted
    reports: Sequence[Report]
    text: str
    subject: str = ""
    html: bool = False
    entries: Sequence[Entry] = ()
    attachments: Sequence[str] = ()
    segments: Segments | None = None
    can_be_answered: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """An address or number with what arrived there, oldest first."""

    name: str
    messages: Sequence[Shown]


def people(store: Store, found: Sequence[Accepted]) -> list[Person]:
    """Messages by person, the one written to last first."""
    messages: dict[str, list[Shown]] = {}
    for message in found:
        earlier = messages.pop(message.recipient, [])
        messages[message.recipient] = [*earlier, _shown(message, store.reports(message.number))]
    return [Person(name, shown) for name, shown in reversed(messages.items())]


def html_of(message: Accepted) -> str | None:
    """The HTML part of a mail."""
    return _text(_parsed(message.source).get_body(("html",))) if message.channel == Channel.MAIL else None


def _shown(message: Accepted, reports: Sequence[Report]) -> Shown:
    if message.channel != Channel.MAIL:
        text = json.loads(message.source)["text"]
        return Shown(message, reports, text, segments=Segments.of(text), can_be_answered=message.sender.startswith("+"))
    mail = _parsed(message.source)
    parts = list(mail.walk())
    return Shown(
        message,
        reports,
        text=_text(mail.get_body(("plain",))) or "",
        subject=str(mail["Subject"] or ""),
        html=mail.get_body(("html",)) is not None,
        entries=[entry for part in parts if part.get_content_type() == "text/calendar" for entry in _entries(part)],
        attachments=[name for part in parts if (name := part.get_filename())],
    )


def _parsed(source: bytes) -> EmailMessage:
    return message_from_bytes(source, policy=default)


def _text(part: MIMEPart | None) -> str | None:
    if part is None:
        return None
    try:
        return str(part.get_content())
    except LookupError:  # a charset nobody knows
        return bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")


def _entries(part: MIMEPart) -> list[Entry]:
    try:
        calendar = Calendar.from_ical(bytes(part.get_payload(decode=True) or b""))
    except ValueError:
        return []
    return [
        Entry(
            method=str(calendar.get("METHOD", "")),
            summary=str(event.get("SUMMARY", "")),
            start=event.decoded("DTSTART", None),
            uid=str(event.get("UID", "")),
            sequence=int(event.get("SEQUENCE", 0)),
        )
        for event in calendar.walk("VEVENT")
    ]
