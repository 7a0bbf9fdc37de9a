"""Facts of `appointments`. They carry sealed contacts and person keys, so their topic is restricted."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.events.base import FactPart
from shared.events.personal import PersonalFact, PersonalState


class DecidedBy(StrEnum):
    """Who decided that an appointment moves, or will not take place."""

    CITIZEN = "citizen"
    STAFF = "staff"
    CITY = "city"


class Place(FactPart):
    """Where an appointment takes place; `district` is the number of the Stadtbezirk."""

    key: str
    name: str
    district: int
    address: str | None = None


class BookedService(FactPart):
    """A service (Leistung) of an appointment; `names` and `bring` by language, German always among them.

    `quantity` is how many of it (two children's passports), `minutes` how long one takes.
    """

    key: str
    names: dict[str, str]
    bring: dict[str, list[str]] = {}
    minutes: int
    quantity: int = 1

    def named(self, language: str) -> str:
        """Its name in a language, in German where there is none in it; with the quantity where it is more than one."""
        name = self.names.get(language, self.names["de"])
        return name if self.quantity == 1 else f"{self.quantity} × {name}"


class AppointmentState(PersonalState):
    """The public state of an appointment.

    `number` is what staff and citizens call it by, `interpreter` the language an interpreter is asked for.
    """

    number: str
    status: Literal["confirmed", "missed", "cancelled"]
    kind: Literal["counter"] = "counter"
    place: Place
    counter: str
    services: list[BookedService]
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    interpreter: str | None = None


class AppointmentFact(PersonalFact):
    schema_version: ClassVar[int] = 2
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

    `reason` stands in the city's words.
    """

    schema_version: ClassVar[int] = 3

    before: AppointmentState
    by: DecidedBy
    reason: str | None = None


class AppointmentCancelled(AppointmentFact):
    """An appointment will not take place; `before` is the state it had, `reason` stands in the city's words."""

    before: AppointmentState
    by: DecidedBy
    reason: str | None = None


class AppointmentMissed(AppointmentFact):
    """Nobody came: an appointment began without the citizen it was for."""
