"""Readers, servers and sites for pages under test."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, Protocol
from uuid import uuid4

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Page
from starlette.types import ASGIApp

from deploy.local.far_ends.issuer import create_issuer
from deploy.serve import KEEP_ALIVE, OnePort
from deploy.services import MANIFESTS, create, settings_class
from shared.runtime import Role
from shared.settings import Platform
from shared.tools import Tools
from shared.web.portal import create_portal
from tests.support.browsing import Browsing
from tests.support.days import run_clock
from tests.support.limits import NO_LIMITS
from tests.support.stack import Backend, clone_database, drop_database
from tests.support.wait import eventually

DEVICES = {"narrow": 320, "phone": 390, "desktop": 1280}
"""Widths in CSS pixels; 320 is a desktop at 400 % (WCAG 1.4.10)."""

SLOWEST_PAGE = 90_000
"""Milliseconds a page may take on a machine that is busy with other tests."""


class OpenPage(Protocol):
    """Opens an address as a certain reader would see it."""

    async def __call__(
        self,
        url: str,
        *,
        device: Literal["narrow", "phone", "desktop"] = "desktop",
        scheme: Literal["light", "dark"] = "light",
        script: bool = True,
        forced_colors: bool = False,
    ) -> Page: ...


def free_port() -> socket.socket:
    """A port of this machine, kept for a server."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


def address_of(listener: socket.socket) -> str:
    """Where browsers find a server that listens there."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket | None = None) -> AsyncIterator[str]:
    """Serve an application on a free port of this machine, or where somebody listens for it: its address."""
    with listener or free_port() as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_keep_alive=KEEP_ALIVE))
        running = asyncio.create_task(server.serve([listener]))
        await eventually(lambda: server.started)
        yield address_of(listener)
        server.should_exit = True
        await running


@asynccontextmanager
async def appointments(
    stack: Backend, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[str, FastAPI, httpx.AsyncClient]]:
    """The pages of `appointments`, the staff's issuer and the portal on one port: address, application, client."""
    database = await clone_database(stack.url, "appointments", f"appointments_{uuid4().hex[:12]}")
    listener = free_port()
    platform = Platform(
        kafka=stack.bootstrap,
        postgres=stack.url,
        clock_file=run_clock(tmp_path_factory.mktemp("clock")),
        public_url=address_of(listener),
        oidc_issuer=f"{address_of(listener)}/issuer",
    )
    issuer = FastAPI()
    secret = platform.oidc_client_secret.get_secret_value()
    keys = tmp_path_factory.mktemp("issuer")
    issuer.include_router(create_issuer(keys, platform.oidc_issuer, platform.oidc_audience, secret), prefix="/issuer")
    settings = settings_class("appointments")(platform=platform, database=database, **NO_LIMITS)
    app = create(settings, frozenset({Role.HTTP}))
    tools: Tools = app.state.tools
    platform_app = OnePort(
        {"appointments": app, "issuer": issuer}, create_portal(tools.city, MANIFESTS, {"appointments"})
    )
    async with serving(platform_app, listener) as address, Browsing(base_url=address) as client:
        yield address, app, client
    await tools.db.close()
    await drop_database(database)


@asynccontextmanager
async def pages_of(
    name: str, online: str, stack: Backend, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[str, Tools]]:
    """The pages of a service and the portal on one port, over a database of their own: address, service.

    Args:
        online: the service the portal leads to.
    """
    database = await clone_database(stack.url, name, f"{name}_{uuid4().hex[:12]}")
    platform = Platform(
        kafka=stack.bootstrap, postgres=stack.url, clock_file=run_clock(tmp_path_factory.mktemp("clock"))
    )
    app = create(settings_class(name)(platform=platform, database=database), frozenset({Role.HTTP}))
    tools: Tools = app.state.tools
    async with serving(OnePort({name: app}, create_portal(tools.city, MANIFESTS, {online}))) as address:
        yield address, tools
    await tools.db.close()
    await drop_database(database)
