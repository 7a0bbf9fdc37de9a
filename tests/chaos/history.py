"""What a run leaves behind: what was asked and answered, what the databases, Kafka and the far ends hold."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Ended(StrEnum):
    """How an operation ended for whoever asked. After a lost answer nobody knows, unless a repeat was answered."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Operation:
    """Something a person asked for.

    `kind` is hold, book, confirm or cancel; `person` is a name nobody else has. `answers` holds the HTTP status of each
    try, None where the answer was lost. Moments are seconds since the epoch. `number` is the appointment's number once
    an answer told it.
    """

    kind: str
    person: str
    station: str
    starts_at: datetime
    seats: int
    invoked_at: float
    answers: list[int | None] = field(default_factory=list)
    ended_at: float = 0
    ended: Ended = Ended.UNKNOWN
    number: str | None = None


Seat = tuple[str, datetime]
"""A counter and a start."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment as it stands in the database of `appointments`."""

    id: UUID
    version: int
    status: str
    number: str
    person: str | None
    seats: tuple[Seat, ...]


@dataclass(frozen=True, slots=True)
class Committed:
    """A row of an outbox, in the order of its id; `seats` are those of an appointment's fact."""

    id: int
    service: str
    event_id: UUID
    type: str
    aggregate: UUID
    version: int
    body: bytes
    published: bool
    seats: tuple[Seat, ...] = ()


@dataclass(frozen=True, slots=True)
class Logged:
    """A record of a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    event_id: UUID
    type: str
    aggregate: UUID
    version: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Notice:
    """A row of the ledger: one person is told one thing about one matter."""

    id: UUID
    matter: UUID
    purpose: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A message being sent, in seconds since the epoch (real time); `ended` is None if whoever sent it was cut off."""

    began: float
    ended: float | None


@dataclass(frozen=True, slots=True)
class Message:
    """A notice on one channel; `conduct` is how the far end treats its recipient."""

    id: UUID
    notice: UUID
    channel: str
    state: str
    conduct: str = "delivered"
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message a far end accepted; `bad_news` if it reported a failure afterwards."""

    reference: str | None
    channel: str
    recipient: str
    bad_news: bool = False


@dataclass(slots=True)
class Fault:
    """Something done to a process, from the first moment of trouble until it runs again (seconds since the epoch)."""

    kind: str
    victim: str
    began: float
    ended: float


@dataclass(frozen=True)
class History:
    """Everything the checker looks at.

    `counters` is how many people a station serves at once. `taken` are the seats in the database with who has them.
    `clock_moves` are the moments (real time) at which business time jumped. `unsettled` says what was still in motion
    when the wait for silence ended; `dead_letters` are the reasons of records put aside.
    """

    operations: Sequence[Operation]
    counters: dict[str, int]
    appointments: Sequence[Appointment]
    taken: dict[Seat, UUID]
    committed: Sequence[Committed]
    log: Sequence[Logged]
    notices: Sequence[Notice]
    messages: Sequence[Message]
    arrived: Sequence[Arrived]
    faults: Sequence[Fault]
    clock_moves: Sequence[float] = ()
    dead_letters: Sequence[str] = ()
    unsettled: Sequence[str] = ()
