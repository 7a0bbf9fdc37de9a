"""What the far ends remember: messages they accepted, and what they report about them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Channel(StrEnum):
    """A way to reach people; SMS go through either of two gateways."""

    MAIL = "mail"
    SMS = "sms"
    SECOND_SMS = "second_sms"


CROWD = "menge.example"
"""The domain of the crowd that books on and on while the demo runs; its mails are looked at apart from the story's."""


class Kind(StrEnum):
    """Which messages the inbox shows: those of the story, all or only one kind of them; or those of the crowd."""

    STORY = "story"
    MAIL = "mail"
    SMS = "sms"
    CROWD = "crowd"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages to look up: to addresses and numbers that contain `person`, of a kind, older than `before`.

    Args:
        language: only mails in this language (BCP 47 tag).
        before: the number of a message.
    """

    person: str = ""
    kind: Kind = Kind.STORY
    language: str = ""
    before: int | None = None


class ReportKind(StrEnum):
    """What a far end tells the sender afterwards."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    RECEIPT = "receipt"
    REPLY = "reply"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message a far end took responsibility for.

    `number` is the gateway's id of an SMS; `reference` the sender's own id (mail: X-Nahbar-Message, else Message-ID;
    SMS: foreign_id); `times` how often that id was accepted for this recipient; `source` the raw mail, or the SMS as
    JSON.
    """

    number: int
    channel: Channel
    recipient: str
    sender: str
    reference: str | None
    accepted_at: datetime
    source: bytes
    times: int


@dataclass(frozen=True, slots=True)
class NewReport:
    """Something to tell the sender `after` seconds; `detail` is the status code, receipt status, reply or event."""

    kind: ReportKind
    detail: str
    after: float


@dataclass(frozen=True, slots=True)
class Report:
    """Something to tell the sender: pending while `due_at` is set, sent when `sent_at` is, given up when neither is."""

    number: int
    channel: Channel
    message: int | None
    kind: ReportKind
    party: str
    detail: str
    due_at: datetime | None
    attempts: int
    sent_at: datetime | None
