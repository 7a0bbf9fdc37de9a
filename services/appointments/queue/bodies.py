"""What staff ask for and get, as JSON, about the queue."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.appointments.booking.bodies import LanguageTag, MessageLanguage
from services.appointments.offer.api import Key
from services.appointments.offer.domain import MOST_KEYS
from services.appointments.queue.api import QueueStatus, WaitOut
from services.appointments.queue.queries import Counter, Ticket
from shared.events.tickets import TicketOutcome


class NewTicketIn(BaseModel):
    """A ticket for somebody at the desk; `phone` (read as German) is for an SMS when it is nearly their turn."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    services: Annotated[list[Key], Field(min_length=1, max_length=MOST_KEYS)]
    language: MessageLanguage = "de"
    interpreter: LanguageTag | None = None
    phone: Annotated[str, Field(max_length=40)] = ""


class StaffTicketOut(BaseModel):
    """A ticket as staff see it; `id` names it in what staff ask for."""

    id: UUID
    number: str
    status: QueueStatus
    outcome: TicketOutcome | None
    services: list[str]
    language: str
    interpreter: str | None
    appointment: UUID | None
    issued_at: AwareDatetime
    due_at: AwareDatetime | None
    back_at: AwareDatetime | None
    for_counter: str | None
    counter: str | None
    calls: int

    @classmethod
    def of(cls, ticket: Ticket) -> Self:
        """The ticket as it is answered."""
        return cls.model_validate(ticket, from_attributes=True)


class CounterOut(BaseModel):
    """A counter, and who is there or has just been called to it."""

    counter: str
    station: str
    paused: bool
    ticket: StaffTicketOut | None

    @classmethod
    def of(cls, counter: Counter) -> Self:
        """The counter as it is answered."""
        ticket = StaffTicketOut.of(counter.ticket) if counter.ticket else None
        return cls(counter=counter.key, station=counter.station, paused=counter.paused, ticket=ticket)


class QueueOut(BaseModel):
    """A station's queue: people that can be called, in order; people away; and how long the next person would wait."""

    line: list[StaffTicketOut]
    away: list[StaffTicketOut]
    open_counters: int
    wait: WaitOut | None


class CallIn(BaseModel):
    """The ticket to call: left out, the one whose turn it is."""

    model_config = ConfigDict(extra="forbid")

    ticket: UUID | None = None


class AtCounterIn(BaseModel):
    """The ticket an action is about, so that it never meets somebody else who is at the counter by now."""

    model_config = ConfigDict(extra="forbid")

    ticket: UUID


class ParkIn(AtCounterIn):
    """For how many minutes somebody waits before they stand in front of all others."""

    minutes: Annotated[int, Field(ge=1, le=120)]


class HandOverIn(AtCounterIn):
    """The counter that goes on: one, or any; and what the person needs now, where that has changed."""

    counter: Key | None = None
    services: Annotated[list[Key], Field(max_length=MOST_KEYS)] = []


class PauseIn(BaseModel):
    """Whether a counter pauses."""

    model_config = ConfigDict(extra="forbid")

    paused: bool


class DayFiguresOut(BaseModel):
    """A day of a station; times are averages in seconds, null where there is nothing to count.

    `wait` is from the number to the first call (nine in ten wait less than `long_wait`), `way` from the call to the
    counter, `processing` at counters.
    """

    day: date
    walk_ins: int
    appointments: int
    served: int
    missed: int
    returned: int
    not_called: int
    wait: float | None
    long_wait: float | None
    way: float | None
    processing: float | None
