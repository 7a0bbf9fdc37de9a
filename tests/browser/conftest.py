"""A browser for the run, pages of every kind of reader, and servers for applications under test."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, Protocol
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from starlette.types import ASGIApp

from deploy.local.far_ends.issuer import create_issuer
from deploy.serve import KEEP_ALIVE, OnePort
from deploy.services import MANIFESTS, create, settings_class
from shared.city import City
from shared.runtime import Role
from shared.settings import Platform
from shared.tools import Tools
from shared.web.portal import create_portal
from tests.browser.booking import BookingSite
from tests.browser.chromium import HERE, chromium, skipped
from tests.browser.closing import ClosingSite
from tests.browser.desk import DeskSite
from tests.browser.messages import MessagesSite
from tests.browser.queue import QueueSite
from tests.browser.subscribing import SubscribingSite
from tests.browser.touring import TouringSite
from tests.shared.web.site import create_site
from tests.support.browsing import Browsing
from tests.support.days import run_clock
from tests.support.limits import NO_LIMITS
from tests.support.stack import Backend, clone_database, drop_database
from tests.support.wait import eventually

collect_ignore_glob = ["test_*.py"] if skipped() else []

DEVICES = {"narrow": 320, "phone": 390, "desktop": 1280}
"""Widths in CSS pixels; 320 is a desktop at 400 % (WCAG 1.4.10)."""


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All browser tests share one event loop, because the browser lives in it."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, started once."""
    executable = chromium()
    assert executable, "Chromium is not installed, and CI must run the browser tests"
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = await playwright.chromium.launch(executable_path=executable, args=arguments)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Opens pages, each in a context of its own; all are closed after the test."""
    contexts: list[BrowserContext] = []

    async def open_page(
        url: str,
        *,
        device: Literal["narrow", "phone", "desktop"] = "desktop",
        scheme: Literal["light", "dark"] = "light",
        script: bool = True,
        forced_colors: bool = False,
    ) -> Page:
        context = await browser.new_context(
            viewport={"width": DEVICES[device], "height": 820},
            color_scheme=scheme,
            java_script_enabled=script,
            forced_colors="active" if forced_colors else "none",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = await context.new_page()
        await page.goto(url)
        return page

    yield open_page
    for context in contexts:
        await context.close()


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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def portal() -> AsyncIterator[str]:
    """The address of the portal."""
    async with serving(create_portal(City.load("duisburg"), MANIFESTS, {"appointments"})) as address:
        yield address


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site() -> AsyncIterator[str]:
    """The address of the site with every component."""
    async with serving(create_site(City.load("duisburg"))) as address:
        yield address


@asynccontextmanager
async def appointments(
    stack: Backend, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[str, Tools, httpx.AsyncClient]]:
    """The pages of `appointments`, the staff's issuer and the portal on one port: address, service, client."""
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
        yield address, tools, client
    await tools.db.close()
    await drop_database(database)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def booking(stack: Backend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BookingSite]:
    """The booking pages."""
    async with appointments(stack, tmp_path_factory) as (address, tools, client):
        yield BookingSite(address, tools, client)


@pytest.fixture
def desk(booking: BookingSite) -> DeskSite:
    """The pages of the desk, with a lead of all stations signed in."""
    return DeskSite(booking)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def queue(stack: Backend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[QueueSite]:
    """The pages of the queue, on a working day at ten."""
    async with appointments(stack, tmp_path_factory) as (address, tools, client):
        yield QueueSite(address, tools, client)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def closing(stack: Backend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ClosingSite]:
    """The pages of closures."""
    async with appointments(stack, tmp_path_factory) as (address, tools, client):
        yield ClosingSite(address, tools, client)


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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def messages(stack: Backend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MessagesSite]:
    """The pages about messages."""
    async with pages_of("notifications", "appointments", stack, tmp_path_factory) as (address, tools):
        yield MessagesSite(address, tools)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def subscribing(stack: Backend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SubscribingSite]:
    """The pages of subscriptions."""
    async with pages_of("notifications", "notifications", stack, tmp_path_factory) as (address, tools):
        yield SubscribingSite(address, tools)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def touring(stack: Backend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TouringSite]:
    """The pages of the Bürgermobil."""
    async with pages_of("mobile_office", "mobile_office", stack, tmp_path_factory) as (address, tools):
        yield TouringSite(address, tools)
