"""Facts of reports that something on the pages cannot be read, used or understood."""

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import AwareDatetime

from shared.events.personal import PersonalFact, PersonalState

HANDED_OVER_WITHIN = timedelta(days=14)
"""By then the city has the report, or staff have seen that it did not arrive."""


class BarrierState(PersonalState):
    """A report of a barrier. It goes to the city itself, whose `contact` carries, sealed, what the person wrote."""

    number: str
    reported_at: AwareDatetime


class BarrierFact(PersonalFact):
    """A report of a barrier, to the city."""

    service: ClassVar[str] = "notifications"
    state_field: ClassVar[str] = "barrier"

    barrier: BarrierState

    @property
    def alive_until(self) -> datetime:
        return self.barrier.reported_at + HANDED_OVER_WITHIN


class BarrierReported(BarrierFact):
    """Somebody says what they cannot read, use or understand on the pages."""
