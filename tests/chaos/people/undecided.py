"""People who change what they hold while others wait for it."""

from dataclasses import dataclass, field

from tests.chaos.city import NARROW
from tests.chaos.people.waiters import SERVICES, Waiter
from tests.chaos.people.writers import OPENING, Writer
from tests.chaos.rules.bookings import SLOT


@dataclass
class Undecided(Writer):
    """Two people who hold all times of a station, and want others as soon as somebody waits there.

    Args:
        waiter: speaks for those who wait.
    """

    waiter: Waiter = field(kw_only=True)

    async def act(self) -> None:
        """Hold everything, let two people wait who need different numbers of seats, then choose again one by one."""
        first = self.city.day + OPENING
        one, two = sorted(SERVICES, key=lambda service: SERVICES[service])
        held = [await self.hold(NARROW, two, first), await self.hold(NARROW, one, first + 2 * SLOT)]
        if all(held):
            for service in (two, one):
                await self.waiter.join(service)
        for each in reversed(held):
            chosen = await self.choose_again(each, *self._wish()) if each else None
            if chosen:
                await self.confirm(chosen)
        while self._mine:
            await self.cancel_last()
        await self.waiter.leave_all()
