"""What templates say of a report of a barrier; what the person wrote is the contact's note."""

from typing import Any

from services.notifications.purposes import Purpose
from shared.events.barriers import BarrierReported
from shared.web.i18n import Language


def barrier_values(_: Language, __: Purpose, fact: BarrierReported) -> dict[str, Any]:
    """The values of the templates `barrier`."""
    return {"number": fact.barrier.number}
