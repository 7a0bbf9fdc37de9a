"""Clients of the portal and of a site with every component."""

from collections.abc import AsyncIterator

import pytest_asyncio
from httpx import ASGITransport, AsyncClient

from deploy.services import MANIFESTS
from shared.city import City
from shared.web.portal import create_portal
from tests.shared.web.site import create_site
from tests.support.browsing import Browsing


@pytest_asyncio.fixture
async def portal() -> AsyncIterator[AsyncClient]:
    """The portal, with only appointments to be booked online."""
    app = create_portal(City.load("duisburg"), MANIFESTS, {"appointments"})
    async with Browsing(transport=ASGITransport(app), base_url="http://nahbar.test") as client:
        yield client


@pytest_asyncio.fixture
async def site() -> AsyncIterator[AsyncClient]:
    """The gallery, and ways to fail."""
    transport = ASGITransport(create_site(City.load("duisburg")), raise_app_exceptions=False)
    async with Browsing(transport=transport, base_url="http://nahbar.test") as client:
        yield client
