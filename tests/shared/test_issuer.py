"""The issuer's keys: fetched once for many, looked up again when one is new, and never asked for without end."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared import issuer
from shared.issuer import Issuer
from shared.problems import Unavailable

URL = "https://issuer.example"
DISCOVERY = {"jwks_uri": f"{URL}/keys", "authorization_endpoint": f"{URL}/authorize"}


def key(kid: str) -> dict[str, Any]:
    public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate().public_key()))
    return {**public, "kid": kid, "alg": "EdDSA"}


class Answers:
    """What the issuer answers, which tests change, and what it was asked."""

    def __init__(self) -> None:
        self.discovery: Callable[[], httpx.Response] = lambda: httpx.Response(200, json=DISCOVERY)
        self.keys: Callable[[], httpx.Response] = lambda: httpx.Response(200, json={"keys": [key("one")]})
        self.asked: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        await asyncio.sleep(0.01)
        return self.keys() if request.url.path == "/keys" else self.discovery()


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    made, real = Answers(), httpx.AsyncClient
    simulated = {"transport": httpx.MockTransport(made)}
    monkeypatch.setattr("shared.issuer.httpx.AsyncClient", lambda **given: real(**(given | simulated)))
    return made


def lost() -> httpx.Response:
    raise httpx.ReadTimeout("too late")


async def test_many_that_come_at_once_wait_for_one_look_that_has_an_end(answers: Answers) -> None:
    city = Issuer(URL)
    found = await asyncio.gather(*[city.key("one") for _ in range(5)])
    assert {each.key_id for each in found} == {"one"}
    assert await city.metadata() == DISCOVERY
    assert [request.url.path for request in answers.asked] == ["/.well-known/openid-configuration", "/keys"]
    assert all(limit for request in answers.asked for limit in request.extensions["timeout"].values())


async def test_an_issuer_that_is_away_is_not_asked_again_at_once(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers.discovery = lost
    city = Issuer(URL)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await city.key("one")
    assert len(answers.asked) == 1
    answers.discovery = lambda: httpx.Response(200, json=DISCOVERY)
    monkeypatch.setattr(issuer, "REFETCH", 0)
    assert (await city.key("one")).key_id == "one"


async def test_a_new_key_is_found_and_one_that_was_taken_back_is_nobodys(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = Issuer(URL)
    await city.key("one")
    answers.keys = lambda: httpx.Response(200, json={"keys": [key("two")]})
    with pytest.raises(jwt.InvalidTokenError):
        await city.key("two")
    monkeypatch.setattr(issuer, "REFETCH", 0)
    assert (await city.key("two")).key_id == "two"
    with pytest.raises(jwt.InvalidTokenError):
        await city.key("one")


@pytest.mark.parametrize(
    ("discovery", "keys"),
    [
        (httpx.Response(500), None),
        (httpx.Response(200, text="<html>"), None),
        (httpx.Response(200, json=[]), None),
        (httpx.Response(200, json={}), None),
        (httpx.Response(200, json={"jwks_uri": 5}), None),
        (httpx.Response(200, json={"jwks_uri": "http://[::1"}), None),
        (None, httpx.Response(404)),
        (None, httpx.Response(200, json=None)),
        (None, httpx.Response(200, json={"keys": []})),
        (None, httpx.Response(200, json={"keys": [{"kty": "RSA"}]})),
    ],
)
async def test_an_issuer_that_answers_nonsense_is_away(
    answers: Answers, discovery: httpx.Response | None, keys: httpx.Response | None
) -> None:
    if discovery is not None:
        answers.discovery = lambda: discovery
    if keys is not None:
        answers.keys = lambda: keys
    with pytest.raises(Unavailable):
        await Issuer(URL).key("one")
