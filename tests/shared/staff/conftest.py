"""A service with pages for staff, the real local issuer, and a browser for them."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio
from fastapi import FastAPI

from deploy.local.far_ends.issuer import create_issuer
from shared.runtime import Parts, Role, application
from shared.tools import Tools
from shared.web.i18n import LanguagePrefix
from shared.web.pages import SHARED, Pages
from shared.web.staff.audit import audit_pages
from shared.web.staff.pages import staff_pages
from shared.web.staff.visit import Entry, StaffArea
from tests.deploy.far_ends import listen, port_of, web_server
from tests.shared.kit import Bench
from tests.shared.staff.kit import AREA, HERE, SECRET, routes


@pytest_asyncio.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[str]:
    listening = listen()
    url = f"http://127.0.0.1:{port_of(listening)}/issuer"
    app = FastAPI()
    app.include_router(create_issuer(tmp_path, url, "nahbar", SECRET), prefix="/issuer")
    with web_server(app, listening):
        yield url


@pytest_asyncio.fixture
async def app(bench: Bench, issuer: str) -> AsyncIterator[FastAPI]:
    platform = bench.platform.model_copy(update={"oidc_issuer": issuer, "public_url": HERE})
    tools = Tools(bench.settings.model_copy(update={"platform": platform}))
    pages = Pages(SHARED, tools.city)
    routers = [staff_pages(tools.name), audit_pages(tools.name, "appointments:lead"), routes()]
    app = application(tools, frozenset({Role.HTTP}), Parts(routers=routers, error_page=pages.error_page))
    app.state.pages = pages
    app.state.staff_area = StaffArea([Entry(f"{AREA}/list", "Liste", "Alles", "notifications:staff")])
    app.add_middleware(LanguagePrefix)
    async with app.router.lifespan_context(app):
        yield app


@pytest_asyncio.fixture
async def browser(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=HERE) as browser:
        yield browser
