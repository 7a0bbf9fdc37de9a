"""The whole platform in one process, and its clients."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from deploy.local.far_ends import mail
from deploy.local.far_ends.behaviours import Delays
from deploy.local.far_ends.records import Accepted
from deploy.local.far_ends.store import Store
from deploy.services import create
from shared.clock import BERLIN, Clock
from shared.runtime import ALL_ROLES, Role
from shared.settings import Platform, ServiceSettings
from shared.tools import Tools
from tests.support.browsing import Browsing
from tests.support.days import berlin, stand_at, working_day
from tests.support.wait import eventually

QUICK = Delays(slow=2, receipt=0.05, later=0.5, throttle=1)


API = "/appointments/api/v1"


class City:
    """A running city; `folder` keeps what citizens received."""

    def __init__(self, folder: Path, platform: Platform, sms_url: str, *settings: ServiceSettings) -> None:
        self.folder = folder
        self.platform = platform
        self.sms_url = sms_url
        self.settings = {each.service: each for each in settings}
        self.client = Browsing(base_url=platform.public_url, timeout=20)
        self._running: dict[str, AsyncExitStack] = {}
        self.apps: dict[str, Any] = {}

    async def start(self, name: str, roles: frozenset[Role] = ALL_ROLES) -> None:
        """Start a service's loops."""
        app = create(self.settings[name], roles)
        stack = AsyncExitStack()
        await stack.enter_async_context(app.router.lifespan_context(app))
        self.apps[name], self._running[name] = app, stack

    async def stop(self, name: str) -> None:
        """Stop a service; its pages answer no more."""
        self.apps.pop(name)
        await self._running.pop(name).aclose()

    async def stop_all(self) -> None:
        for name in list(self._running):
            await self.stop(name)
        await self.client.aclose()

    def tools(self, name: str) -> Tools:
        found: Tools = self.apps[name].state.tools
        return found

    def received(self) -> Counter[tuple[str, str]]:
        """How many messages each address has got, by (channel, address)."""
        return Counter((each.channel, each.recipient) for each in self.accepted())

    def accepted(self) -> list[Accepted]:
        """What the far ends accepted, in order."""
        store = Store(self.folder)
        try:
            return store.accepted()
        finally:
            store.close()

    async def until_received(self, expected: dict[tuple[str, str], int], timeout: float = 40) -> None:
        """Wait until all of this has arrived, then see that no more comes."""

        def arrived() -> bool:
            got = self.received()
            return all(got[address] >= count for address, count in expected.items())

        with suppress(AssertionError):  # whose message is missing is said below
            await eventually(arrived, timeout=timeout, every=0.1)
        await asyncio.sleep(1)
        assert dict(self.received()) == expected

    async def until_known(self, by: str, of: str) -> None:
        """Wait until a service has consumed every fact another one has recorded, whatever it has done about them."""
        async with self.tools(of).db.transaction() as conn:
            recorded = (await conn.execute(text("select event_id from outbox"))).scalars().all()

        async def known() -> bool:
            async with self.tools(by).db.transaction() as conn:
                seen = text("select count(distinct event_id) from inbox where event_id = any(:recorded)")
                return bool((await conn.execute(seen, {"recorded": recorded})).scalar_one() == len(recorded))

        await eventually(known, timeout=40)

    def move_to(self, moment: datetime) -> None:
        """Let it be this moment now, for all services."""
        stand_at(self.platform.clock_file, moment)

    def day(self, ahead: int = 4) -> datetime:
        """Midnight of the working day that many working days ahead."""
        return berlin(working_day(Clock(self.platform.clock_file).now().astimezone(BERLIN).date(), ahead))

    async def book(self, start: datetime, station: str = "mitte", **person: Any) -> dict[str, Any]:
        """Book a certificate."""
        body = {
            "time": {"station": station, "services": ["meldebescheinigung"], "starts_at": start.isoformat()},
            "person": {"name": "Anna Muster", "channels": ["mail"], **person},
        }
        answer = await self.client.post(f"{API}/appointments", json=body)
        assert answer.status_code == 201, answer.text
        booked: dict[str, Any] = answer.json()
        return booked

    async def reschedule(self, booked: dict[str, Any], start: datetime, station: str = "mitte") -> None:
        """Move an appointment by its secret link."""
        body = {"station": station, "starts_at": start.isoformat()}
        answer = await self.client.post(f"{API}/appointments/{booked['token']}/rescheduling", json=body)
        assert answer.status_code == 200, answer.text

    async def cancel(self, booked: dict[str, Any]) -> None:
        """Cancel by the secret link."""
        answer = await self.client.post(f"{API}/appointments/{booked['token']}/cancellation")
        assert answer.status_code == 200, answer.text

    async def write_sms(self, sender: str, words: str) -> None:
        """Let somebody write an SMS to the city."""
        url = f"{self.sms_url}/simulator/reply"
        answer = await self.client.post(url, json={"from": sender, "text": words})
        assert answer.status_code == 202, answer.text

    async def staff_token(self, issuer: str, user: str) -> str:
        """An access token of a member of the staff."""
        data = {"grant_type": "client_credentials", "client_id": user, "client_secret": "nahbar-development"}
        async with Browsing() as client:
            answer = await client.post(f"{issuer}/token", data=data)
        token: str = answer.raise_for_status().json()["access_token"]
        return token


@asynccontextmanager
async def mail_server(folder: Path, port: int, bounces: int) -> AsyncIterator[None]:
    """The simulated mail server."""
    stop, store = asyncio.Event(), Store(folder)
    listening = socket.create_server(("127.0.0.1", port))
    serving = asyncio.create_task(mail.serve(store, listening, ("127.0.0.1", bounces), QUICK, stop))
    try:
        yield
    finally:
        stop.set()
        await serving
        store.close()
