"""The service under test with its far ends, and what it told."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import uvicorn
from sqlalchemy import text

from deploy.local.far_ends import mail
from deploy.local.far_ends.behaviours import Delays
from deploy.local.far_ends.records import Accepted, Channel
from deploy.local.far_ends.store import Store
from deploy.local.far_ends.web import WebSettings, create_web
from deploy.services import create
from services.notifications.delivery.queries import Ledger, MessageEntry, ledger, log_of
from services.notifications.sending.carrier import Carrier
from services.notifications.sending.usecases import Sending
from services.notifications.settings import FIRST, Patience, Settings
from services.notifications.telling.usecases import take_fact
from shared.act import acting
from shared.clock import Clock
from shared.db import Database
from shared.events.base import Received
from shared.events.notifications import NoticeFact
from shared.events.registry import facts_by_type
from shared.runtime import Role
from shared.tools import Tools
from tests.deploy.far_ends import web_server
from tests.support.browsing import Browsing
from tests.support.days import stand_at
from tests.support.wait import eventually

QUICK = Delays(slow=1.5, receipt=0.05, later=0.3, throttle=1)


OPEN = {"waiting", "sending", "checking", "accepted"}


WITHOUT_KAFKA = frozenset({Role.HTTP, Role.DUE})


def listen(port: int) -> socket.socket:
    """A listening socket on a port of this machine."""
    return socket.create_server(("127.0.0.1", port))


class Post:
    """The service's surroundings; `settings` lead to the far ends, `folder` keeps what they received."""

    def __init__(self, settings: Settings, folder: Path, clock_file: Path, sms_port: int) -> None:
        self.settings = settings
        self.folder = folder
        self._clock_file = clock_file
        self._sms_port = sms_port
        self._database = Database(settings.database)

    def move_clock(self, moment: datetime) -> None:
        """Let it be this moment now."""
        stand_at(self._clock_file, moment)

    @asynccontextmanager
    async def mail_server(self) -> AsyncIterator[None]:
        """A mail server where the service expects it."""
        stop, store = asyncio.Event(), Store(self.folder)
        port = self.settings.bounce_port
        assert port
        listening = listen(self.settings.smtp_port)
        serving = asyncio.create_task(mail.serve(store, listening, ("127.0.0.1", port), QUICK, stop))
        try:
            yield
        finally:
            stop.set()
            await serving
            store.close()

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[None]:
        """An SMS gateway where the service expects it; two, if it knows two."""
        web = WebSettings(
            folder=self.folder,
            webhook=self.settings.sms_webhook_url,
            second_webhook=self.settings.second_sms_webhook_url if self.settings.second_sms_url else "",
            issuer="",
            delays=QUICK,
        )
        with web_server(create_web(web), listen(self._sms_port)):
            yield

    @asynccontextmanager
    async def running(self, roles: frozenset[Role] = WITHOUT_KAFKA, serve: bool = True) -> AsyncIterator[Tools]:
        """The service at work; `serve` says whether it also takes receipts over HTTP."""
        app = create(self.settings, roles)
        async with app.router.lifespan_context(app):
            if not serve:
                yield app.state.tools
                return
            port = int(self.settings.sms_webhook_url.split(":")[2].split("/")[0])
            server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=1))
            serving = asyncio.create_task(server.serve([listen(port)]))
            try:
                yield app.state.tools
            finally:
                server.should_exit = True
                await serving

    async def outage(self, status: int) -> None:
        """Let the first gateway answer everything with a status; 200 ends it."""
        async with Browsing() as client:
            url = f"http://127.0.0.1:{self._sms_port}/sms/simulator/outage"
            (await client.put(url, json={"status": status})).raise_for_status()

    async def take(self, *received: Received[Any]) -> None:
        """Let the service take facts, each in a transaction of its own."""
        tools = Tools(self.settings)
        for each in received:
            async with acting(tools) as act:
                await take_fact(act.following(each), each)
        await tools.db.close()

    async def rows(self, sql: str, **values: Any) -> list[Any]:
        """What a query finds in the service's database."""
        async with self._database.transaction() as conn:
            return list((await conn.execute(text(sql), values)).all())

    async def ledger(self) -> Ledger:
        """The account of all messages."""
        async with self._database.transaction() as conn:
            return await ledger(conn, Clock(self._clock_file).now())

    async def log(self, matter: UUID) -> list[MessageEntry]:
        """Everything told of a matter."""
        async with self._database.transaction() as conn:
            return await log_of(conn, matter)

    async def confirmation(self, matter: UUID) -> MessageEntry:
        """The first message that confirms a booking."""
        return next(entry for entry in await self.log(matter) if entry.purpose == "confirmation")

    async def states(self, matter: UUID, purpose: str = "confirmation") -> dict[str, str]:
        """The states of a notice's messages, by channel."""
        return {entry.channel: entry.state for entry in await self.log(matter) if entry.purpose == purpose}

    async def until(self, matter: UUID, purpose: str = "confirmation", timeout: float = 20, **states: str) -> None:
        """Wait until the messages of a notice, one per channel, are in these states."""

        async def reached() -> bool:
            return await self.states(matter, purpose) == states

        try:
            await eventually(reached, timeout=timeout, every=0.05)
        except AssertionError as error:
            raise AssertionError(f"{await self.states(matter, purpose)} did not become {states}") from error

    async def facts(self) -> list[NoticeFact]:
        """The facts recorded, in order."""
        found = []
        for row in await self.rows("select type, body from outbox order by id"):
            fact = facts_by_type()[row.type].model_validate_json(row.body)
            assert isinstance(fact, NoticeFact)
            found.append(fact)
        return found

    async def close(self) -> None:
        """Let go of the database."""
        await self._database.close()

    def received(self, channel: str | None = None) -> list[Accepted]:
        """What the far ends accepted, oldest first."""
        store = Store(self.folder)
        try:
            return store.accepted(Channel(channel) if channel else None)
        finally:
            store.close()


NOBODY = Sending(cast(Carrier, None), Patience(), [FIRST])
"""Claims and records, but carries nothing."""
