"""The staff: clerks who give out numbers and call them, and a lead who closes stations and opens them again."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from tests.chaos.history import Operation
from tests.chaos.people.asking import Member

HALL = "mitte"
REACHED = "+4917604069000"
CLOSED = ("sued", "homberg", "hamborn", "meiderich")
"""Stations that are closed now and then; nobody waits for a time there."""
HOURS: dict[str, Any] = {"from_time": "10:00", "until_time": "12:00"}


@dataclass
class Clerk(Member):
    """A clerk at a counter of the hall, where others call as well."""

    counter: str = ""
    _count: int = 0

    async def act(self) -> None:
        """Give out a number, or call the next one and see what becomes of them."""
        if self.random.random() < 0.5:
            await self._give_number()
            return
        self._count += 1
        calling = self._begin("call")
        called = calling.said = await self.ask(calling, f"staff/counters/{self.counter}/call", {})
        if called is None and calling.answers[-1] == 409:
            seen = await self.look(f"staff/counters/{self.counter}")
            called = seen and seen["ticket"]
        if called:
            await self._serve(called["id"])

    async def _serve(self, ticket: str) -> None:
        deed = self.random.choice(["finish", "finish", "miss", "park", "hand-over", "call-again"])
        more = {"minutes": 1} if deed == "park" else {}
        self._count += 1
        await self.ask(self._begin(deed), f"staff/counters/{self.counter}/{deed}", {"ticket": ticket, **more})

    async def _give_number(self) -> None:
        self._count += 1
        phone = REACHED if self.random.random() < 0.3 else ""
        wish = {"services": ["meldebescheinigung"], "phone": phone}
        issuing = self._begin("issue")
        issuing.said = await self.ask(issuing, f"staff/stations/{HALL}/tickets", wish)

    def _begin(self, kind: str) -> Operation:
        return self.begin(kind, f"{self.name}-{self._count}", self.counter, self.city.day)


@dataclass
class Lead(Member):
    """Closes a station for a day, or for some hours of it, and sometimes lifts it again."""

    _closed: list[tuple[str, UUID]] = field(default_factory=list)
    _count: int = 0

    async def act(self) -> None:
        """Lift a closure, or announce one."""
        if self._closed and self.random.random() < 0.4:
            station, id = self._closed.pop()
            await self.ask(self._begin("lift", station, id), f"staff/closures/{id}/lifting", None)
        else:
            await self._close(self.random.choice(CLOSED))

    async def _close(self, station: str) -> None:
        self._count += 1
        id, day = uuid5(UUID(int=0), f"{self.city.prefix} {self.name} {self._count}"), f"{self.city.day:%Y-%m-%d}"
        wanted = {"station": station, "first_day": day, "last_day": day, "reason": "Wasserschaden"}
        if self.random.random() < 0.4:
            wanted |= HOURS
        query = "&".join(f"{name}={value}" for name, value in wanted.items())
        shown = await self.look(f"staff/closures/preview?{query}")
        if shown:
            body = {**wanted, "confirmation": {"preview": shown["version"]}}
            closing = self._begin("close", station, id)
            if await self.ask(closing, f"staff/closures/{id}", body, method="PUT"):
                self._closed.append((station, id))

    def _begin(self, kind: str, station: str, id: UUID) -> Operation:
        return self.begin(kind, str(id), station, self.city.day)
