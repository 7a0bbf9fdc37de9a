"""Mails: text, HTML and calendar part, with the headers that machines on the way need."""

import re
from base64 import encodebytes
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from uuid import UUID

from services.notifications.news.domain import Circular
from services.notifications.purposes import Purpose
from services.notifications.writing.calendar import calendar_part, method_of
from services.notifications.writing.texts import Subject, Texts
from shared.addresses import routable
from shared.events.appointments import AppointmentFact
from shared.events.personal import Contact
from shared.lines import greeted

_NOT_IN_HEADERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
WITH_CALENDAR = frozenset(
    {Purpose.CONFIRMATION, Purpose.RESCHEDULING, Purpose.DELAY, Purpose.ALTERNATIVE, Purpose.CANCELLATION}
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to be sent."""

    recipient: str
    content: bytes


class MailWriter:
    """Builds mails.

    `EmailMessage` takes longer to put a mail together than it takes to send it. So it makes each kind of mail
    once, as a form, and only what differs from letter to letter is filled in.

    Args:
        sender: what people see as sender, "Name <address>".
        reply_to: where their answers go.
    """

    def __init__(self, texts: Texts, sender: str, reply_to: str) -> None:
        self._texts = texts
        self._sender = _mailbox(sender)
        self._address = self._sender.addr_spec
        self._reply_to = _mailbox(reply_to)
        self._domain = self._address.rpartition("@")[2]
        self._forms: dict[str | None, list[bytes]] = {}

    def write(self, message: UUID, purpose: Purpose, fact: Subject, contact: Contact, now: datetime) -> Letter:
        """The mail that gives a notice; `message` becomes its Message-ID and its X-Nahbar-Message header."""
        if contact.mail is None:
            raise ValueError("The contact has no mail address.")
        recipient = routable(contact.mail)
        text = self._texts.mail(purpose, fact, contact)
        appointment = fact if isinstance(fact, AppointmentFact) and purpose in WITH_CALENDAR else None
        method = method_of(appointment) if appointment else None
        parts = [text.plain.encode(), text.html.encode()]
        if appointment:
            parts.append(
                calendar_part(
                    method_of(appointment),
                    self._texts.calendar_entry(appointment, contact, now),
                    organizer=self._address,
                    attendee=recipient,
                )
            )
        headers = [
            _addressed("To", contact.name, recipient),
            _header("Subject", text.subject),
            _header("Content-Language", text.language),
            _header("Date", format_datetime(now)),
            _header("Message-ID", f"<{message}@{self._domain}>"),
            _header("X-Nahbar-Message", str(message)),
            *_list_headers(fact),
        ]
        if method not in self._forms:
            self._forms[method] = self._form(method)
        first, *rest = self._forms[method]
        filled = [_base64(part) + follows for part, follows in zip(parts, rest, strict=True)]
        return Letter(recipient, b"".join([*headers, first, *filled]))

    def _form(self, method: str | None) -> list[bytes]:
        """What stays the same in mails with a calendar method: the pieces around the contents of the parts."""
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self._sender
        mail["Reply-To"] = self._reply_to
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes, please
        mail.set_content("plain", cte="base64")
        mail.add_alternative("html", subtype="html", cte="base64")
        if method:
            mail.add_alternative("calendar", subtype="calendar", params={"method": method}, cte="base64")
        mail.set_boundary("=_nahbar")  # no line of base64 looks like it
        pieces, rest = [], mail.as_bytes()
        for part in mail.iter_parts():
            before, _, rest = rest.partition(str(part.get_payload()).strip().encode())
            pieces.append(before)
        return [*pieces, rest]


def _list_headers(fact: Subject) -> list[bytes]:
    """Where mail programs can unsubscribe (RFC 2369), by one POST (RFC 8058)."""
    if not isinstance(fact, Circular) or fact.unsubscribe_url is None:
        return []
    return [
        _header("List-Unsubscribe", f"<{fact.unsubscribe_url}>"),
        _header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]


def _header(name: str, value: str) -> bytes:
    if _NOT_IN_HEADERS.search(value):
        raise ValueError(f"{name} has characters no header may have.")
    return f"{name}: {value if value.isascii() else _encoded(name, value)}\r\n".encode()


@lru_cache(maxsize=64)  # takes longer than the rest of a mail, and circulars have it in common
def _encoded(name: str, value: str) -> str:
    """Encoded words of at most 75 characters, as many as it takes (RFC 2047, section 2)."""
    return Header(value, "utf-8", header_name=name, maxlinelen=75).encode(linesep="\r\n")


def _addressed(header: str, name: str, address: str) -> bytes:
    """A name and an address; the address itself is never encoded (RFC 2047, section 5)."""
    name = greeted(name)
    if _NOT_IN_HEADERS.search(name + address):
        raise ValueError(f"{header} has characters no header may have.")
    if not name:
        return f"{header}: {address}\r\n".encode()
    plain = name.isascii() and "=?" not in name  # else it could pass for an encoded word
    shown = formataddr((name, "@")).removesuffix(" <@>") if plain else f"{_encoded(header, name)}\r\n"
    return f"{header}: {shown} <{address}>\r\n".encode()


def _mailbox(written: str) -> Address:
    """A sender as it is configured, "Name <address>"."""
    name, address = parseaddr(written)
    return Address(name, addr_spec=routable(address))


def _base64(content: bytes) -> bytes:
    return encodebytes(content).rstrip().replace(b"\n", b"\r\n")
