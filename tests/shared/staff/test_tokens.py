"""What the issuer hands out must be for these pages, for this sign-in, and of one person; what it says else is told."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr

from shared.auth import TokenCheck
from shared.problems import Problem, Unavailable
from shared.web.staff.session import LIFETIME, SIGN_IN_TIME, Started
from shared.web.staff.sign_in import SignIn, SignInFailed
from tests.shared.staff.kit import somebody
from tests.shared.tokens import AUDIENCE, GOOD, ISSUER, signed

CLIENT = "nahbar-pages"
STARTED = Started(to="/")
IDENTITY = {"iss": ISSUER, "aud": CLIENT, "sub": "ruth", "exp": 4_000_000_000, "nonce": STARTED.nonce, "name": "Ruth"}
ANSWER = {"state": STARTED.state, "code": "c/d"}

Answers = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def sign_in(check: TokenCheck) -> SignIn:
    check.issuer._metadata["token_endpoint"] = f"{ISSUER}/token"
    return SignIn(check, CLIENT, SecretStr("se cret"), "https://city.example/back")


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answers], list[httpx.Request]]:
    """Lets the issuer answer; gives the requests it got."""
    real = httpx.AsyncClient

    def answer(answers: Answers) -> list[httpx.Request]:
        asked: list[httpx.Request] = []

        def noted(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            return answers(request)

        simulated = {"transport": httpx.MockTransport(noted)}
        monkeypatch.setattr("shared.web.staff.sign_in.httpx.AsyncClient", lambda **given: real(**(given | simulated)))
        return asked

    return answer


def granting(identity: dict[str, Any], access: dict[str, Any], **header: Any) -> Answers:
    tokens = {"id_token": signed(IDENTITY | identity, **header), "access_token": signed(GOOD | access)}
    return lambda _: httpx.Response(200, json=tokens)


async def test_the_code_is_redeemed_by_this_client_with_the_verifier_and_in_bounded_time(
    sign_in: SignIn, answering: Any
) -> None:
    asked = answering(granting({}, {"stations": ["mitte"]}))
    session = await sign_in.session(STARTED, ANSWER)
    assert (session.subject, session.name, session.stations) == ("ruth", "Ruth", frozenset({"mitte"}))
    [request] = asked
    assert httpx.BasicAuth(CLIENT, "se%20cret")._auth_header == request.headers["authorization"]
    sent = httpx.QueryParams(request.content.decode())
    assert (sent["code"], sent["code_verifier"]) == (ANSWER["code"], STARTED.verifier)
    assert all(request.extensions["timeout"].values())


@pytest.mark.parametrize(
    ("identity", "access"),
    [
        ({"aud": AUDIENCE}, {}),
        ({"aud": "another"}, {}),
        ({"iss": "https://evil.example"}, {}),
        ({"exp": 1}, {}),
        ({"nonce": "another"}, {}),
        ({"nonce": None}, {}),
        ({"sub": "another"}, {}),
        ({}, {"sub": "another"}),
        ({}, {"aud": CLIENT}),
        ({}, {"exp": 1}),
        ({}, {"roles": 5}),
    ],
    ids=str,
)
async def test_tokens_that_do_not_fit_open_nothing(
    sign_in: SignIn, answering: Any, identity: dict[str, Any], access: dict[str, Any]
) -> None:
    answering(granting(identity, access))
    with pytest.raises(SignInFailed):
        await sign_in.session(STARTED, ANSWER)


async def test_an_identity_that_a_stranger_signed_opens_nothing(
    sign_in: SignIn, answering: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = signed(GOOD)
    monkeypatch.setattr("tests.shared.tokens.PRIVATE", Ed25519PrivateKey.generate())
    answering(lambda _: httpx.Response(200, json={"id_token": signed(IDENTITY), "access_token": access}))
    with pytest.raises(SignInFailed):
        await sign_in.session(STARTED, ANSWER)


@pytest.mark.parametrize("name", [None, "", 5, ["Ruth"], {}])
async def test_who_has_no_name_is_called_by_their_id(sign_in: SignIn, answering: Any, name: Any) -> None:
    answering(granting({"name": name}, {}))
    assert (await sign_in.session(STARTED, ANSWER)).name == "ruth"


def lost(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("too late")


@pytest.mark.parametrize(
    ("answers", "refusal"),
    [
        (lost, Unavailable),
        (lambda _: httpx.Response(503), Unavailable),
        (lambda _: httpx.Response(400, json={"error": "invalid_grant"}), SignInFailed),
        (lambda _: httpx.Response(200, text="<html>"), SignInFailed),
        (lambda _: httpx.Response(200, json={"id_token": "x"}), SignInFailed),
        (lambda _: httpx.Response(200, json={"id_token": None, "access_token": 5}), SignInFailed),
    ],
)
async def test_an_issuer_that_is_away_is_told_from_one_that_refuses(
    sign_in: SignIn, answering: Any, answers: Answers, refusal: type[Problem]
) -> None:
    answering(answers)
    with pytest.raises(refusal):
        await sign_in.session(STARTED, ANSWER)


def test_a_session_ends_after_a_working_day_and_a_sign_in_soon_whatever_the_browser_keeps() -> None:
    assert somebody().until <= time.time() + LIFETIME
    assert Started(to="/").until <= time.time() + SIGN_IN_TIME
