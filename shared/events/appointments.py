"""Facts of `appointments`. Those of appointments carry sealed contacts and person keys: their topic is restricted."""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.clock import BERLIN
from shared.events.base import Fact, FactPart, Privacy, Several
from shared.events.personal import PersonalFact, PersonalState


class DecidedBy(StrEnum):
    """The one that decided that an appointment moves, or will not take place."""

    CITIZEN = "citizen"
    STAFF = "staff"
    CITY = "city"


class KnownReason(StrEnum):
    """The city's fixed reasons why an appointment moves or ends, which messages say in every language."""

    ILLNESS = "illness"
    CLOSED = "closed"
    TECHNICAL = "technical"
    NOT_TAKEN = "not-taken"


class Place(FactPart):
    """Where an appointment takes place; `district` is the number of the Stadtbezirk, 0 where it is by video.

    At a stop of the Bürgermobil `key` is the stop's id, `quarter` the number of its Ortsteil, and `address` how to find
    it, in German.
    """

    key: str
    name: str
    district: int
    address: str | None = None
    quarter: int | None = None


class BookedService(FactPart):
    """A service (Leistung) of an appointment; `names` and `bring` by language, German always among them.

    `quantity` is how many of it (two children's passports), `minutes` how long one takes.
    """

    key: str
    names: dict[str, str]
    bring: dict[str, Several[str]] = {}
    minutes: int
    quantity: int = 1

    def named(self, language: str) -> str:
        """Its name in a language, in German where there is none in it; with the quantity where it is more than one."""
        name = self.names.get(language, self.names["de"])
        return name if self.quantity == 1 else f"{self.quantity} × {name}"


class InsteadOf(FactPart):
    """What an offered time stands in for: where and when the appointment was to be, and why it cannot be.

    `reason` stands in the city's words; the offered time is kept `until` a moment.
    """

    place: Place
    counter: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    reason: str
    until: AwareDatetime


class AppointmentState(PersonalState):
    """The public state of an appointment.

    `number` is what staff and citizens call it by. Where `kind` is `video` there is no way to go: the page of the
    appointment shows the link when it is time. Where it is `stop`, the Bürgermobil is expected `delay_minutes` later
    than announced, and with it the appointment. `interpreter` is the language an interpreter is asked for,
    `page_language` that of the pages it was booked on (None: not on pages). While it is `offered`, place and time are
    the alternative kept for the person, and `instead_of` says for what.
    """

    number: str
    status: Literal["confirmed", "offered", "missed", "cancelled"]
    kind: Literal["counter", "video", "stop"] = "counter"
    place: Place
    counter: str
    services: Several[BookedService]
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    interpreter: str | None = None
    page_language: str | None = None
    instead_of: InsteadOf | None = None
    delay_minutes: int = 0


class AppointmentFact(PersonalFact):
    """An appointment."""

    schema_version: ClassVar[int] = 5
    service: ClassVar[str] = "appointments"
    state_field: ClassVar[str] = "appointment"

    appointment: AppointmentState

    @property
    def alive_until(self) -> datetime:
        return self.appointment.ends_at


class AppointmentBooked(AppointmentFact):
    """A citizen's appointment is binding."""

    booked_at: AwareDatetime


class AppointmentRescheduled(AppointmentFact):
    """An appointment takes place at another time or place, under the same number; `before` is the state it had.

    `reason` stands in the city's words; `known_reason` is there where it is a `KnownReason`, or a newer one.
    """

    schema_version: ClassVar[int] = 7

    before: AppointmentState
    by: DecidedBy
    reason: str | None = None
    known_reason: str | None = None


class AppointmentCancelled(AppointmentFact):
    """An appointment will not take place; `before` is the state it had.

    `reason` stands in the city's words; `known_reason` is there where it is a `KnownReason`, or a newer one. Where the
    city put the person on the waiting list instead, `waiting` is the entry; the page of the
    appointment leads to it.
    """

    schema_version: ClassVar[int] = 6

    before: AppointmentState
    by: DecidedBy
    reason: str | None = None
    known_reason: str | None = None
    waiting: UUID | None = None


