"""People who wait for something to free up at the station everybody wants, and answer what they are offered."""

from dataclasses import dataclass, field

from tests.chaos.city import RUSH
from tests.chaos.history import Operation
from tests.chaos.people.asking import Asker

SERVICES = {"meldebescheinigung": 1, "personalausweis": 2}
"""Seats each takes."""


@dataclass
class Waiter(Asker):
    """One person after another: of those who are offered something, some take it, some do not, some never answer.

    Args:
        station: where they wait for a time.
    """

    station: str = RUSH
    _waiting: list[tuple[Operation, str]] = field(default_factory=list)
    _count: int = 0

    async def act(self) -> None:
        """Join, or see what is offered to somebody who waits."""
        if not self._waiting or (len(self._waiting) < 8 and self.random.random() < 0.4):
            await self.join(self.random.choice(list(SERVICES)))
        else:
            await self._see(*self.random.choice(self._waiting))

    async def join(self, service: str) -> None:
        """Let somebody join for a service."""
        self._count += 1
        name, day = f"{self.name}-{self._count}", self.city.day.date().isoformat()
        person = {"name": name, "mail": f"delivered+{name}@simulator.stadt.example", "channels": ["mail"]}
        wanted = {
            "services": [service],
            "stations": [self.station],
            "first_day": day,
            "last_day": day,
            "person": person,
        }
        operation = self.begin("join", name, self.station, self.city.day, SERVICES[service])
        if joined := await self.ask(operation, "waiting", wanted):
            self._waiting.append((operation, joined["token"]))

    async def leave_all(self) -> None:
        """Let everybody leave; half of those who are offered something decline it first."""
        while self._waiting:
            joined, token = self._waiting.pop(0)
            seen = await self.look(f"waiting/{token}")
            if (offer := seen and seen["offer"]) and self.random.random() < 0.5:
                await self._do("decline", joined, f"offers/{offer['token']}/declining")
            await self._do("leave", joined, f"waiting/{token}/leaving")

    async def _see(self, joined: Operation, token: str) -> None:
        seen = await self.look(f"waiting/{token}")
        offer, dice = seen and seen["offer"], self.random.random()
        if offer is None and dice < 0.1:
            await self._do("leave", joined, f"waiting/{token}/leaving")
        elif offer and dice < 0.4:
            taking = await self._do("take", joined, f"offers/{offer['token']}/taking")
            taking.number = taking.said["number"] if taking.said else None
        elif offer and dice < 0.7:
            await self._do("decline", joined, f"offers/{offer['token']}/declining")
        if seen and seen["status"] in ("booked", "left", "over"):
            self._waiting.remove((joined, token))

    async def _do(self, kind: str, joined: Operation, path: str) -> Operation:
        operation = self.begin(kind, joined.person, joined.station, joined.starts_at, joined.seats)
        operation.said = await self.ask(operation, path, None)
        return operation
