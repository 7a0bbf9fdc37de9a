"""Telling whoever waits in the hall that it is nearly their turn, or that the station had to close."""

from services.notifications.purposes import Purpose
from services.notifications.telling.domain import AT_ONCE, QUIET_HOURS_IGNORED, Condition, MatterKind, Moment, Rule
from shared.due import Urgency
from shared.events.tickets import TicketClosed, TicketFact, TicketNear, TicketOutcome

UNTIL_CALLED: Moment[TicketFact] = Moment("being called, or the end of the day", lambda fact, _: fact.ticket.closes_at)
CLOSING_TIME: Moment[TicketFact] = Moment("the end of the day", lambda fact, _: fact.ticket.closes_at)
BY_CLOSURE: Condition[TicketClosed] = Condition(
    "by a closure", lambda fact: fact.ticket.outcome is TicketOutcome.STATION_CLOSED
)


def _differs(known: TicketFact, new: TicketFact) -> bool:
    """It is nearly their turn, or they are called or done: then nothing that was to be told is worth telling."""
    return isinstance(new, TicketNear) or known.ticket.status != new.ticket.status


TICKETS = MatterKind(
    TicketFact,
    (
        Rule(TicketNear, Purpose.TURN, Urgency.URGENT, AT_ONCE, UNTIL_CALLED, QUIET_HOURS_IGNORED),
        Rule(TicketClosed, Purpose.HALL_CLOSED, Urgency.URGENT, AT_ONCE, CLOSING_TIME, QUIET_HOURS_IGNORED, BY_CLOSURE),
    ),
    _differs,
)
