"""Stops as people know them: what was announced last, whatever the plan says by now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.mobile_office.tours.domain import Stop
from shared.clock import BERLIN
from shared.events.mobile_office import StopState
from shared.recurrence import monday_of


@dataclass(frozen=True, slots=True)
class AnnouncedStop:
    """A stop people know of; `version` counts its announcements."""

    id: UUID
    version: int
    state: StopState

    @property
    def takes_place(self) -> bool:
        """Whether it was not cancelled."""
        return self.state.status != "cancelled"

    @property
    def arrives_at(self) -> datetime:
        """When the vehicle is expected."""
        return self.state.arrives_at + self.state.delay

    @property
    def departs_at(self) -> datetime:
        """When it is expected to drive on."""
        return self.state.departs_at + self.state.delay

    @property
    def monday(self) -> date:
        """The week people were told."""
        return monday_of(self.state.arrives_at.astimezone(BERLIN).date())


def as_announced(stops: Iterable[Stop]) -> list[AnnouncedStop]:
    """Those of some stops people know of, in order of the time they know."""
    found = [AnnouncedStop(stop.id, stop.version, stop.announced) for stop in stops if stop.announced]
    return sorted(found, key=lambda stop: (stop.state.arrives_at, stop.id))
