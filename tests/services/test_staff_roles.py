"""Every route for staff asks for the role before it looks at anything else."""

import re

import pytest
from fastapi import FastAPI

from shared.auth import EVERY_STATION, Caller
from shared.settings import SERVICES
from shared.tools import Tools
from shared.web.staff.session import SESSION, Session
from shared.web.staff.visit import FORM_FIELD
from tests.services.kit import client_of
from tests.support.routes import routes_of, staff_routes

FOR_EVERYBODY = (
    *("/staff/", "/staff/sign-in", "/staff/signed-in", "/staff/sign-out", "/staff/signed-out"),
    "/staff/hall/{place}",
)
"""The way in and out, and the screen in the hall, which says nothing about anybody."""


@pytest.mark.parametrize("name", SERVICES)
async def test_without_the_role_nothing_is_looked_at(
    name: str, answering: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools: Tools = answering.state.tools
    nobody = Session(subject="somebody", roles=frozenset({"other:lead"}), stations=frozenset({EVERY_STATION}))

    async def check(_token: str) -> Caller:
        return nobody

    monkeypatch.setattr(tools.tokens, "check", check)
    for_everybody = {f"/{name}{path}" for path in FOR_EVERYBODY}
    routes = [each for each in staff_routes(answering) if each[1] not in for_everybody]
    paths = {path for _, path in routes}
    unguarded = {each.path for each in routes_of(answering) if "/staff/" in each.path} - paths - for_everybody
    assert not unguarded, "a route for staff asks who calls"
    cookie = f"nahbar-staff-session={tools.sessions.seal(SESSION, nobody)}"
    async with client_of(answering) as client:
        for method, path in routes:
            address = re.sub(r"{\w+}", "none", path)
            if "/api/" in path:
                answer = await client.request(method, address, headers={"Authorization": "Bearer none"}, json={})
            else:
                form = {FORM_FIELD: nobody.form_token} if method == "POST" else None
                answer = await client.request(method, address, headers={"Cookie": cookie}, data=form)
            assert answer.status_code == 403, f"{method} {path}: {answer.status_code}"
            anonymous = await client.request(method, address)
            expected = 401 if "/api/" in path else 303 if method == "GET" else 403
            assert anonymous.status_code == expected, f"{method} {path} of nobody: {anonymous.status_code}"
