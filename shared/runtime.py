"""A service that runs: its loops, and the FastAPI application that starts and ends with them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import structlog
from fastapi import APIRouter, Depends, FastAPI
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from shared.act import acting
from shared.consumer import Consumer
from shared.due import Urgency
from shared.errands import Handlers
from shared.failures import without_input
from shared.housekeeping import KIND, Housekeeping, next_round
from shared.http import Limits, install_errors, without_prefix
from shared.lanes import Lane
from shared.middleware import HeadAsGet, OwnRedirects, Telemetry
from shared.origins import Origins
from shared.reactions import Reactions
from shared.relay import Relay
from shared.stuck import StuckWork
from shared.telemetry import Heartbeat
from shared.tools import Tools
from shared.web.kept import KeptPages

log = structlog.get_logger()


class Role(StrEnum):
    """What a process does for a service; each role can be scaled alone."""

    HTTP = "http"
    RELAY = "relay"
    CONSUME = "consume"
    DUE = "due"


ALL_ROLES = frozenset(Role)


class Loop(Protocol):
    """A loop of a service: runs until `stopping` is set, beats its heart as it goes round."""

    heartbeat: Heartbeat

    async def run(self, stopping: asyncio.Event) -> None: ...


@dataclass(frozen=True)
class Parts:
    """What a service is made of besides its tools.

    Args:
        routers: its API and pages.
        reactions: what it does on which fact.
        due: handlers of its due work, by kind.
        housekeeping: forgets what it need not keep.
        resources: opened before the loops start, closed after they ended.
        error_page: renders a problem as a page, for paths outside the API.
        origins: where the public comes from, in a service that limits what it may take.
    """

    routers: Sequence[APIRouter] = ()
    reactions: Reactions = field(default_factory=dict)
    due: Handlers = field(default_factory=dict)
    housekeeping: Housekeeping = field(default_factory=Housekeeping)
    resources: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    error_page: Callable[..., Any] | None = None
    origins: Origins | None = None


class Runtime:
    """The loops of a service in this process, and how they are.

    Args:
        roles: what this process does; without HTTP only health and metrics are served.
    """

    def __init__(self, tools: Tools, roles: frozenset[Role], parts: Parts) -> None:
        self.tools = tools
        self.loops: dict[str, Loop] = {}
        self.consumer: Consumer | None = None
        self._roles = roles
        self.parts = parts
        self._away = ""
        self._stopping = asyncio.Event()
        if Role.RELAY in roles:
            self.loops["relay"] = Relay(
                tools.name, tools.settings.database, tools.settings.platform, tools.recorded, tools.metrics
            )
        if Role.CONSUME in roles and parts.reactions:
            self.consumer = self.loops["consumer"] = Consumer(tools, parts.reactions)
        if Role.DUE in roles:
            handlers = {KIND: parts.housekeeping, **parts.due}
            prompt = [Urgency.URGENT, Urgency.DIRECT, Urgency.REMINDER]
            first = Lane(tools, handlers, prompt, 20, tools.prompt_work)
            bulk = Lane(tools, handlers, [Urgency.BULK], 10, tools.bulk_work, yields_to=first)
            self.loops |= {"due": first, "due-bulk": bulk, "due-stuck": StuckWork(tools, handlers)}

    @asynccontextmanager
    async def running(self, _: FastAPI) -> AsyncIterator[None]:
        """Run the loops; at the end they finish what they have in hand. The lifespan of the application."""
        async with self.parts.resources():
            tasks = [asyncio.create_task(self._keep_running(name, loop)) for name, loop in self.loops.items()]
            if Role.DUE in self._roles:
                tasks.append(asyncio.create_task(self._start_housekeeping()))
            try:
                yield
            finally:
                self.drain()
                await asyncio.gather(*tasks)
                await self.tools.db.close()

    def drain(self) -> None:
        """Let the loops finish what they have in hand; the process is no longer ready, but goes on answering."""
        self._stopping.set()
        for wakeup in (self.tools.recorded, self.tools.prompt_work, self.tools.bulk_work):
            wakeup.set()

    def stuck_loops(self) -> list[str]:
        """The loops that have not gone round for too long."""
        return [name for name, loop in self.loops.items() if not loop.heartbeat.alive]

    async def missing_dependencies(self) -> list[str]:
        """What keeps this process from serving: `draining`, `database`, and what its consumer misses."""
        missing = ["draining"] if self._stopping.is_set() else []
        if not await self._database_writes():
            missing.append("database")
        return missing + (self.consumer.missing() if self.consumer else [])

    async def _database_writes(self) -> bool:
        """Whether a transaction that can write begins and ends; the log says when that changes, and why."""
        reason = ""
        try:
            async with asyncio.timeout(2), self.tools.db.transaction():
                pass
        except Exception as error:
            reason = without_input(error)
        if reason and reason != self._away:
            log.warning("database_not_ready", error=reason)
        elif self._away and not reason:
            log.info("database_ready")
        self._away = reason
        return not reason

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
                async with acting(self.tools) as act:
                    await act.schedule(next_round(act.now), once=True)
                return
            except Exception as error:
                log.info("housekeeping_waits", error=without_input(error))
                await asyncio.sleep(2)


def application(tools: Tools, roles: frozenset[Role], parts: Parts) -> FastAPI:
    """The application of a service, which runs its loops while it is served.

    Args:
        roles: what this process does.
    """
    runtime = Runtime(tools, roles, parts)
    served = [operations_router(runtime), *(parts.routers if Role.HTTP in roles else ())]
    app = FastAPIOffline(
        title=f"Nahbar {tools.name}",
        lifespan=runtime.running,
        docs_url=f"/{tools.name}/api/docs",
        redoc_url=None,
        static_url=f"/{tools.name}/api/docs/assets",
        swagger_ui_oauth2_redirect_url=f"/{tools.name}/api/docs/oauth2-redirect",
        openapi_url=f"/{tools.name}/api/openapi.json",
        routes=[route for router in served for route in router.routes],
    )
    app.state.tools = tools
    app.state.runtime = runtime
    app.state.error_page = parts.error_page
    app.state.origins = parts.origins
    app.add_middleware(KeptPages)
    install_errors(app)
    app.add_middleware(Limits)
    app.add_middleware(Telemetry, metrics=tools.metrics)
    app.add_middleware(HeadAsGet)
    app.add_middleware(OwnRedirects)
    return app


def operations_router(runtime: Runtime) -> APIRouter:
    """Liveness, readiness and metrics under `/<service>/`, for the machines that run the service."""
    prefix = f"/{runtime.tools.name}"
    router = APIRouter(prefix=prefix, include_in_schema=False, dependencies=[Depends(without_prefix)])

    @router.get("/health/live")
    async def live() -> JSONResponse:
        """200 while every loop of this process makes progress; dependencies do not count."""
        stuck = runtime.stuck_loops()
        return JSONResponse({"stuck": stuck}, status_code=503 if stuck else 200)

    @router.get("/health/ready")
    async def ready() -> JSONResponse:
        """200 while requests can be served: a database that can write, consumer in its group, not shutting down.

        Kafka lost later changes nothing: people go on booking, and their facts wait in the outbox.
        """
        missing = await runtime.missing_dependencies()
        return JSONResponse({"missing": missing}, status_code=503 if missing else 200)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(runtime.tools.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router
