"""A running service: everything its use cases need besides the connection, its loops, and its FastAPI application.

One `Service` per `create_app` call holds all state; nothing lives at module level, so the same service can run twice in
one process.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import structlog
from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import housekeeping
from shared.applying import Reaction
from shared.auth import TokenCheck
from shared.city import City
from shared.clock import Clock
from shared.consumer import Consumer
from shared.db import Database
from shared.due import Due, DueHandlers, Urgency
from shared.events.base import Fact
from shared.failures import without_input
from shared.http import Limits, install_errors, operations_router
from shared.lanes import Lane
from shared.links import Links
from shared.middleware import HeadAsGet, OwnRedirects, Telemetry
from shared.outbox import Outbox
from shared.people import People
from shared.relay import Relay
from shared.sealing import Sealer, public_key_of
from shared.settings import SERVICES, ServiceSettings, development_private_key
from shared.stuck import StuckWork
from shared.telemetry import Heartbeat, Metrics
from shared.wakeup import Wakeup
from shared.web.kept import KeptPages
from shared.web.staff.session import Sessions
from shared.web.staff.sign_in import SignIn

log = structlog.get_logger()


class Role(StrEnum):
    """What a process does for a service; each role can be scaled alone."""

    HTTP = "http"
    RELAY = "relay"
    CONSUME = "consume"
    DUE = "due"


ALL_ROLES = frozenset(Role)

Forget = Callable[[AsyncConnection, Sequence[UUID]], Awaitable[None]]
Tidy = Callable[[AsyncConnection, datetime], Awaitable[None]]


class Loop(Protocol):
    """A loop of a service: runs until `stopping` is set, beats its heart as it goes round."""

    heartbeat: Heartbeat

    async def run(self, stopping: asyncio.Event) -> None: ...


class Service:
    """A service with its settings, its database and its tools.

    Args:
        settings: read once by whoever starts the process.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        platform = settings.platform
        self.name = settings.service
        self.settings = settings
        self.db = Database(settings.database, settings.pool_size)
        self.clock = Clock(platform.clock_file)
        self.city = City.load(platform.city)
        self.metrics = Metrics(self.name)
        self._recorded = Wakeup()
        self._prompt_work = Wakeup()
        self._bulk_work = Wakeup()
        self.outbox = Outbox(platform.topic_prefix, self.clock, self._recorded)
        self.due = Due(self.clock, (self._prompt_work, self._bulk_work))
        self.people = People(settings.people_secret, platform.person_secret)
        self.links = Links(settings.link_secret)
        self.sealer = Sealer(settings.private_keys, platform.public_keys or _development_keys())
        self.tokens = TokenCheck(platform.oidc_issuer, platform.oidc_audience)
        self.sessions = Sessions(self.name, settings.session_secret, platform.public_url.startswith("https://"))
        self.sign_in = SignIn(
            self.tokens,
            platform.oidc_client,
            platform.oidc_client_secret,
            f"{platform.public_url}/{self.name}/staff/signed-in",
        )
        self.forget: Forget = _nothing_else
        self.tidy: Tidy = _nothing_to_tidy
        self._loops: dict[str, Loop] = {}
        self._consumer: Consumer | None = None
        self._away = ""
        self._stopping = asyncio.Event()

    def create_app(
        self,
        *,
        roles: frozenset[Role] = ALL_ROLES,
        routers: Sequence[APIRouter] = (),
        reactions: Mapping[type[Fact], Reaction] | None = None,
        due: DueHandlers | None = None,
        forget: Forget | None = None,
        tidy: Tidy | None = None,
        resources: Callable[["Service"], AbstractAsyncContextManager[None]] = lambda _: nullcontext(),
        error_page: Callable[..., Any] | None = None,
    ) -> FastAPI:
        """Wire the application.

        Args:
            roles: what this process does; without HTTP only health and metrics are served.
            routers: the service's API and pages.
            reactions: what it does on which fact.
            due: handlers of its due work, by kind.
            forget: deletes what else is known of the people of matters, when housekeeping forgets those people.
            tidy: deletes what else is outdated at a moment, every hour.
            resources: what is opened before the loops start and closed after they ended.
            error_page: renders a problem as a page, for paths outside the API.
        """
        self.forget = forget or _nothing_else
        self.tidy = tidy or _nothing_to_tidy
        self._add_loops(
            roles,
            reactions or {},
            {housekeeping.KIND: housekeeping.housekeeping, **(due or {})},
        )

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            async with resources(self):
                tasks = [asyncio.create_task(self._keep_running(name, loop)) for name, loop in self._loops.items()]
                if Role.DUE in roles:
                    tasks.append(asyncio.create_task(self._start_housekeeping()))
                try:
                    yield
                finally:
                    self.drain()
                    await asyncio.gather(*tasks)
                    await self.db.close()

        served = [operations_router(self), *(routers if Role.HTTP in roles else ())]
        app = FastAPIOffline(
            title=f"Nahbar {self.name}",
            lifespan=lifespan,
            docs_url=f"/{self.name}/api/docs",
            redoc_url=None,
            static_url=f"/{self.name}/api/docs/assets",
            swagger_ui_oauth2_redirect_url=f"/{self.name}/api/docs/oauth2-redirect",
            openapi_url=f"/{self.name}/api/openapi.json",
            routes=[route for router in served for route in router.routes],
        )
        app.state.service = self
        app.state.error_page = error_page
        app.add_middleware(KeptPages)
        install_errors(app)
        app.add_middleware(Limits)
        app.add_middleware(Telemetry, service=self)
        app.add_middleware(HeadAsGet)
        app.add_middleware(OwnRedirects)
        return app

    def drain(self) -> None:
        """Let the loops finish what they have in hand; the process is no longer ready, but goes on answering."""
        self._stopping.set()
        for wakeup in (self._recorded, self._prompt_work, self._bulk_work):
            wakeup.set()

    def stuck_loops(self) -> list[str]:
        """The loops that have not gone round for too long."""
        return [name for name, loop in self._loops.items() if not loop.heartbeat.alive]

    async def missing_dependencies(self) -> list[str]:
        """What keeps this process from serving: `draining`, `database`, and what its consumer misses."""
        missing = ["draining"] if self._stopping.is_set() else []
        if not await self._database_writes():
            missing.append("database")
        return missing + (self._consumer.missing() if self._consumer else [])

    async def _database_writes(self) -> bool:
        """Whether a transaction that can write begins and ends; the log says when that changes, and why."""
        reason = ""
        try:
            async with asyncio.timeout(2), self.db.transaction():
                pass
        except Exception as error:
            reason = without_input(error)
        if reason and reason != self._away:
            log.warning("database_not_ready", error=reason)
        elif self._away and not reason:
            log.info("database_ready")
        self._away = reason
        return not reason

    def _add_loops(
        self,
        roles: frozenset[Role],
        reactions: Mapping[type[Fact], Reaction],
        handlers: DueHandlers,
    ) -> None:
        if Role.RELAY in roles:
            self._loops["relay"] = Relay(
                self.name,
                self.settings.database,
                self.settings.platform,
                self._recorded,
                self.metrics,
            )
        if Role.CONSUME in roles and reactions:
            self._consumer = Consumer(self, reactions)
            self._loops["consumer"] = self._consumer
        if Role.DUE in roles:
            prompt = [Urgency.URGENT, Urgency.DIRECT, Urgency.REMINDER]
            first = Lane(self, handlers, prompt, 20, self._prompt_work)
            bulk = Lane(self, handlers, [Urgency.BULK], 10, self._bulk_work, yields_to=first)
            self._loops |= {"due": first, "due-bulk": bulk, "due-stuck": StuckWork(self, handlers)}

    async def _keep_running(self, name: str, loop: Loop) -> None:
        """Run a loop to its end; one that breaks is started again, and the log says why."""
        while not self._stopping.is_set():
            try:
                await loop.run(self._stopping)
            except Exception as error:
                log.error("loop_broke", loop=name, error=type(error).__name__, exc_info=error)
                await asyncio.sleep(1)

    async def _start_housekeeping(self) -> None:
        while not self._stopping.is_set():
            try:
                async with self.db.transaction() as conn:
                    await self.due.schedule(conn, housekeeping.next_round(self), once=True)
                return
            except Exception as error:
                log.info("housekeeping_waits", error=without_input(error))
                await asyncio.sleep(2)


async def _nothing_else(conn: AsyncConnection, matters: Sequence[UUID]) -> None:
    """What a service forgets that keeps nothing of a person outside the people table."""


async def _nothing_to_tidy(conn: AsyncConnection, now: datetime) -> None:
    """What a service deletes that keeps nothing outdated of its own."""


def _development_keys() -> dict[str, str]:
    """The public keys that belong to the development private keys of all services."""
    return {name: public_key_of(development_private_key(name)) for name in SERVICES}
