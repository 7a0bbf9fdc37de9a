"""What a stop of the Bürgermobil has besides what every station has: it is there for one day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.appointments.offer.windows import Hours
from shared.city import RhineBank
from shared.clock import BERLIN


@dataclass(frozen=True, slots=True)
class Stop:
    """When the vehicle is announced (UTC) and how many minutes later it is expected, what is offered there, and where.

    `quarter` is the number of its Ortsteil. One that is not `open` was cancelled, or announced only after its begin.
    """

    arrives_at: datetime
    departs_at: datetime
    delay_minutes: int
    services: frozenset[str]
    quarter: int
    rhine_bank: RhineBank
    open: bool

    @property
    def delay(self) -> timedelta:
        """How much later than announced the vehicle is expected."""
        return timedelta(minutes=self.delay_minutes)

    @property
    def day(self) -> date:
        """The day it is there."""
        return self.arrives_at.astimezone(BERLIN).date()

    @property
    def hours(self) -> tuple[Hours, ...]:
        """Its opening hours: from arrival to departure, none where it is not open."""
        if not self.open:
            return ()
        opens, closes = (moment.astimezone(BERLIN).time() for moment in (self.arrives_at, self.departs_at))
        return (Hours(self.day.weekday(), opens, closes, self.day, self.day),)
