"""What templates say of a ticket of the walk-in queue."""

from typing import Any

from services.notifications.purposes import Purpose
from shared.events.tickets import TicketFact, TicketNear
from shared.web.i18n import Language


def ticket_values(_: Language, __: Purpose, fact: TicketFact) -> dict[str, Any]:
    """The values of the templates `turn`, which also have how many are `ahead`, and `hall-closed`."""
    values = {"number": fact.ticket.number, "place": fact.ticket.place.name}
    return values | ({"ahead": fact.ahead} if isinstance(fact, TicketNear) else {})
