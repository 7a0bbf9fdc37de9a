"""Tickets as JSON, for whoever holds one."""

from typing import Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from services.appointments.queue.facts import TICKET
from services.appointments.queue.queries import Situation, Ticket, load_situation, load_ticket
from services.appointments.queue.usecases import give_back
from shared.events.tickets import TicketOutcome
from shared.http import CurrentAct, api_router, problems
from shared.tools import Tools

router = api_router("/appointments/api/v1", "queue")

QueueStatus = Literal["waiting", "called", "serving", "papers", "closed"]


class WaitOut(BaseModel):
    """Between how many minutes somebody will probably wait."""

    shortest: int
    longest: int


class TicketOut(BaseModel):
    """A ticket and where it stands.

    `ahead` is how many people come before it, null while it is not in line; `wait` is null while today's figures cannot
    say. `counter` is the number of the counter that called last.
    """

    number: str
    status: QueueStatus
    station: str
    counter: int | None
    outcome: TicketOutcome | None
    issued_at: AwareDatetime
    ahead: int | None
    wait: WaitOut | None

    @classmethod
    def of(cls, ticket: Ticket, situation: Situation) -> Self:
        """The ticket as it is answered."""
        wait = situation.estimate
        return cls(
            number=ticket.number,
            status=ticket.status.value,
            station=ticket.station,
            counter=ticket.counter_number,
            outcome=ticket.outcome,
            issued_at=ticket.issued_at,
            ahead=situation.ahead,
            wait=WaitOut(shortest=wait.shortest, longest=wait.longest) if wait else None,
        )


@router.get("/tickets/{token}", responses=problems(404))
async def ticket(act: CurrentAct, token: str) -> TicketOut:
    """A ticket, by its secret token: how many people are ahead, and the counter once it is called."""
    found = await load_ticket(act.conn, ticket_id(act.tools, token))
    return TicketOut.of(found, await load_situation(act, found.station, found))


@router.post("/tickets/{token}/return", responses=problems(404, 409))
async def return_ticket(act: CurrentAct, token: str) -> TicketOut:
    """Give a ticket back, because one cannot wait any longer. Sent again it changes nothing."""
    found = await give_back(act, ticket_id(act.tools, token))
    return TicketOut.of(found, await load_situation(act, found.station, found))


def ticket_id(tools: Tools, token: str) -> UUID:
    """The ticket a secret token gives access to; raises NotFound for a made-up one."""
    return tools.links.read(TICKET, token)[0]
