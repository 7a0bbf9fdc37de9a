"""A service with pages for staff, the real local issuer, and a browser for them."""

from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest_asyncio
from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import Response

from deploy.local.far_ends.issuer import create_issuer
from shared.runtime import Parts, Role, application
from shared.settings import DEVELOPMENT_CLIENT_SECRET
from shared.tools import Tools
from shared.web.i18n import LanguagePrefix
from shared.web.pages import SHARED, Pages
from shared.web.staff.audit import audit_pages
from shared.web.staff.pages import staff_pages
from shared.web.staff.session import SESSION, Session
from shared.web.staff.visit import Entry, StaffArea, StaffVisit, staff
from tests.deploy.far_ends import listen, port_of, web_server
from tests.shared.conftest import Bench

HERE = "http://nahbar.test"
AREA = "/notifications/staff"
SIGN_IN = f"{AREA}/sign-in"
BACK = f"{AREA}/signed-in"
SECRET = DEVELOPMENT_CLIENT_SECRET.get_secret_value()
Clerk = Annotated[StaffVisit, Depends(staff("notifications:staff"))]


def routes() -> APIRouter:
    """A page of staff, and what it may do."""
    router = APIRouter(prefix=AREA)

    @router.get("/list")
    async def page(visit: Clerk) -> Response:
        return visit.render("staff/start.html")

    @router.post("/list/{station}")
    async def act(visit: Clerk, station: str) -> Response:
        visit.who.must_serve(station)
        await visit.act.note("acted", station=station, number="4711-0815")
        return visit.redirect(f"{AREA}/list")

    return router


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


class _Inputs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input":
            self.values[given["name"] or ""] = given["value"] or ""


def inputs(page: str) -> dict[str, str]:
    parser = _Inputs()
    parser.feed(page)
    return parser.values


async def at_the_issuer(address: str, member: str) -> str:
    """Choose somebody on the issuer's page: the address it sends the browser back to."""
    async with httpx.AsyncClient() as client:
        page = (await client.get(address)).raise_for_status()
        answer = await client.post(address, data=inputs(page.text) | {"member": member})
    assert answer.status_code == 303
    return answer.headers["location"]


async def sign_in(browser: httpx.AsyncClient, member: str, to: str = f"{AREA}/list") -> httpx.Response:
    """From a page to the issuer and back: the answer to the last step."""
    asked = await browser.get(to)
    assert asked.status_code == 303
    begun = await browser.get(asked.headers["location"])
    assert begun.status_code == 303
    return await browser.get(await at_the_issuer(begun.headers["location"], member))


async def form_token(browser: httpx.AsyncClient) -> str:
    return inputs((await browser.get(f"{AREA}/list")).text)["sitzung"]


async def begun(browser: httpx.AsyncClient, to: str = "") -> str:
    return (await browser.get(SIGN_IN, params={"to": to})).headers["location"]


def somebody(**changes: Any) -> Session:
    given = {"subject": "leitung", "roles": frozenset({"notifications:staff"}), "stations": frozenset({"mitte"})}
    return Session(**(given | {"name": "Ruth Brinkmann"} | changes))


def cookie_of(tools: Tools, session: Session) -> str:
    """The cookie header of somebody who is signed in."""
    return f"nahbar-staff-session={tools.sessions.seal(SESSION, session)}"
