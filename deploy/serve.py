"""One process that serves one or several services on one port."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI
from pydantic import IPvAnyNetwork
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.services import MANIFESTS, create, settings_class
from shared.city import City
from shared.runtime import ALL_ROLES, Role
from shared.settings import Platform, ServiceSettings, read
from shared.telemetry import configure_logging
from shared.web.portal import create_portal

log = structlog.get_logger()

GRACE = 20
"""Seconds that requests in flight get at a shutdown."""
KEEP_ALIVE = 130
"""Seconds that an unused connection is kept: longer than gateways use it, lest one sends a POST as it is closed."""


def settings_of(service: str) -> ServiceSettings:
    """A service's settings, read from the environment."""
    return read(settings_class(service))


def app_of(service: str, roles: frozenset[Role] = ALL_ROLES) -> FastAPI:
    """A service's application, with settings from the environment."""
    return create(settings_of(service), roles)


class OnePort:
    """ASGI application that hands each request to the app its path names; the first segment may be a language.

    Args:
        apps: by the first segment of their paths; their lifespans are run together.
        otherwise: answers every other path.
        begin: called once when the process begins to serve.
    """

    def __init__(
        self, apps: Mapping[str, FastAPI], otherwise: FastAPI, begin: Callable[[], None] = lambda: None
    ) -> None:
        self._apps = apps
        self._begin = begin
        self._otherwise = otherwise
        self._lifespans = FastAPI(lifespan=self._lifespan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app_for(scope)(scope, receive, send)

    def drain(self) -> None:
        """Tell the services that this process is going to end."""
        for app in self._apps.values():
            if runtime := getattr(app.state, "runtime", None):
                runtime.drain()

    def _app_for(self, scope: Scope) -> ASGIApp:
        if scope["type"] == "lifespan":
            return self._lifespans
        for segment in scope["path"].split("/")[1:3]:
            if segment in self._apps:
                return self._apps[segment]
        return self._otherwise

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            self._begin()
            for app in [*self._apps.values(), self._otherwise]:
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield


def platform_app(services: Sequence[str], roles: frozenset[Role], inbox: Path | None = None) -> OnePort:
    """The services on one port, with the portal at its root where pages are served.

    Args:
        inbox: folder of the simulated far ends; what they received is then shown under /inbox/.
    """
    apps = {name: app_of(name, roles) for name in services}
    if inbox is not None:
        from deploy.local.far_ends.inbox import create_inbox

        apps["inbox"] = create_inbox(inbox)
    platform = read(Platform)
    city = City.load(platform.city)

    def begin() -> None:
        if platform.environment == "production" and (unconfirmed := city.unconfirmed):
            log.warning("city_unconfirmed", city=city.name, paths=[path for _, path in unconfirmed])

    return OnePort(apps, create_portal(city, MANIFESTS, {*services, *platform.online}), begin)


class _Server(uvicorn.Server):
    """Goes on answering for a while after the signal to stop: load balancers see in time that it is not ready."""

    def __init__(self, config: uvicorn.Config, drain: Callable[[], None], seconds: float) -> None:
        super().__init__(config)
        self._drain = drain
        self._seconds = seconds

    async def main_loop(self) -> None:
        await super().main_loop()
        self._drain()
        await asyncio.sleep(self._seconds)


def config_of(app: ASGIApp, host: str, port: int, trusted_proxies: Sequence[IPvAnyNetwork] = ()) -> uvicorn.Config:
    """How uvicorn serves; what requests say of where they come from is believed from trusted proxies only."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=[str(each) for each in trusted_proxies],
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )


def run(
    app: ASGIApp,
    host: str,
    port: int,
    log_level: str,
    drain: Callable[[], None] = lambda: None,
    drain_seconds: float = 0,
    trusted_proxies: Sequence[IPvAnyNetwork] = (),
) -> None:
    """Serve until SIGTERM or SIGINT; loops and requests then finish in order.

    Args:
        drain: called at the signal; requests are answered for `drain_seconds` more.
        trusted_proxies: whose X-Forwarded-For is believed.
    """
    configure_logging(log_level)
    config = config_of(app, host, port, trusted_proxies)
    gc.freeze()  # what was made so far stays: to look through all of it again stops the loop for 0.1 s each time
    _Server(config, drain, drain_seconds).run()
