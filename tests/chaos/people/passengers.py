"""People who confirm what they hold at a stop of the Bürgermobil while that is being called off."""

import asyncio
from dataclasses import dataclass, field

from tests.chaos.people.tours import Driver
from tests.chaos.people.writers import SERVICES, Writer
from tests.chaos.rules.bookings import SLOT

TOGETHER = 4


@dataclass
class Passengers(Writer):
    """Several people who hold times at one stop; all confirm while the driver calls it off."""

    driver: Driver = field(kw_only=True)

    async def act(self) -> None:
        """Hold the first times of a stop, then let everything happen at once."""
        if not self.timetable:
            return
        stop, (arrives, _) = self.random.choice(list(self.timetable.items()))
        service = next(key for key, seats in SERVICES.items() if seats == 1)
        held = [await self.hold(stop, service, arrives + place * SLOT) for place in range(TOGETHER)]
        confirming = [self.confirm(each) for each in held if each]
        if confirming:
            await asyncio.gather(self.driver.call_off(stop), *confirming)
