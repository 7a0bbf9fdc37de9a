"""Mails: text, HTML and calendar part, with the headers that machines on the way need."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from uuid import UUID

from services.notifications.telling.domain import Purpose
from services.notifications.writing.calendar import calendar_part, method_of
from services.notifications.writing.texts import Texts
from shared.events.appointments import AppointmentFact, Contact

WITH_CALENDAR = frozenset({Purpose.CONFIRMATION, Purpose.CANCELLATION})


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to be sent."""

    recipient: str
    content: bytes


class MailWriter:
    """Builds mails.

    Args:
        sender: what people see as sender, "Name <address>".
        reply_to: where their answers go.
    """

    def __init__(self, texts: Texts, sender: str, reply_to: str) -> None:
        self._texts = texts
        name, self._address = parseaddr(sender)
        self._sender = Address(name, addr_spec=self._address)
        self._reply_to = reply_to
        self._domain = self._address.rpartition("@")[2]

    def write(self, message: UUID, purpose: Purpose, fact: AppointmentFact, contact: Contact, now: datetime) -> Letter:
        """The mail that gives a notice; `message` becomes its Message-ID and its X-Nahbar-Message header."""
        if contact.mail is None:
            raise ValueError("The contact has no mail address.")
        text = self._texts.mail(purpose, fact, contact)
        recipient = _with_ascii_domain(contact.mail)
        mail = EmailMessage(policy=SMTP if recipient.isascii() else SMTPUTF8)
        mail["From"] = self._sender
        mail["To"] = Address(" ".join(contact.name.split()), addr_spec=recipient)
        mail["Reply-To"] = self._reply_to
        mail["Subject"] = text.subject
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<{message}@{self._domain}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies, please
        mail["X-Nahbar-Message"] = str(message)
        mail.set_content(text.plain, cte="base64")
        mail.add_alternative(text.html, subtype="html", cte="base64")
        if purpose in WITH_CALENDAR:
            part = calendar_part(
                fact,
                summary=text.subject,
                description=text.plain,
                organizer=self._address,
                attendee=recipient,
                stamp=now,
            )
            mail.add_alternative(part.decode(), subtype="calendar", params={"method": method_of(fact)}, cte="base64")
        return Letter(recipient, mail.as_bytes())


def _with_ascii_domain(address: str) -> str:
    """An address every mail server can route: umlauts stay only in front of the @ (RFC 5891, RFC 6531)."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"
