"""What every scene of the demo works with: the platform over HTTP, its clock, and what people must have received."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from itertools import count, islice
from typing import Any
from uuid import uuid4

import httpx

from deploy.local.far_ends.records import Channel
from deploy.local.far_ends.store import Store
from deploy.local.laptop import Laptop
from shared.calendar import is_working_day, previous_working_day
from shared.clock import BERLIN, Clock
from shared.settings import DEVELOPMENT_CLIENT_SECRET

API = "/appointments/api/v1"
MAIL_DOMAIN = "simulator.stadt.example"
PATIENCE = 60.0

Say = Callable[[str], None]


class Failed(Exception):
    """The demo did not go as it should."""


class Stage:
    """One run of the demo against a running laptop.

    Args:
        say: shows a line of the story.
    """

    def __init__(self, laptop: Laptop, client: httpx.AsyncClient, say: Say) -> None:
        self.laptop = laptop
        self.client = client
        self.say = say
        self.run = uuid4().hex[:6]
        self._clock = Clock(laptop.clock_file)
        self._store = Store(laptop.folder)
        self._before = len(self._store.accepted())
        self._expected: Counter[tuple[str, str]] = Counter()
        self._phones = iter(random.Random(self.run).sample(range(50, 100), 20))  # noqa: S311 - any of those that are simply delivered to

    def mail(self, name: str, behaviour: str = "delivered") -> str:
        """A mail address at the simulator, new in each run; the behaviour is what becomes of mails to it."""
        return f"{behaviour}+{name}-{self.run}@{MAIL_DOMAIN}"

    def phone(self) -> str:
        """A mobile number at the simulator that no other scene uses."""
        return f"+49176040690{next(self._phones)}"

    def expect(self, *messages: tuple[str, str], times: int = 1) -> None:
        """Messages, by channel and address, that must have been accepted at the end, no more and no less."""
        for message in messages:
            self._expected[message] += times

    async def all_arrived(self, what: str) -> None:
        """Wait until everything expected so far has arrived.

        Raises:
            Failed: it takes too long.
        """
        await self.until(lambda: not self._expected - self._received(), what)

    async def all_arrived_in_time(self, what: str) -> None:
        """The same for what is told some minutes later: time flies, a minute each second.

        Raises:
            Failed: it takes too long.
        """

        def arrived_a_minute_later() -> bool:
            self.move_clock(self.now() + timedelta(seconds=6))
            return not self._expected - self._received()

        await self.until(arrived_a_minute_later, what)

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something; raises Failed, naming it, if it takes too long."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while not condition():
            if asyncio.get_running_loop().time() > end:
                self.check()
                raise Failed(f"After {PATIENCE:.0f} seconds {what} had not arrived.")
            await asyncio.sleep(0.1)

    def check(self) -> None:
        """Compare what arrived with what must have.

        Raises:
            Failed: somebody got too few or too many messages.
        """
        got = self._received()
        wrong = [
            f"{address}: {got[channel, address]} instead of {count} by {channel}"
            for (channel, address), count in self._expected.items()
            if got[channel, address] != count
        ]
        if doubled := self._store.doubled():
            wrong.append(f"{len(doubled)} messages were accepted twice")
        if wrong:
            raise Failed("; ".join(wrong))

    def link(self, address: str, path: str) -> str:
        """The token of the newest link to a path that an address got by mail."""
        mails = [each for each in self._store.accepted(Channel.MAIL) if each.recipient == address]
        for mail in reversed(mails):
            body = message_from_bytes(mail.source, policy=default).get_body(("plain",))
            if body and (found := re.search(rf"{re.escape(path)}([\w.~-]+)", body.get_content())):
                return found[1]
        raise Failed(f"{address} got no link to {path}.")

    def now(self) -> datetime:
        """Business time."""
        return self._clock.now()

    def move_clock(self, moment: datetime) -> None:
        """Let the platform's time go on from a moment."""
        Clock.move(self.laptop.clock_file, moment - self._clock.now() + self._clock.offset())

    def working_day(self, number: int) -> date:
        """The first, second, third ... working day from three days ahead on whose reminders are still ahead."""
        today = self._clock.now().astimezone(BERLIN).date()
        ahead = (today + timedelta(days=days) for days in count(3))
        fitting = (day for day in ahead if is_working_day(day) and previous_working_day(day) > today)
        return next(islice(fitting, number - 1, None))

    async def book(self, station: str, services: list[str], start: datetime | str, person: dict[str, Any]) -> Any:
        """Book a time; the appointment as the API answers it."""
        time = {"station": station, "services": services, "starts_at": start if isinstance(start, str) else str(start)}
        headers = {"Idempotency-Key": uuid4().hex}
        return await self.post("/appointments", {"time": time, "person": person}, headers=headers)

    async def post(self, path: str, body: Any = None, **more: Any) -> Any:
        """POST to the API of appointments."""
        answer = await self.client.post(f"{API}{path}", json=body, **more)
        return answer.raise_for_status().json()

    async def subscribe(self, name: str, district: int, topic: str) -> None:
        """Subscribe somebody by mail to news of a district, and confirm it with the link they get."""
        address, api = self.mail(name), "/notifications/api/v1/subscription-requests"
        wanted = {"channel": "mail", "mail": address, "districts": [district], "topics": [topic]}
        (await self.client.post(api, json=wanted)).raise_for_status()
        self.expect(("mail", address))
        await self.all_arrived(f"the request of {name}")
        token = self.link(address, "/notifications/confirm/")
        (await self.client.post(f"{api}/{token}/confirmation")).raise_for_status()

    @asynccontextmanager
    async def signed_in(self, member: str, service: str = "appointments") -> AsyncIterator[httpx.AsyncClient]:
        """A client of a service's API for staff, for a member of the demo's staff."""
        secret = DEVELOPMENT_CLIENT_SECRET.get_secret_value()
        form = {"grant_type": "client_credentials", "client_id": member, "client_secret": secret}
        answer = await self.client.post(f"{self.laptop.environment['NAHBAR_OIDC_ISSUER']}/token", data=form)
        headers = {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}
        base_url = f"{self.laptop.address}/{service}/api/v1/staff"
        async with httpx.AsyncClient(base_url=base_url, timeout=20, headers=headers) as client:
            yield client

    def _received(self) -> Counter[tuple[str, str]]:
        """What the far ends accepted in this run for the people of the demo, by channel and address."""
        accepted = self._store.accepted()[self._before :]
        return Counter(key for each in accepted if (key := (each.channel, each.recipient)) in self._expected)
