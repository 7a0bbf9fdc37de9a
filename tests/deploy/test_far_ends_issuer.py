from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from fastapi import FastAPI

from deploy.local.far_ends.issuer import LIFETIME, create_issuer
from deploy.local.far_ends.staff import STAFF
from shared.auth import Caller, TokenCheck
from shared.problems import Unauthorised
from tests.deploy.far_ends import listen, port_of, web_server
from tests.shared.web.html import parse

SECRET = "a client secret"


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[str]:
    listening = listen()
    url = f"http://127.0.0.1:{port_of(listening)}/issuer"
    app = FastAPI()
    app.include_router(create_issuer(tmp_path, url, "nahbar", SECRET), prefix="/issuer")
    with web_server(app, listening):
        yield url


def token(issuer: str, name: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": name, "client_secret": SECRET}
    answer = httpx.post(f"{issuer}/token", data=form).raise_for_status().json()
    assert answer["token_type"] == "Bearer"
    return str(answer["access_token"])


@pytest.mark.parametrize("name", STAFF)
async def test_the_platform_accepts_the_tokens(issuer: str, name: str) -> None:
    caller = await TokenCheck(issuer, "nahbar").check(token(issuer, name))
    member = STAFF[name]
    assert caller == Caller(
        subject=name, roles=frozenset(member.roles), name=member.name, stations=frozenset(member.stations)
    )


async def test_tokens_are_made_for_one_audience(issuer: str) -> None:
    with pytest.raises(Unauthorised):
        await TokenCheck(issuer, "somebody else").check(token(issuer, "schalter"))


def test_tokens_verify_against_the_published_keys(issuer: str) -> None:
    discovery = httpx.get(f"{issuer}/.well-known/openid-configuration").json()
    assert discovery["issuer"] == issuer
    signed = token(issuer, "leitstelle")
    key = jwt.PyJWKClient(discovery["jwks_uri"]).get_signing_key_from_jwt(signed)
    claims = jwt.decode(signed, key, algorithms=["RS256"], audience="nahbar", issuer=issuer)
    assert claims["exp"] - claims["iat"] == LIFETIME
    assert "platform:operator" in claims["roles"]


def test_the_secret_may_come_as_basic_authentication(issuer: str) -> None:
    auth = httpx.BasicAuth("schalter", SECRET)
    answer = httpx.post(f"{issuer}/token", data={"grant_type": "client_credentials"}, auth=auth)
    assert answer.json()["expires_in"] == LIFETIME


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "client_credentials", "client_id": "schalter", "client_secret": "x"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "x", "client_secret": SECRET}, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "password", "client_id": "schalter"}, 400, "unsupported_grant_type"),
    ],
)
def test_others_get_no_token(issuer: str, form: dict[str, str], status: int, error: str) -> None:
    answer = httpx.post(f"{issuer}/token", data=form)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


async def test_the_key_stays(tmp_path: Path) -> None:
    async def keys() -> object:
        app = FastAPI()
        app.include_router(create_issuer(tmp_path, "http://issuer.example", "nahbar", SECRET))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://issuer.example") as client:
            return (await client.get("/jwks.json")).json()

    assert await keys() == await keys()
    assert (tmp_path / "issuer.pem").stat().st_mode & 0o077 == 0


ASKED = {
    "response_type": "code",
    "client_id": "nahbar-pages",
    "redirect_uri": "http://127.0.0.1:8000/appointments/staff/signed-in",
    "scope": "openid profile",
    "state": "s",
    "nonce": "n",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}
"""A request with the challenge of RFC 7636, appendix B."""
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def test_the_page_names_all_staff(issuer: str) -> None:
    page = httpx.get(f"{issuer}/authorize", params=ASKED)
    assert page.status_code == 200
    parse(page.text)
    for member in STAFF.values():
        assert member.name in page.text


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "https://evil.example/"},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
        {"scope": "profile"},
    ],
)
def test_only_a_code_flow_with_pkce_that_leads_back_is_taken(issuer: str, change: dict[str, str]) -> None:
    assert httpx.get(f"{issuer}/authorize", params=ASKED | change).status_code == 400
    assert httpx.post(f"{issuer}/authorize", data=ASKED | {"member": "leitung"} | change).status_code == 400


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_verifier": f"{VERIFIER}x"}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:8000/notifications/staff/signed-in"}, "invalid_grant"),
        ({"client_id": "another"}, "invalid_grant"),
        ({"code": "made up"}, "invalid_grant"),
        ({"client_secret": "x"}, "invalid_client"),
    ],
)
def test_a_code_is_redeemed_by_whoever_asked_for_it_alone(issuer: str, change: dict[str, str], error: str) -> None:
    def redeem(**change: str) -> httpx.Response:
        chosen = httpx.post(f"{issuer}/authorize", data=ASKED | {"member": "leitung"})
        code = parse_qs(urlsplit(chosen.headers["location"]).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": ASKED["redirect_uri"]}
        form |= {"client_id": "nahbar-pages", "client_secret": SECRET, "code_verifier": VERIFIER}
        return httpx.post(f"{issuer}/token", data=form | change)

    assert {"access_token", "id_token"} < redeem().json().keys()
    assert redeem(**change).json() == {"error": error}


def test_nobody_signs_in_who_does_not_work_here(issuer: str) -> None:
    assert httpx.post(f"{issuer}/authorize", data=ASKED | {"member": "nobody"}).status_code == 400
    leading = {"post_logout_redirect_uri": "https://evil.example"}
    assert httpx.get(f"{issuer}/sign-out", params=leading).status_code == 400
