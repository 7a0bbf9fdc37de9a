"""Asking over HTTP until there is an answer, and writing down what was asked and answered."""

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from deploy.local.far_ends.web import DEVELOPMENT_SECRET
from tests.chaos.city import City
from tests.chaos.history import Ended, Operation

TRIES = 8


@dataclass
class Asker(ABC):
    """Somebody who repeats what was not answered.

    Args:
        name: begins the names of the people they speak for.
        addresses: of the processes that take what they want; each try goes to any of them.
        pause: seconds between two wishes, on average.
        gives_up: how probable it is that somebody asks no more after a lost answer.
        api: what all paths begin with.
    """

    name: str
    city: City
    addresses: Sequence[str]
    client: httpx.AsyncClient
    random: random.Random
    operations: list[Operation]
    pause: float = 0.4
    gives_up: float = 0.1
    api: str = "/appointments/api/v1"

    async def run(self, until: float) -> None:
        """Do one thing after another until a moment of `time.monotonic()`."""
        while time.monotonic() < until:
            await self.act()
            await asyncio.sleep(self.random.uniform(0, 2 * self.pause))

    @abstractmethod
    async def act(self) -> None:
        """Do one thing."""

    def begin(self, kind: str, person: str, station: str, starts_at: datetime, seats: int = 0) -> Operation:
        """Write down that something is asked for."""
        operation = Operation(kind, person, station, starts_at, seats, time.time())
        self.operations.append(operation)
        return operation

    async def ask(self, operation: Operation, path: str, body: Any, method: str = "POST") -> Any:
        """Ask until answered, most of the time; with the same key each time. Returns the answer if it is a yes."""
        headers = {"Idempotency-Key": f"{self.city.prefix}-{operation.person}-{operation.kind}"}
        answer = await self._until_answered(
            operation, lambda: self.try_once(method, f"{self.api}/{path}", body, headers)
        )
        return self._end(operation, answer)

    async def press(self, operation: Operation, page: str, form: Mapping[str, str]) -> bool:
        """Send a form of a page until answered, most of the time; returns whether it led on to another page.

        What is refused is shown on a page kept for that, at the same address but for its query.
        """

        async def send() -> httpx.Response | None:
            try:
                return await self.client.post(f"{self.random.choice(self.addresses)}{page}", data=form)
            except httpx.HTTPError:
                return None

        answer = await self._until_answered(operation, send)
        led_on = (
            answer is not None
            and answer.is_redirect
            and urlsplit(answer.headers["location"]).path != urlsplit(page).path
        )
        if led_on:
            operation.ended = Ended.ACKNOWLEDGED
        else:
            self._end(operation, answer)
        return led_on

    async def _until_answered(
        self, operation: Operation, send: Callable[[], Awaitable[httpx.Response | None]]
    ) -> httpx.Response | None:
        """Send something until it is answered, or somebody gives up; the last answer."""
        answer = None
        for _ in range(TRIES):
            answer = await send()
            operation.answers.append(answer.status_code if answer is not None else None)
            if (answer is not None and answer.status_code < 500) or self.random.random() < self.gives_up:
                break
            await asyncio.sleep(self.random.uniform(0.2, 1.5))
        operation.ended_at = time.time()
        return answer

    async def look(self, path: str) -> Any:
        """What an address shows; None while it cannot be reached."""
        answer = await self.try_once("GET", f"{self.api}/{path}", None, {})
        return answer.json() if answer is not None and answer.is_success else None

    async def try_once(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> httpx.Response | None:
        """Send a request to any of the processes; None where the answer was lost."""
        url = f"{self.random.choice(self.addresses)}{path}"
        try:
            return await self.client.request(method, url, json=body, headers=headers)
        except httpx.HTTPError:
            return None

    @staticmethod
    def _end(operation: Operation, answer: httpx.Response | None) -> Any:
        if answer is not None and answer.is_success:
            operation.ended = Ended.ACKNOWLEDGED
            return answer.json() if answer.content else None
        if all(status is not None and status < 500 for status in operation.answers):
            operation.ended = Ended.REFUSED
        return None


@dataclass
class Member(Asker):
    """A member of the staff, with a token of the issuer's; `user` is what the issuer knows them by."""

    user: str = "leitung"
    _token: str = ""

    async def try_once(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> httpx.Response | None:
        """The same, signed in; None where the issuer cannot be reached either."""
        if not self._token:
            form = {"grant_type": "client_credentials", "client_id": self.user, "client_secret": DEVELOPMENT_SECRET}
            try:
                answer = await self.client.post(f"{self.city.issuer}/token", data=form)
                self._token = answer.raise_for_status().json()["access_token"]
            except httpx.HTTPError:
                return None
        return await super().try_once(method, path, body, {**headers, "Authorization": f"Bearer {self._token}"})
