"""People who book: over HTTP, at the same few seats, repeating what was not answered."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.city import RARE, RUSH, RUSH_SLOTS
from tests.chaos.history import Ended, Operation
from tests.chaos.people.asking import Asker
from tests.chaos.people.tours import Timetable
from tests.chaos.rules.bookings import SLOT

OPENING = timedelta(hours=9)
SLOTS_A_DAY = 48
SERVICES = {"meldebescheinigung": 1, "personalausweis": 2, "familienanmeldung": 4, RARE: 1}
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
OWN_NUMBERS = [f"{NOBODYS_NUMBERS}{digits}" for digits in range(40, 100)]
"""Those of people who answer their reminder: nobody shares them, and everything reaches them."""


@dataclass
class Booked:
    """An appointment somebody was told of."""

    operation: Operation
    token: str


@dataclass
class Held:
    """A time somebody holds, and what opens it."""

    operation: Operation
    service: str
    person: dict[str, Any]
    token: str


@dataclass
class Writer(Asker):
    """One person after another, each with a name of their own, who book, move and cancel.

    Args:
        numbers: phone numbers to be given to one person each.
        readers: mail addresses of people who are told news as well.
        timetable: the stops they know of.
    """

    numbers: list[str] = field(default_factory=list)
    readers: Sequence[str] = ()
    timetable: Timetable = field(default_factory=dict)
    _mine: list[Booked] = field(default_factory=list)
    _count: int = 0

    async def act(self) -> None:
        """Book most of the time, else change what was booked."""
        dice = self.random.random()
        if dice < 0.4 and self._mine:
            booked = self.random.choice(self._mine)
            if dice < 0.17:
                await self.move(booked, *self._when(booked.operation.seats))
            elif dice < 0.25:
                await self._answer_offer(booked)
            else:
                self._mine.remove(booked)
                await self.cancel(booked)
        elif dice < 0.6:
            await self.hold_and_confirm(*self._wish())
        else:
            await self.book(*self._wish())

    async def book(
        self, station: str, service: str, starts_at: datetime, person: dict[str, Any] | None = None
    ) -> Operation:
        """Book a time at once."""
        person = person or self._person()
        operation = self._begin("book", person, station, service, starts_at)
        answer = await self.ask(operation, "appointments", {"time": self._time(operation, service), "person": person})
        self._keep(operation, answer)
        return operation

    async def hold_and_confirm(self, station: str, service: str, starts_at: datetime) -> None:
        """Hold a time, maybe choose another, type for a moment, then confirm it; one in ten changes their mind."""
        held = await self.hold(station, service, starts_at)
        if held and self.random.random() < 0.4:
            held = await self.choose_again(held, *self._wish())
        if held and self.random.random() < 0.9:
            await self.confirm(held)

    async def hold(self, station: str, service: str, starts_at: datetime) -> Held | None:
        """Hold a time."""
        person = self._person()
        operation = self._begin("hold", person, station, service, starts_at)
        held = await self.ask(operation, "holds", self._time(operation, service))
        return Held(operation, service, person, held["token"]) if held else None

    async def choose_again(self, held: Held, station: str, service: str, starts_at: datetime) -> Held | None:
        """Go back on the pages and choose another time, maybe for something that takes another number of seats.

        Returns:
            What is held then: what was held before where the other time was refused; None where nobody knows.
        """
        operation = self._begin("change", held.person, station, service, starts_at)
        page = f"/appointments/book/time?draft={held.token}&services={service}&place={station}"
        time = f"{station} {starts_at.isoformat()}"
        if await self.press(operation, page, {"time": time, "einmal": f"press-{operation.person}"}):
            return Held(operation, service, held.person, held.token)
        return held if operation.ended is Ended.REFUSED else None

    async def confirm(self, held: Held) -> None:
        """Type for a moment, then book what is held."""
        await asyncio.sleep(self.random.uniform(0, 3 * self.pause))
        wish = held.operation
        confirm = self._begin("confirm", held.person, wish.station, held.service, wish.starts_at)
        answer = await self.ask(confirm, "appointments", {"hold": held.token, "person": held.person})
        self._keep(confirm, answer)

    async def move(self, booked: Booked, station: str, starts_at: datetime) -> None:
        """Move an appointment to another time or place."""
        first = booked.operation
        operation = self.begin("move", first.person, station, starts_at, first.seats)
        body = {"station": station, "starts_at": starts_at.isoformat()}
        await self.ask(operation, f"appointments/{booked.token}/rescheduling", body)

    async def cancel(self, booked: Booked) -> None:
        """Cancel an appointment. Told that it is cancelled already after a lost answer, it was this one."""
        first = booked.operation
        operation = self.begin("cancel", first.person, first.station, first.starts_at, first.seats)
        await self.ask(operation, f"appointments/{booked.token}/cancellation", None)
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
        if self.numbers and self.random.random() < 0.2:
            return {**self.person("delivered", channels=["sms"]), "phone": self.numbers.pop()}
        if self.readers and self.random.random() < 0.2:
            return {**self.person("delivered"), "mail": self.random.choice(self.readers), "phone": ""}
        conduct = "delivered" if self.random.random() < 0.5 else self.random.choice(list(CONDUCTS))
        person = self.person(conduct, channels=self.random.choice(CHANNELS))
        if len(person["channels"]) == 1 and self.random.random() < 0.3:
            person["phone" if person["channels"] == ["mail"] else "mail"] = ""
        return person

    async def _answer_offer(self, booked: Booked) -> None:
        """Take what is kept for them instead."""
        seen = await self.look(f"appointments/{booked.token}")
        if seen and seen["status"] == "offered":
            first = booked.operation
            operation = self.begin("accept", first.person, first.station, first.starts_at, first.seats)
            await self.ask(operation, f"appointments/{booked.token}/acceptance", None)

    def _wish(self) -> tuple[str, str, datetime]:
        """What somebody wants; at stops half of it is what is rare elsewhere."""
        service = self.random.choice(list(SERVICES))
        station, starts_at = self._when(SERVICES[service])
        return station, self.random.choice([service, RARE]) if station in self.timetable else service, starts_at

    def _when(self, seats: int) -> tuple[str, datetime]:
        dice = self.random.random()
        if dice < 0.35 and self.timetable:
            stop, (arrives, departs) = self.random.choice(list(self.timetable.items()))
            return stop, arrives + self.random.randrange(1 + (departs - arrives) // SLOT - seats) * SLOT
        station, slot = RUSH, self.random.randrange(RUSH_SLOTS)
        if dice < 0.65:
            station = self.random.choice(list(self.city.counters))
            slot = self.random.randrange(SLOTS_A_DAY + 1 - seats)
        return station, self.city.day + OPENING + slot * SLOT

    def _begin(self, kind: str, person: dict[str, Any], station: str, service: str, starts_at: datetime) -> Operation:
        """Write down what is asked for and by whom."""
        operation = self.begin(kind, person["name"], station, starts_at, SERVICES[service])
        if person["phone"] in OWN_NUMBERS:
            operation.phone = person["phone"]
        return operation

    @staticmethod
    def _time(operation: Operation, service: str) -> dict[str, Any]:
        return {"station": operation.station, "services": [service], "starts_at": operation.starts_at.isoformat()}

    def _keep(self, operation: Operation, answer: dict[str, Any] | None) -> None:
        if answer:
            operation.number = answer["number"]
            self._mine.append(Booked(operation, answer["token"]))
