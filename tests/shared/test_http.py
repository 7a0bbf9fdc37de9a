"""HTTP: permissions, what is answered when something is away, and requests that are sent twice."""

import asyncio
import time
from collections.abc import AsyncIterator
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Annotated, Any
from uuid import uuid4

import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import APIRouter, Body, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from jwt.algorithms import RSAAlgorithm
from sqlalchemy import text

from shared.auth import Caller, require_role
from shared.db import Connection, transaction
from shared.http import (
    LARGEST_HEADERS,
    LARGEST_QUERY,
    MOST_FIELD_ERRORS,
    MOST_VALUES,
    as_problem,
    current_act,
    current_tools,
    problems,
)
from shared.idempotency import IdempotencyKey, claim_key, digest
from shared.problems import MEDIA_TYPE, FieldError, InvalidInput, Problem
from shared.runtime import Parts, Role, application
from shared.tools import Tools
from shared.web.visit import _visit
from tests.shared.kit import Bench

ISSUER = "http://issuer.test"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def token(key: Any = KEY, kid: str = "k1", **changes: Any) -> str:
    """An access token as the issuer makes them, but for some claims; None leaves one out."""
    claims = {
        "iss": ISSUER,
        "aud": "nahbar",
        "sub": "clerk",
        "exp": time.time() + 3600,
        "roles": ["notifications:staff"],
    }
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})


def routes() -> APIRouter:
    router = APIRouter(prefix="/notifications/api/v1")

    @router.get("/staff", responses=problems(401, 403))
    async def staff(caller: Annotated[Caller, Depends(require_role("notifications:staff"))]) -> Caller:
        return caller

    @router.post("/things")
    async def things(conn: Connection, name: Annotated[str, Body(embed=True)], key: IdempotencyKey = None) -> str:
        made = str(uuid4())
        if key and (first := await claim_key(conn, "things", key, digest(name), made)):
            return first
        await conn.execute(text("insert into effects values (:name)"), {"name": name})
        if name == "refused":
            raise InvalidInput(errors=[FieldError(field="name", message="Choose another name.")])
        return made

    @router.get("/broken")
    async def broken() -> None:
        raise RuntimeError("anna@example.org did it")

    @router.get("/deadlock")
    async def deadlock(conn: Connection) -> None:
        await conn.execute(text("do $$ begin raise exception 'x' using errcode = '40P01'; end $$"))

    @router.get("/headers")
    async def headers() -> None:
        raise Problem("wait", headers={"Retry-After": "7"}, extra={"more": 1})

    return router


@pytest_asyncio.fixture
async def app(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    """A service with some routes, whose identity provider is simulated."""
    platform = bench.platform.model_copy(update={"oidc_issuer": ISSUER})
    tools = Tools(bench.settings.model_copy(update={"platform": platform}))
    public = RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "k1", "use": "sig", "alg": "RS256"}
    asked: list[str] = []

    def issuer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(200, json={"jwks_uri": f"{ISSUER}/keys"})
        return httpx.Response(200, json={"keys": [public]})

    real = httpx.AsyncClient
    simulated = {"transport": httpx.MockTransport(issuer)}
    monkeypatch.setattr("shared.issuer.httpx.AsyncClient", lambda **given: real(**(simulated | given)))
    app = application(tools, frozenset({Role.HTTP}), Parts(routers=[routes()]))
    app.state.asked = asked
    async with app.router.lifespan_context(app):
        yield app


@pytest_asyncio.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test/notifications/api/v1") as client:
        yield client


async def ask(client: httpx.AsyncClient, bearer: str | None) -> httpx.Response:
    return await client.get("/staff", headers={"Authorization": f"Bearer {bearer}"} if bearer is not None else {})


async def test_a_valid_token_with_the_role_is_let_in(client: httpx.AsyncClient) -> None:
    answer = await ask(client, token())
    assert answer.status_code == 200
    assert answer.json() == {"subject": "clerk", "roles": ["notifications:staff"], "name": "", "stations": []}


@pytest.mark.parametrize(
    "bearer",
    [
        None,
        "",
        "x.y.z",
        token(exp=time.time() - 1),
        token(exp=None),
        token(aud="somebody-else"),
        token(iss="http://evil.test"),
        token(aud=None),
        token(iss=None),
        token(sub=None),
        token(key=STRANGER),
        token(key=STRANGER, kid="k2"),
        token(roles="notifications:staff", exp=time.time() - 5),
        jwt.encode({"iss": ISSUER, "aud": "nahbar", "sub": "x", "exp": time.time() + 3600}, "", algorithm="none"),
        jwt.encode({"iss": ISSUER, "aud": "nahbar", "sub": "x", "exp": 9**10}, "k" * 32, headers={"kid": "k1"}),
    ],
)
async def test_any_other_token_is_refused(client: httpx.AsyncClient, bearer: str | None) -> None:
    answer = await ask(client, bearer)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_without_the_role_is_forbidden(client: httpx.AsyncClient) -> None:
    assert (await ask(client, token(roles=["appointments:staff"]))).status_code == 403
    assert (await ask(client, token(roles=[]))).status_code == 403


