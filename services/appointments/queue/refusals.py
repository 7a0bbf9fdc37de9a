"""Why a ticket is not issued, or a counter cannot do what it asks for."""

from services.appointments.queue.queries import Ticket
from shared.problems import Problem


class StationNotOpen(Problem):
    status = 409
    slug = "station-not-open"
    title = "The station is not open now"


class NoTicketsLeft(Problem):
    status = 409
    slug = "no-tickets-left"
    title = "All tickets of the day have been issued"


class NotNow(Problem):
    status = 409
    slug = "not-now"
    title = "One can only check in on the day, near the time of the appointment"


class AlreadyCalled(Problem):
    status = 409
    slug = "already-called"
    title = "The ticket has been called"


class CounterBusy(Problem):
    """Somebody is at the counter; `ticket` is who, where that is known."""

    status = 409
    slug = "counter-busy"
    title = "Somebody is at this counter"

    def __init__(self, ticket: Ticket | None = None) -> None:
        super().__init__(extra={"number": ticket.number} if ticket else None)


class TicketElsewhere(Problem):
    """The ticket is not where it was thought to be; `ticket` says how it stands now."""

    status = 409
    slug = "ticket-elsewhere"
    title = "Somebody else has taken care of this ticket"

    def __init__(self, ticket: Ticket) -> None:
        super().__init__(
            extra={
                "number": ticket.number,
                "state": ticket.status,
                "counter": ticket.counter,
                "outcome": ticket.outcome,
            }
        )
        self.ticket = ticket
