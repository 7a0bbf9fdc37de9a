"""Facts of `appointments` about its walk-in queue. A ticket may carry a sealed phone number: they are restricted."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.appointments import BookedService, Place
from shared.events.base import Several
from shared.events.personal import PersonalFact, PersonalState


class TicketOutcome(StrEnum):
    """How a ticket ended: `returned` was given back by the citizen, `not_called` waited until the station closed.

    `station_closed` waited when the station had to close for some time.
    """

    SERVED = "served"
    MISSED = "missed"
    RETURNED = "returned"
    NOT_CALLED = "not_called"
    STATION_CLOSED = "station_closed"


class TicketState(PersonalState):
    """The public state of a ticket: one place in the queue of a station on one day.

    `number` is called out and shown in the hall. `appointment` is set for who came with one. `counter` is the number
    of the counter that called last, `calls` how often. `closes_at` is when the station closes. Most tickets belong to
    nobody we know: `person_key` is empty and `contact` None, unless somebody wants an SMS.
    """

    number: str
    status: Literal["waiting", "called", "closed"]
    place: Place
    services: Several[BookedService]
    issued_at: AwareDatetime
    closes_at: AwareDatetime
    appointment: UUID | None = None
    counter: int | None = None
    calls: int = 0
    outcome: TicketOutcome | None = None
    person_key: str = ""


class TicketFact(PersonalFact):
    """A number in the hall."""

    schema_version: ClassVar[int] = 2
    service: ClassVar[str] = "appointments"
    state_field: ClassVar[str] = "ticket"

    ticket: TicketState

    @property
    def alive_until(self) -> datetime:
        return self.ticket.closes_at


class TicketIssued(TicketFact):
    """Somebody waits: a number was taken, or somebody with an appointment has arrived."""


class TicketNear(TicketFact):
    """It is nearly somebody's turn: `ahead` people come before. Recorded once, and only for who wants to be told."""

    ahead: int


class TicketCalled(TicketFact):
    """A counter calls the number, for the first time or again."""


class TicketPutBack(TicketFact):
    """The person called waits again: parked for some minutes, to fetch papers, or handed over to somebody else."""

    reason: Literal["parked", "papers", "handed_over"]


class TicketClosed(TicketFact):
    """The ticket has ended; the state's `outcome` says how."""
