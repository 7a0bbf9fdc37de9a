"""Access tokens: whatever is in a signed token, it names a caller or is refused."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.auth import Caller, TokenCheck, verified
from shared.problems import Forbidden, NotFound, Unauthorised
from tests.shared.tokens import AUDIENCE, GOOD, ISSUER, signed

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
claim = st.sampled_from([*GOOD, "name", "stations", "nbf", "iat", "jti"])


async def caller_of(check: TokenCheck, token: str) -> Caller | None:
    try:
        return await check.check(token)
    except Unauthorised:
        return None


async def test_claims_name_the_caller(check: TokenCheck) -> None:
    found = await check.check(signed({**GOOD, "stations": "mitte", "name": None}))
    assert found == Caller(subject="ruth", roles=frozenset(["appointments:staff"]), stations=frozenset(["mitte"]))


@pytest.mark.parametrize(
    "claims",
    [
        {"roles": 5},
        {"roles": {"appointments:staff": 1}},
        {"roles": [5]},
        {"roles": None},
        {"stations": 7},
        {"stations": [["mitte"]]},
        {"stations": True},
        {"name": 5},
        {"sub": 5},
        {"sub": None},
        {"sub": "\ud800"},
        {"name": "Ruth\x00"},
        {"exp": "tomorrow"},
        {"exp": [4_000_000_000]},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": -(10**400)},
        {"exp": 1},
        {"nbf": "now"},
        {"nbf": {}},
        {"nbf": float("inf")},
        {"nbf": 4_000_000_000},
        {"iat": "x"},
        {"iat": float("-inf")},
        {"aud": 5},
        {"aud": [5]},
        {"aud": None},
        {"iss": 5},
        {"iss": [ISSUER, 5]},
        {"jti": 5},
    ],
    ids=str,
)
async def test_claims_of_other_types_are_nobodys(check: TokenCheck, claims: dict[str, Any]) -> None:
    assert await caller_of(check, signed({**GOOD, **claims})) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "..",
        "\ud800.x.y",
        "\u00e4.\u00f6.\u00fc",
        signed([1]),
        signed("ruth"),
        signed(None),
        signed(b"\xff"),
        signed(b"{"),
        signed(b"[" * 20_000 + b"]" * 20_000),
        signed(GOOD, kid="two"),
        signed(GOOD, crit=["exp"]),
    ],
    ids=lambda token: token[:10],
)
async def test_what_is_no_token_is_nobodys(check: TokenCheck, token: str) -> None:
    assert await caller_of(check, token) is None
    with pytest.raises(jwt.InvalidTokenError):
        await verified(check.issuer, token, AUDIENCE)


async def test_a_key_that_two_sides_share_signs_nothing(check: TokenCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of an algorithm that is not expected is nobody's, even where the issuer publishes a key for it."""
    secret = b"k" * 32
    key = {"kty": "oct", "k": jwt.utils.base64url_encode(secret).decode(), "kid": "shared", "alg": "HS256"}
    monkeypatch.setitem(check.issuer._keys, "shared", jwt.PyJWK.from_dict(key))
    token = jwt.encode(GOOD, secret, "HS256", {"kid": "shared"})
    assert jwt.decode(token, secret, ["HS256"], audience=AUDIENCE)
    assert await caller_of(check, token) is None


def caller(*stations: str) -> Caller:
    return Caller(subject="ruth", roles=frozenset(), stations=frozenset(stations))


@dataclass
class Matter:
    station: str


STOP = str(uuid4())


@pytest.mark.parametrize(
    ("stations", "served", "not_served"),
    [
        ([], [], ["mitte", STOP]),
        (["mitte"], ["mitte"], ["sued", STOP]),
        (["buergermobil"], [STOP], ["mitte"]),
        (["*"], ["mitte", "sued", STOP], []),
    ],
)
def test_a_caller_serves_their_own_stations_and_hears_nothing_of_others(
    stations: list[str], served: list[str], not_served: list[str]
) -> None:
    somebody = caller(*stations)
    for station in served:
        somebody.must_serve(station)
        assert somebody.own(matter := Matter(station)) is matter
    for station in not_served:
        for refused in (lambda: somebody.must_serve(station), lambda: somebody.own(Matter(station))):  # noqa: B023
            with pytest.raises(Forbidden):
                refused()
    unknown = NotFound if "*" in stations else Forbidden
    for refused in (lambda: somebody.must_serve(None), lambda: somebody.own(None)):
        with pytest.raises(unknown):
            refused()


def test_what_is_wrong_with_a_caller_is_said_without_their_name() -> None:
    with pytest.raises(ValidationError) as refused:
        Caller.model_validate({"subject": "ruth", "roles": [], "name": "Ruth Brinkmann\0"})
    assert "Brinkmann" not in str(refused.value)


@given(st.dictionaries(claim, anything, max_size=4) | anything)
async def test_any_content_names_a_caller_or_nobody(check: TokenCheck, content: Any) -> None:
    token = signed({**GOOD, **content} if isinstance(content, dict) else content)
    found = await caller_of(check, token)
    assert found is None or all(isinstance(each, str) for each in {found.subject, *found.roles, *found.stations})


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jku", "x5u"]), anything, max_size=3))
async def test_any_header_names_a_caller_or_nobody(check: TokenCheck, header: dict[str, Any]) -> None:
    plain = signed(GOOD)
    encoded = jwt.utils.base64url_encode(json.dumps(header).encode()).decode()
    assert await caller_of(check, f"{encoded}{plain[plain.index('.') :]}") is None
