"""Staff under test."""

from html.parser import HTMLParser
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends
from starlette.responses import Response

from shared.settings import DEVELOPMENT_CLIENT_SECRET
from shared.tools import Tools
from shared.web.staff.session import SESSION, Session
from shared.web.staff.visit import StaffVisit, staff

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
