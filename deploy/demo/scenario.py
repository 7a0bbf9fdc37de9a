"""The scenario: people book over HTTP, messages arrive, one cancels, the evening before comes, others take numbers."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import httpx

from deploy import operations
from deploy.demo.cast import Actor, cast
from deploy.demo.hall import PHONE, play_hall
from deploy.local.far_ends.store import Store
from deploy.local.laptop import Laptop
from shared.calendar import is_working_day, previous_working_day
from shared.clock import BERLIN, Clock

API = "/appointments/api/v1"
PATIENCE = 60.0

Say = Callable[[str], None]


class Failed(Exception):
    """The demo did not go as it should."""


class Scenario:
    """One run of the demo against a running laptop.

    Args:
        say: shows a line of the story.
    """

    def __init__(self, laptop: Laptop, say: Say) -> None:
        self._laptop = laptop
        self._say = say
        self._store = Store(laptop.folder)
        self._before = len(self._store.accepted())
        self._actors = cast(uuid4().hex[:6])
        self._clock = Clock(laptop.clock_file)

    async def play(self) -> None:
        """Play it to the end.

        Raises:
            Failed: somebody got too few or too many messages.
        """
        async with httpx.AsyncClient(base_url=self._laptop.address, timeout=20) as client:
            booked = await self._book_all(client)
            await self._until(self._arrived(confirmations=True), "the confirmations")
            await self._cancel(client, booked)
            await self._move_to_the_evening_before(booked)
            await self._until(self._arrived(confirmations=False), "the reminders")
        await play_hall(self._laptop, self._say, lambda: self._sms_to(PHONE) == 1, self._until)
        await asyncio.sleep(1.5)
        self._check()

    async def _book_all(self, client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
        self._say("[bold]People book[/bold] over HTTP, in German and English")
        booked = {}
        for actor in self._actors:
            free = await client.get(f"{API}/free-times", params=self._query(actor))
            station = max(free.raise_for_status().json(), key=lambda each: len(each["starts"]))
            time_ = {"station": station["station"], "services": [actor.service], "starts_at": station["starts"][0]}
            headers = {"Idempotency-Key": uuid4().hex}
            body = {"time": time_, "person": actor.person()}
            answer = await client.post(f"{API}/appointments", json=body, headers=headers)
            booked[actor.name] = answer.raise_for_status().json()
            local = datetime.fromisoformat(booked[actor.name]["starts_at"]).astimezone(BERLIN)
            number = booked[actor.name]["number"]
            self._say(f"  {actor.name:16} {number}  {local:%a %d.%m. %H:%M}  {station['station']:12} ({actor.told})")
        return booked

    async def _cancel(self, client: httpx.AsyncClient, booked: dict[str, dict[str, Any]]) -> None:
        for actor in self._actors:
            if actor.cancels:
                self._say(f"[bold]{actor.name} cancels[/bold]; the seat is free at once")
                token = booked[actor.name]["token"]
                (await client.post(f"{API}/appointments/{token}/cancellation")).raise_for_status()

    async def _move_to_the_evening_before(self, booked: dict[str, dict[str, Any]]) -> None:
        day = self._day()
        evening = datetime.combine(previous_working_day(day), time(16, 0, 5), BERLIN)
        Clock.move(self._laptop.clock_file, evening - self._clock.now() + self._clock.offset())
        self._say(f"[bold]The clock moves[/bold] to {evening:%A, %d.%m. %H:%M}: the reminders are due")

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        end = asyncio.get_running_loop().time() + PATIENCE
        while not condition():
            if asyncio.get_running_loop().time() > end:
                self._check()
                raise Failed(f"After {PATIENCE:.0f} seconds {what} had not arrived.")
            await asyncio.sleep(0.1)

    def _arrived(self, confirmations: bool) -> Callable[[], bool]:
        """Whether everybody has what they must have by now: one message per channel, or all."""

        def condition() -> bool:
            got = self._received()
            for actor in self._actors:
                for address, count in actor.expected().items():
                    if got[address] < (1 if confirmations else count):
                        return False
            return True

        return condition

    def _received(self) -> Counter[tuple[str, str]]:
        """What the far ends accepted in this run, by channel and address."""
        ours = {address for actor in self._actors for address in actor.expected()}
        accepted = self._store.accepted()[self._before :]
        return Counter(key for each in accepted if (key := (each.channel, each.recipient)) in ours)

    def _sms_to(self, phone: str) -> int:
        """How many SMS the gateway accepted for a number in this run."""
        accepted = self._store.accepted()[self._before :]
        return sum((each.channel, each.recipient) == ("sms", phone) for each in accepted)

    def _check(self) -> None:
        got = self._received()
        wrong = [
            f"{actor.name}: {got[address]} instead of {count} by {address[0]}"
            for actor in self._actors
            for address, count in actor.expected().items()
            if got[address] != count
        ]
        if doubled := self._store.doubled():
            wrong.append(f"{len(doubled)} messages were accepted twice")
        if wrong:
            raise Failed("; ".join(wrong))

    def _query(self, actor: Actor) -> dict[str, Any]:
        return {"services": [actor.service], "first_day": self._day().isoformat(), "days": 1}

    def _day(self) -> Any:
        """The day of the appointments: a working day, with the reminder still ahead."""
        day = self._clock.now().astimezone(BERLIN).date() + timedelta(days=3)
        while not is_working_day(day) or previous_working_day(day) <= self._clock.now().astimezone(BERLIN).date():
            day += timedelta(days=1)
        return day


async def account() -> tuple[int, int, int, dict[str, Any]]:
    """Lost, doubled and unknown messages, and the whole ledger."""
    ledger = await operations.ledger()
    return ledger["overdue"], len(ledger["maybe_twice"]), ledger["messages"].get("unknown", 0), ledger
