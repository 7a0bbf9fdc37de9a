"""The services on real Kafka and PostgreSQL, between a simulated mail server and SMS gateway."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
import uvicorn
from sqlalchemy import text

from deploy.local.far_ends import mail
from deploy.local.far_ends.behaviours import Delays
from deploy.local.far_ends.records import Accepted
from deploy.local.far_ends.store import Store
from deploy.local.far_ends.web import WebSettings, create_web
from deploy.local.laptop import REPLY_NUMBER
from deploy.local.processes import free_port
from deploy.serve import KEEP_ALIVE, OnePort
from deploy.services import create, settings_class
from shared.clock import BERLIN, Clock
from shared.events.registry import all_topics
from shared.kafka import create_topics
from shared.runtime import ALL_ROLES, Role
from shared.settings import SERVICES, Platform, ServiceSettings
from shared.tools import Tools
from tests.deploy.far_ends import web_server
from tests.support.browsing import Browsing
from tests.support.days import berlin, run_clock, stand_at, working_day
from tests.support.limits import NO_LIMITS
from tests.support.stack import Backend
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


@pytest_asyncio.fixture
async def city(
    stack: Backend, database: Callable[[str], Awaitable[str]], topic_prefix: str, tmp_path: Path
) -> AsyncIterator[City]:
    """A city with its services running, at noon of a working day."""
    await create_topics(stack.bootstrap, all_topics(topic_prefix, SERVICES), 3)
    port, smtp, gateway, bounces = free_port(), free_port(), free_port(), free_port()
    address = f"http://127.0.0.1:{port}"
    platform = Platform(
        kafka=stack.bootstrap,
        postgres=stack.url,
        topic_prefix=topic_prefix,
        public_url=address,
        clock_file=run_clock(tmp_path),
        oidc_issuer=f"http://127.0.0.1:{gateway}/issuer",
    )
    sms_url = f"http://127.0.0.1:{gateway}/sms"
    own: dict[str, dict[str, Any]] = {
        "appointments": {"video_url": f"http://127.0.0.1:{gateway}/video", **NO_LIMITS},
        "notifications": {
            "smtp_port": smtp,
            "sms_url": sms_url,
            "sms_reply_number": REPLY_NUMBER,
            "bounce_port": bounces,
            "send_timeout": 1,
            "retry_first": timedelta(seconds=0.2),
            "away_longest": timedelta(seconds=1),
        },
    }
    city = City(
        tmp_path,
        platform,
        sms_url,
        *[
            settings_class(each)(platform=platform, database=await database(each), **own.get(each, {}))
            for each in SERVICES
        ],
    )
    noon = city.day(1) + timedelta(hours=12)
    city.move_to(noon)
    web = WebSettings(
        folder=tmp_path,
        webhook=f"{address}/notifications/api/v1/receipts/sms",
        issuer=platform.oidc_issuer,
        clock_file=platform.clock_file,
        delays=QUICK,
    )
    listener = socket.create_server(("127.0.0.1", gateway))
    front = socket.create_server(("127.0.0.1", port))
    with web_server(create_web(web), listener):
        async with mail_server(tmp_path, smtp, bounces):
            for name in SERVICES:
                await city.start(name)
            server = uvicorn.Server(
                uvicorn.Config(
                    OnePort(city.apps, otherwise=city.apps["appointments"]),
                    lifespan="off",
                    log_config=None,
                    timeout_keep_alive=KEEP_ALIVE,
                    timeout_graceful_shutdown=1,
                )
            )
            serving = asyncio.create_task(server.serve([front]))
            await eventually(lambda: server.started)
            yield city
            server.should_exit = True
            await serving
            await city.stop_all()
