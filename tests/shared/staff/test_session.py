"""A session opens the pages of staff, and nothing else does."""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode

import httpx
from fastapi import FastAPI
from starlette.responses import Response

from shared.tools import Tools
from shared.web.staff.session import SESSION, STARTED
from tests.shared.kit import Bench
from tests.shared.staff.kit import AREA, cookie_of, form_token, sign_in, somebody
from tests.shared.web.html import parse


async def test_the_session_cookie_stays_with_staff_pages_and_out_of_scripts(browser: httpx.AsyncClient) -> None:
    answer = await sign_in(browser, "leitung")
    cookies = [each for each in answer.headers.get_list("set-cookie") if each.startswith("nahbar-staff-session=")]
    assert [each.partition("Path=")[2].partition(";")[0] for each in cookies] == [AREA, f"/en{AREA}"]
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Max-Age=28800" in cookie
        assert "Brinkmann" not in cookie
    assert "cookie" not in browser.build_request("GET", "/notifications/subscribe").headers
    assert set(browser.cookies) == {"nahbar-staff-session"}, "what the sign-in needed has gone"


async def test_on_https_the_cookie_never_travels_without(bench: Bench) -> None:
    platform = bench.platform.model_copy(update={"public_url": "https://stadt.example"})
    tools = Tools(bench.settings.model_copy(update={"platform": platform}))
    response = Response()
    tools.sessions.begin(response, somebody())
    assert all("Secure" in each for each in response.headers.getlist("set-cookie"))


async def show(app: FastAPI, browser: httpx.AsyncClient, cookie: str) -> int:
    return (await browser.get(f"{AREA}/list", headers={"Cookie": f"nahbar-staff-session={cookie}"})).status_code


async def test_only_an_unchanged_session_that_is_not_over_counts(app: FastAPI, browser: httpx.AsyncClient) -> None:
    keeper = app.state.tools.sessions
    good = keeper.seal(SESSION, somebody())
    raw = bytearray(urlsafe_b64decode(good))
    raw[-1] ^= 1
    over = keeper.seal(SESSION, somebody(until=time.time() - 1))
    other_kind = keeper.seal(STARTED, somebody())
    assert await show(app, browser, good) == 200
    for cookie in (urlsafe_b64encode(bytes(raw)).decode(), over, other_kind, "", "x", good[:-8]):
        assert await show(app, browser, cookie) == 303, cookie


async def test_a_role_is_needed(browser: httpx.AsyncClient) -> None:
    await sign_in(browser, "schalter")
    assert (await browser.get(f"{AREA}/list")).status_code == 403
    start = await browser.get(f"{AREA}/")
    assert start.status_code == 200
    assert "Hier ist für Sie nichts freigeschaltet" in start.text


async def test_a_post_needs_the_sessions_own_form_token(app: FastAPI, browser: httpx.AsyncClient, bench: Bench) -> None:
    without = await browser.post(f"{AREA}/list/mitte", data={"sitzung": "x"})
    assert without.status_code == 403
    await sign_in(browser, "leitung")
    token = await form_token(browser)
    for form in ({}, {"sitzung": ""}, {"sitzung": somebody().form_token}, {"sitzung": "ü"}):
        answer = await browser.post(f"{AREA}/list/mitte", data=form)
        assert answer.status_code == 403
        parse(answer.text)
    assert (await browser.post(f"{AREA}/sign-out")).status_code == 403, "no other site ends a session"
    assert (await browser.post(f"{AREA}/list/mitte", data={"sitzung": token})).status_code == 303
    assert len(await bench.rows("select * from audit")) == 1


async def test_whoever_serves_other_stations_only_is_refused(app: FastAPI, browser: httpx.AsyncClient) -> None:
    session = somebody()
    browser.headers["Cookie"] = cookie_of(app.state.tools, session)
    form = {"sitzung": session.form_token}
    assert (await browser.post(f"{AREA}/list/mitte", data=form)).status_code == 303
    assert (await browser.post(f"{AREA}/list/sued", data=form)).status_code == 403