async def test_made_up_key_ids_cause_no_traffic_to_the_issuer(app: FastAPI, client: httpx.AsyncClient) -> None:
    await ask(client, token())
    await asyncio.gather(*[ask(client, token(kid=f"made-up-{n}")) for n in range(20)])
    assert len(app.state.asked) == 2


async def test_a_request_sent_twice_has_one_effect(bench: Bench, client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "the-same-key"}
    answers = await asyncio.gather(*[client.post("/things", json={"name": "a"}, headers=headers) for _ in range(6)])
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json() for answer in answers}) == 1
    assert await bench.effects() == {"a": 1}
    other = await client.post("/things", json={"name": "b"}, headers=headers)
    assert other.status_code == 422
    assert other.json()["type"] == "urn:nahbar:problem:idempotency-key-reused"


async def test_a_refused_request_leaves_its_key_free_and_no_effect(bench: Bench, client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "another-key"}
    refused = await client.post("/things", json={"name": "refused"}, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"field": "name", "message": "Choose another name."}]
    assert (await client.post("/things", json={"name": "a"}, headers=headers)).status_code == 200
    assert await bench.effects() == {"a": 1}


@pytest.mark.parametrize("key", ["short", "x" * 256, "with space in it"])
async def test_unusable_idempotency_keys_are_named(client: httpx.AsyncClient, key: str) -> None:
    answer = await client.post("/things", json={"name": "a"}, headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


async def test_what_is_no_json_is_said_of_the_body(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things", content=b'{"name":', headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, MEDIA_TYPE)
    assert answer.json()["errors"][0]["field"] == "body"


async def test_our_fault_is_said_without_details(client: httpx.AsyncClient) -> None:
    assert isinstance(client._transport, httpx.ASGITransport)
    client._transport.raise_app_exceptions = True  # the server, too, would log what comes out of the application
    answer = await client.get("/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "anna" not in answer.text


async def test_what_will_pass_asks_to_come_again(client: httpx.AsyncClient) -> None:
    assert isinstance(client._transport, httpx.ASGITransport)
    client._transport.raise_app_exceptions = True
    answer = await client.get("/deadlock")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"


async def test_a_problem_may_carry_headers_and_further_members(client: httpx.AsyncClient) -> None:
    answer = await client.get("/headers")
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["more"] == 1


async def test_a_request_too_large_is_refused_before_it_is_held(bench: Bench, client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'{"name": "'
        while True:
            sent.append(1)
            yield b"a" * 10_000

    sent: list[int] = []
    answer = await client.post("/things", content=endless(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, MEDIA_TYPE)
    assert len(sent) < 10
    assert (await client.post("/things", json={"name": "a" * 60_000})).status_code == 200


async def test_a_request_of_more_than_anybody_needs_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    for commas, status in ((MOST_VALUES, 200), (MOST_VALUES + 1, 413)):
        assert (await client.post("/things", json={"name": "," * commas})).status_code == status
    short, long = await client.get(f"/headers?{'a' * LARGEST_QUERY}"), await client.get(f"/headers?{'a&' * 2049}")
    assert (short.status_code == 414, long.status_code) == (False, 414)
    assert (await client.get(f"/headers/{'a' * LARGEST_QUERY}")).status_code == 414
    many = await client.get("/headers", headers={"Cookie": "a" * LARGEST_HEADERS})
    assert many.status_code == 431
    assert {answer.headers["content-type"] for answer in (long, many)} == {MEDIA_TYPE}


def test_no_more_mistakes_are_named_than_anybody_reads() -> None:
    mistakes = [{"type": "missing", "loc": ("body", str(number)), "msg": "Field required"} for number in range(900)]
    problem = as_problem(RequestValidationError(mistakes))
    assert isinstance(problem, InvalidInput)
    assert len(problem.errors) == MOST_FIELD_ERRORS


async def test_methods_that_do_not_exist_are_problems_too(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/staff")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("dependency", [current_tools, current_act, transaction, _visit])
def test_dependencies_do_not_leave_the_event_loop(dependency: Any) -> None:
    """FastAPI runs plain functions in threads, which costs more than asking the database."""
    assert iscoroutinefunction(dependency) or isasyncgenfunction(dependency)
