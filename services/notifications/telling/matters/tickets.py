"""Telling whoever waits in the hall that it is nearly their turn."""

from services.notifications.telling.domain import AT_ONCE, QUIET_HOURS_IGNORED, MatterKind, Moment, Rule
from services.notifications.telling.purposes import Purpose
from shared.due import Urgency
from shared.events.tickets import TicketFact, TicketNear

UNTIL_CALLED: Moment[TicketFact] = Moment("being called, or the end of the day", lambda fact, _: fact.ticket.closes_at)


def _differs(known: TicketFact, new: TicketFact) -> bool:
    """It is nearly their turn, or they are called or done: then nothing that was to be told is worth telling."""
    return isinstance(new, TicketNear) or known.ticket.status != new.ticket.status


TICKETS = MatterKind(
    TicketFact,
    (Rule(TicketNear, Purpose.TURN, Urgency.URGENT, AT_ONCE, UNTIL_CALLED, QUIET_HOURS_IGNORED),),
    _differs,
)
