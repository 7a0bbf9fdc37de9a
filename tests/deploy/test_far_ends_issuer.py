from collections.abc import Iterator
from pathlib import Path

import httpx
import jwt
import pytest
from fastapi import FastAPI

from deploy.local.far_ends.issuer import LIFETIME, STAFF, create_issuer
from shared.auth import TokenCheck
from shared.problems import Unauthorised
from tests.deploy.far_ends import listen, port_of, web_server

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
    assert (caller.subject, caller.roles) == (name, frozenset(STAFF[name]))


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
