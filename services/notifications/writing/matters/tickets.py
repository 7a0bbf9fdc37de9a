"""What templates say of a ticket of the walk-in queue."""

from typing import Any

from services.notifications.telling.purposes import Purpose
from shared.events.tickets import TicketNear
from shared.web.i18n import Language


def ticket_values(_: Language, __: Purpose, fact: TicketNear) -> dict[str, Any]:
    """The values of the templates `turn`."""
    return {"number": fact.ticket.number, "ahead": fact.ahead, "place": fact.ticket.place.name}
