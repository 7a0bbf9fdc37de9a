"""Staff sign in at the real local issuer, and sign out."""

import time
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from fastapi import FastAPI

from shared.runtime import Parts, Role, application
from shared.tools import Tools
from shared.web.pages import SHARED, Pages
from shared.web.staff.pages import is_own_page, staff_pages
from shared.web.staff.session import STARTED, Started
from tests.shared.kit import Bench
from tests.shared.staff.kit import (
    AREA,
    BACK,
    HERE,
    SIGN_IN,
    at_the_issuer,
    begun,
    cookie_of,
    form_token,
    sign_in,
    somebody,
)
from tests.shared.web.html import links, parse, words


async def test_who_signs_in_comes_back_to_the_page_they_wanted(browser: httpx.AsyncClient) -> None:
    answer = await sign_in(browser, "leitung", f"/en{AREA}/list?day=2026-12-01&place=s%C3%BCd")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/en{AREA}/list?day=2026-12-01&place=s%C3%BCd"
    page = await browser.get(answer.headers["location"])
    assert page.status_code == 200
    assert "Ruth Brinkmann" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert f"/en{AREA}/list" in set(links(parse(page.text)))


@pytest.mark.parametrize(
    "change",
    [{"state": "another"}, {"code": "another"}, {"code": None}, {"state": None}, {"iss": "https://evil.example"}],
)
async def test_an_answer_that_does_not_fit_opens_nothing(
    browser: httpx.AsyncClient, change: dict[str, str | None]
) -> None:
    address = await at_the_issuer(await begun(browser), "leitung")
    query = {**dict(parse_qsl(urlsplit(address).query)), **change}
    answer = await browser.get(f"{BACK}?{urlencode({key: value for key, value in query.items() if value})}")
    assert answer.status_code == 403
    parse(answer.text)
    assert not any("nahbar-staff-session=" in each for each in answer.headers.get_list("set-cookie"))


async def test_a_code_is_worth_nothing_to_another_browser_or_twice(browser: httpx.AsyncClient, app: FastAPI) -> None:
    address = await at_the_issuer(await begun(browser), "leitung")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=HERE) as stranger:
        assert (await stranger.get(address)).status_code == 403
        await begun(stranger)
        assert (await stranger.get(address)).status_code == 403
    cookie = f"nahbar-staff-started={browser.cookies['nahbar-staff-started']}"
    assert (await browser.get(address)).status_code == 303
    assert (await browser.get(address, headers={"Cookie": cookie})).status_code == 403


async def test_a_token_for_another_nonce_or_verifier_is_refused(app: FastAPI, browser: httpx.AsyncClient) -> None:
    for change in ({"nonce": "another"}, {"verifier": "another"}, {"until": time.time() - 1}):
        started = Started(to=f"{AREA}/")
        address = await at_the_issuer(await app.state.tools.sign_in.address(started), "leitung")
        cookie = app.state.tools.sessions.seal(STARTED, started.model_copy(update=change))
        answer = await browser.get(address, headers={"Cookie": f"nahbar-staff-started={cookie}"})
        assert answer.status_code == 403, change


async def test_the_issuer_is_asked_for_a_code_with_pkce(browser: httpx.AsyncClient, issuer: str) -> None:
    address = await begun(browser)
    asked = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{issuer}/authorize?")
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{HERE}{BACK}"]
    assert (asked["state"], asked["nonce"]) != (asked["nonce"], asked["state"])
    assert parse_qs(urlsplit(await begun(browser)).query)["code_challenge"] != asked["code_challenge"]


async def test_a_refusal_of_the_issuer_is_a_page(browser: httpx.AsyncClient) -> None:
    state = parse_qs(urlsplit(await begun(browser)).query)["state"][0]
    answer = await browser.get(f"{BACK}?{urlencode({'error': 'access_denied', 'state': state})}")
    assert answer.status_code == 403
    parse(answer.text)


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/notifications/staff/",
        "//evil.example/notifications/staff/",
        "/\\evil.example",
        f"{AREA}/../../elsewhere",
        "/notifications/subscribe",
        f"{AREA}/list\r\nSet-Cookie: a=b",
        f"{AREA}/list#\n",
        f"{AREA}/s\u00fcd",
        "/appointments/staff/",
        f"/xx{AREA}/",
        "",
    ],
)
async def test_the_way_back_leads_nowhere_else(browser: httpx.AsyncClient, to: str) -> None:
    assert not is_own_page("notifications", to)
    answer = await browser.get(await at_the_issuer(await begun(browser, to), "leitung"))
    assert answer.headers["location"] == f"{AREA}/"


async def test_signing_out_ends_here_and_at_the_issuer(browser: httpx.AsyncClient, issuer: str) -> None:
    await sign_in(browser, "leitung")
    assert (await browser.get(f"{AREA}/sign-out")).status_code == 405
    answer = await browser.post(f"{AREA}/sign-out", data={"sitzung": await form_token(browser)})
    assert "abgemeldet" in words(parse(answer.text))
    address = answer.headers["refresh"].removeprefix("0; url=")
    assert address.startswith(f"{issuer}/sign-out?")
    assert "Brinkmann" not in address
    assert "id_token" not in address
    async with httpx.AsyncClient() as client:
        back = (await client.get(address)).headers["location"]
    assert back == f"{HERE}{AREA}/signed-out"
    assert (await browser.get(back)).status_code == 200
    assert (await browser.get(f"{AREA}/list")).status_code == 303


async def test_without_the_issuer_nobody_signs_in_but_everybody_can_sign_out(bench: Bench) -> None:
    platform = bench.platform.model_copy(update={"oidc_issuer": "http://127.0.0.1:9/issuer", "public_url": HERE})
    tools = Tools(bench.settings.model_copy(update={"platform": platform}))
    pages = Pages(SHARED, tools.city)
    parts = Parts(routers=[staff_pages(tools.name)], error_page=pages.error_page)
    app = application(tools, frozenset({Role.HTTP}), parts)
    app.state.pages = pages
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HERE) as browser:
        assert (await browser.get(SIGN_IN)).status_code == 503
        session = somebody()
        browser.headers["Cookie"] = cookie_of(tools, session)
        answer = await browser.post(f"{AREA}/sign-out", data={"sitzung": session.form_token})
    assert answer.headers["refresh"] == f"0; url={AREA}/signed-out"
    await tools.db.close()