class AppointmentDelayed(AppointmentFact):
    """The Bürgermobil comes later than announced, or after all less late; the appointment stays and waits with it.

    `before` is the state it had; `reason` and `known_reason` say why.
    """

    before: AppointmentState
    reason: str | None = None
    known_reason: str | None = None


class AppointmentMissed(AppointmentFact):
    """Nobody came: an appointment began without the citizen it was for."""


class AlternativeOffered(AppointmentFact):
    """An appointment cannot take place as booked; another time is kept for the person, `before` is what they had.

    `known_reason` is there where the reason is one of the city's fixed ones.
    """

    before: AppointmentState
    known_reason: str | None = None


class ClosureState(FactPart):
    """Days, both included, on which a station is closed although it would open; `reason` stands in the city's words.

    Only one `counter` where it names one, only some hours of each day (local time, the end not included) where it has
    `from_time` and `until_time`.
    """

    status: Literal["in_force", "lifted"]
    place: Place
    first_day: date
    last_day: date
    reason: str
    counter: str | None = None
    from_time: time | None = None
    until_time: time | None = None

    @property
    def closes_station(self) -> bool:
        """Whether there is no use in going there: not lifted, and of all counters for whole days."""
        return self.status == "in_force" and self.counter is None and self.from_time is None


class ClosureFact(Fact):
    """A closure."""

    schema_version: ClassVar[int] = 3
    service: ClassVar[str] = "appointments"
    privacy: ClassVar[Privacy] = Privacy.OPEN

    closure: ClosureState

    @property
    def alive_until(self) -> datetime:
        return datetime.combine(self.closure.last_day + timedelta(days=1), time(), BERLIN)


class StationClosed(ClosureFact):
    """A station is closed on some days, other days than announced before, or not at all any more (`lifted`)."""


class OfferedSeat(FactPart):
    """A time offered to somebody who waits, theirs alone until a moment; `id` becomes the appointment's."""

    id: UUID
    place: Place
    counter: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    until: AwareDatetime


class WaitingState(PersonalState):
    """The public state of an entry in the waiting list.

    Its services are wanted together, at one of the `places`, on one of the `weekdays` (0 is Monday) from the first to
    the last day. Where `kind` is `video` there is no way to go. `offer` is there while a time is offered, `appointment`
    once one was taken.
    """

    status: Literal["waiting", "offered", "booked", "left", "over"]
    kind: Literal["counter", "video"] = "counter"
    services: Several[BookedService]
    places: Several[Place]
    weekdays: Several[int]
    first_day: date
    last_day: date
    offer: OfferedSeat | None = None
    appointment: UUID | None = None
    interpreter: str | None = None
    page_language: str | None = None


class WaitingFact(PersonalFact):
    """A place in the waiting list."""

    schema_version: ClassVar[int] = 3
    service: ClassVar[str] = "appointments"
    state_field: ClassVar[str] = "entry"

    entry: WaitingState

    @property
    def alive_until(self) -> datetime:
        return datetime.combine(self.entry.last_day, time.max, UTC)


class WaitingListJoined(WaitingFact):
    """Somebody wants to be told when something frees up.

    `instead_of` is their appointment that cannot take place, where the city put them on the list for it.
    """

    instead_of: UUID | None = None


class SeatOffered(WaitingFact):
    """A freed time is offered to the first in line it fits."""


class SeatOfferEnded(WaitingFact):
    """An offered time was not taken; the entry waits on. `offer` is what was offered.

    It was `withdrawn` where its seats are closed; `about` is the closure then.
    """

    schema_version: ClassVar[int] = 4

    offer: OfferedSeat
    outcome: Literal["declined", "expired", "withdrawn"]


class WaitingListLeft(WaitingFact):
    """An entry is no longer in line: an appointment was taken, the citizen left, or the last day is over."""
