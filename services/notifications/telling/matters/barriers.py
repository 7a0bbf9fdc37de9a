"""Telling the city that somebody reports a barrier."""

from services.notifications.purposes import Purpose
from services.notifications.telling.domain import AT_ONCE, QUIET_HOURS_IGNORED, MatterKind, Moment, Rule
from shared.due import Urgency
from shared.events.barriers import BarrierFact, BarrierReported

TWO_WEEKS_LATER: Moment[BarrierFact] = Moment("two weeks later", lambda fact, _: fact.alive_until)


def _differs(known: BarrierFact, new: BarrierFact) -> bool:
    """A report stays as it was made."""
    return False


BARRIERS = MatterKind(
    BarrierFact,
    (
        Rule(
            BarrierReported,
            Purpose.BARRIER,
            Urgency.DIRECT,
            AT_ONCE,
            TWO_WEEKS_LATER,
            QUIET_HOURS_IGNORED,
            role="the city",
        ),
    ),
    _differs,
)
