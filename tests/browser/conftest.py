"""A browser for the run, pages of every kind of reader, and servers for applications under test."""

from collections.abc import AsyncIterator
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from deploy.services import MANIFESTS
from shared.city import City
from shared.web.portal import create_portal
from tests.browser.booking import BookingSite
from tests.browser.chromium import HERE, chromium, skipped
from tests.browser.closing import ClosingSite
from tests.browser.desk import DeskSite
from tests.browser.kit import DEVICES, SLOWEST_PAGE, OpenPage, appointments, pages_of, serving
from tests.browser.messages import MessagesSite
from tests.browser.queue import QueueSite
from tests.browser.readers import resize
from tests.browser.subscribing import SubscribingSite
from tests.browser.touring import TouringSite
from tests.shared.web.site import create_site
from tests.support.stack import Backend

collect_ignore_glob = ["test_*.py"] if skipped() else []


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
        context.set_default_navigation_timeout(SLOWEST_PAGE)
        contexts.append(context)
        page = await context.new_page()
        await page.goto(url)
        return page

    yield open_page
    for context in contexts:
        await context.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def only_phone(browser: Browser) -> AsyncIterator[Page]:
    """A page that stays open for the run, and with it what the browser compiled: that takes a quarter of its time."""
    context = await browser.new_context(reduced_motion="reduce")
    context.set_default_navigation_timeout(SLOWEST_PAGE)
    yield await context.new_page()
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def phone(only_phone: Page) -> AsyncIterator[Page]:
    """A page on a phone that knows nothing of the tests before."""
    await resize(only_phone, "phone")
    await only_phone.emulate_media(color_scheme="light")
    yield only_phone
    await only_phone.unroute_all()
    await only_phone.context.clear_cookies()


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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def booking(stack: Backend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BookingSite]:
    """The booking pages."""
    async with appointments(stack, tmp_path_factory) as (address, app, client):
        yield BookingSite(address, app, client)


@pytest.fixture
def desk(booking: BookingSite) -> DeskSite:
    """The pages of the desk, with a lead of all stations signed in."""
    return DeskSite(booking)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def queue(stack: Backend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[QueueSite]:
    """The pages of the queue, on a working day at ten."""
    async with appointments(stack, tmp_path_factory) as (address, app, client):
        yield QueueSite(address, app, client)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def closing(stack: Backend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ClosingSite]:
    """The pages of closures."""
    async with appointments(stack, tmp_path_factory) as (address, app, client):
        yield ClosingSite(address, app, client)


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
