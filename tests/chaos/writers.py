"""People who book: over HTTP, at the same few seats, repeating what was not answered; all of it is written down."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.chaos.city import City
from tests.chaos.history import Ended, Operation
from tests.chaos.rules.bookings import SLOT

API = "/appointments/api/v1"
OPENING = timedelta(hours=9)
SLOTS_A_DAY = 48
RUSH = ("walsum", 5)
"""Half of all wishes are for the first few times of one small station."""
SERVICES = {"meldebescheinigung": 1, "personalausweis": 2, "familienanmeldung": 4}
"""Seats each takes."""
CHANNELS = (["mail"], ["sms"], ["mail", "sms"])
CONDUCTS = {
    "delivered": "00",
    "perm-fail": "02",
    "temp-fail": "03",
    "flaky-2": "12",
    "bounce-later": "04",
    "full": "05",
    "throttle": "06",
    "slow": "07",
    "drop": "08",
    "no-receipt": "09",
    "dup-receipt": "20",
    "late-receipt": "21",
    "complaint": "30",
    "unsubscribe": "31",
}
"""How far ends treat people: by local part of the mail address, by last digits of the phone number."""
NOBODYS_NUMBERS = "+49176040690"
"""Numbers kept for films; two digits follow."""


@dataclass
class Booked:
    """An appointment somebody was told of."""

    operation: Operation
    token: str


@dataclass
class Writer:
    """One person after another, each with a name of their own.

    Args:
        name: begins their names.
        addresses: of the processes that take bookings; each try goes to any of them.
        pause: seconds between two wishes, on average.
        gives_up: how probable it is that somebody asks no more after a lost answer.
    """

    name: str
    city: City
    addresses: Sequence[str]
    client: httpx.AsyncClient
    random: random.Random
    operations: list[Operation]
    pause: float = 0.4
    gives_up: float = 0.1
    _mine: list[Booked] = field(default_factory=list)
    _count: int = 0

    async def run(self, until: float) -> None:
        """Do one thing after another until a moment of `time.monotonic()`."""
        while time.monotonic() < until:
            dice = self.random.random()
            if dice < 0.25 and self._mine:
                await self.cancel(self._mine.pop(self.random.randrange(len(self._mine))))
            elif dice < 0.5:
                await self.hold_and_confirm(*self._wish())
            else:
                await self.book(*self._wish())
            await asyncio.sleep(self.random.uniform(0, 2 * self.pause))

    async def book(
        self, station: str, service: str, starts_at: datetime, person: dict[str, Any] | None = None
    ) -> Operation:
        """Book a time at once."""
        person = person or self._person()
        operation = self._begin("book", person["name"], station, service, starts_at)
        answer = await self._ask(operation, "appointments", {"time": self._time(operation, service), "person": person})
        self._keep(operation, answer)
        return operation

    async def hold_and_confirm(self, station: str, service: str, starts_at: datetime) -> None:
        """Hold a time, type for a moment, then confirm it; one in ten changes their mind."""
        person = self._person()
        hold = self._begin("hold", person["name"], station, service, starts_at)
        held = await self._ask(hold, "holds", self._time(hold, service))
        if held and self.random.random() < 0.9:
            await asyncio.sleep(self.random.uniform(0, 3 * self.pause))
            confirm = self._begin("confirm", person["name"], station, service, starts_at)
            self._keep(confirm, await self._ask(confirm, "appointments", {"hold": held["token"], "person": person}))

    async def cancel(self, booked: Booked) -> None:
        """Cancel an appointment. Told that it is cancelled already after a lost answer, it was this one."""
        first = booked.operation
        operation = Operation("cancel", first.person, first.station, first.starts_at, first.seats, time.time())
        self.operations.append(operation)
        await self._ask(operation, f"appointments/{booked.token}/cancellation", None)
        if operation.answers[-1] == 410 and len(operation.answers) > 1:
            operation.ended = Ended.ACKNOWLEDGED

    async def cancel_last(self) -> None:
        """Cancel what was booked last."""
        await self.cancel(self._mine.pop())

    def person(self, conduct: str, *, channels: Sequence[str] = ("mail",)) -> dict[str, Any]:
        """A new person whom the far ends treat in a certain way."""
        self._count += 1
        name = f"{self.name}-{self._count}"
        return {
            "name": name,
            "mail": f"{conduct}+{name}@simulator.stadt.example",
            "phone": NOBODYS_NUMBERS + CONDUCTS[conduct],
            "channels": list(channels),
            "language": self.random.choice(["de", "en"]),
        }

    def _person(self) -> dict[str, Any]:
        conduct = "delivered" if self.random.random() < 0.5 else self.random.choice(list(CONDUCTS))
        person = self.person(conduct, channels=self.random.choice(CHANNELS))
        if len(person["channels"]) == 1 and self.random.random() < 0.3:
            person["phone" if person["channels"] == ["mail"] else "mail"] = ""
        return person

    def _wish(self) -> tuple[str, str, datetime]:
        service = self.random.choice(list(SERVICES))
        station, slot = RUSH[0], self.random.randrange(RUSH[1])
        if self.random.random() < 0.5:
            station = self.random.choice(list(self.city.counters))
            slot = self.random.randrange(SLOTS_A_DAY + 1 - SERVICES[service])
        return station, service, self.city.day + OPENING + slot * SLOT

    def _begin(self, kind: str, person: str, station: str, service: str, starts_at: datetime) -> Operation:
        operation = Operation(kind, person, station, starts_at, SERVICES[service], time.time())
        self.operations.append(operation)
        return operation

    @staticmethod
    def _time(operation: Operation, service: str) -> dict[str, Any]:
        return {"station": operation.station, "services": [service], "starts_at": operation.starts_at.isoformat()}

    def _keep(self, operation: Operation, answer: dict[str, Any] | None) -> None:
        if answer:
            operation.number = answer["number"]
            self._mine.append(Booked(operation, answer["token"]))

    async def _ask(self, operation: Operation, path: str, body: Any) -> dict[str, Any] | None:
        """Ask until answered, most of the time; with the same key each time. Returns the answer if it is a yes."""
        headers = {"Idempotency-Key": f"{self.city.prefix}-{operation.person}-{operation.kind}"}
        answer = None
        for _ in range(8):
            url = f"{self.random.choice(self.addresses)}{API}/{path}"
            try:
                answer = await self.client.post(url, json=body, headers=headers)
                operation.answers.append(answer.status_code)
            except httpx.HTTPError:
                answer = None
                operation.answers.append(None)
            if (answer and answer.status_code < 500) or self.random.random() < self.gives_up:
                break
            await asyncio.sleep(self.random.uniform(0.2, 1.5))
        operation.ended_at = time.time()
        return self._end(operation, answer)

    @staticmethod
    def _end(operation: Operation, answer: httpx.Response | None) -> dict[str, Any] | None:
        if answer is not None and answer.is_success:
            operation.ended = Ended.ACKNOWLEDGED
            said: dict[str, Any] = answer.json()
            return said
        if all(status is not None and status < 500 for status in operation.answers):
            operation.ended = Ended.REFUSED
        return None
