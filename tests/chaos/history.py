"""What a run leaves behind: what was asked and answered, what the databases, Kafka and the far ends hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID


class Ended(StrEnum):
    """How an operation ended for whoever asked. After a lost answer nobody knows, unless a repeat was answered."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Operation:
    """Something a person asked for.

    `kind` is what: hold, change of a hold, book, confirm, move, cancel, accept, reply of people who book; join, take,
    decline, leave of people who wait; issue, call, finish and other deeds of a clerk (`station` is the counter then);
    close, lift of a lead; plan, publish of a planner, delay, call-off, breakdown of a driver (`stops` are those they
    tell of).
    `person` is a name nobody else has, of a closure its id. `answers` holds the HTTP status of each try, None where
    the answer was lost. Moments are seconds since the epoch. `number` is the appointment's number once an answer told
    it, `said` what else was answered, `phone` the number that is this person's alone.
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
    said: Any = None
    phone: str = ""
    stops: tuple[UUID, ...] = ()


NO_CAUSE = UUID(int=0)
Seat = tuple[str, datetime]
"""A counter and a start."""


def station_of(seat: Seat) -> str:
    """The station of a seat's counter; of one at a stop that is the id of the stop."""
    return seat[0].rpartition("-")[0]


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment as it stands in the database of `appointments`.

    `decided_on` says whether the city ever decided on it, because of a closure or of a stop that changed; `by` who
    cancelled it.
    """

    id: UUID
    version: int
    status: str
    number: str
    person: str | None
    seats: tuple[Seat, ...]
    decided_on: bool = False
    by: str | None = None

    @property
    def station(self) -> str:
        """Where it takes place."""
        return station_of(self.seats[0])


@dataclass(frozen=True, slots=True)
class Standing:
    """Something else as it stands in the database of its service.

    `kind` is ticket, entry, closure or stop; `name` the number of a ticket, the person of an entry, the station of a
    closure, the place of a stop. Of an entry, `last_day` is the last one waited for.
    """

    id: UUID
    version: int
    kind: str
    status: str
    name: str | None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop as people were told of it last, or as `appointments` knows it."""

    id: UUID
    version: int
    status: str
    place: str
    arrives_at: datetime
    departs_at: datetime
    counters: int
    delay_minutes: int
    services: frozenset[str]


@dataclass(frozen=True, slots=True)
class Committed:
    """A row of an outbox, in the order of its id; `happened_at` is business time.

    `owner` is whose seats a fact of `appointments` tells of, an appointment or an offer to who waits; `seats` are those
    it has afterwards, kept `until` a moment if they are only offered. `says` is the body, for what else the rules read
    in it. `cause` began the chain.
    """

    id: int
    service: str
    event_id: UUID
    type: str
    aggregate: UUID
    version: int
    body: bytes
    published: bool
    owner: UUID | None = None
    seats: tuple[Seat, ...] = ()
    until: datetime | None = None
    says: Mapping[str, Any] = field(default_factory=dict)
    cause: UUID | None = None
    happened_at: datetime | None = None

    @property
    def name(self) -> str:
        """The fact's type without its service."""
        return self.type.rpartition(".")[2]

    @property
    def chain(self) -> UUID:
        """The first fact of its chain."""
        return self.cause or self.event_id


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
    """A row of the ledger: one person (`recipient`, a key) is told one thing about one matter in a version.

    `addresses` are keys of the person's addresses, by channel; `planned_at` is real time.
    """

    id: UUID
    matter: UUID
    purpose: str
    outcome: str | None
    cause: UUID = NO_CAUSE
    recipient: str = ""
    matter_version: int = 1
    addresses: Mapping[str, str] = field(default_factory=dict)
    planned_at: float = 0

    @property
    def says(self) -> tuple[UUID, str, UUID, str]:
        """What nobody may be told twice: a purpose, about a matter, to a person, with one cause."""
        return self.matter, self.purpose, self.cause, self.recipient


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

    `counters` is how many people a station or stop serves at once. `taken` are the seats in the database with who has
    them. `others` are the tickets, entries of the waiting list, closures and stops. `announced` are the stops as
    `mobile_office` told of them last, `known` as `appointments` knows them; `travel` is how long a vehicle drives from
    one place to another, by their keys. It was collected on a day of business time (`today`).
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
    others: Sequence[Standing] = ()
    announced: Sequence[Stop] = ()
    known: Sequence[Stop] = ()
    travel: Mapping[tuple[str, str], timedelta] = field(default_factory=dict)
    today: date = date.max

    def facts(self, *names: str) -> Iterator[Committed]:
        """The facts of some types, in the order of their commits."""
        return (row for row in self.committed if row.name in names)
