"""A small OIDC issuer for the laptop stack's staff: discovery, keys, tokens by client credentials (RFC 6749 4.4)."""

import os
import secrets
import time
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import APIRouter, Depends, Form
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from jwt.algorithms import RSAAlgorithm

STAFF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "schalter": ("appointments:staff",),
        "mitteilungen": ("notifications:staff",),
        "leitstelle": ("appointments:staff", "appointments:lead", "notifications:staff", "platform:operator"),
    }
)
"""The demo's staff and their roles."""

LIFETIME = 3600
"""Seconds a token is valid."""


def create_issuer(folder: Path, url: str, audience: str, secret: str) -> APIRouter:
    """The issuer's routes.

    Args:
        folder: keeps the signing key, so that tokens stay valid over a restart.
        url: the issuer's own address, the `iss` of its tokens.
        audience: whom tokens are made for.
        secret: the client secret of every member of the staff.
    """
    key = _key(folder / "issuer.pem")
    public = {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "use": "sig", "alg": "RS256"}
    public["kid"] = sha256(public["n"].encode()).hexdigest()[:16]
    router = APIRouter()

    @router.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, Any]:
        return {
            "issuer": url,
            "jwks_uri": f"{url}/jwks.json",
            "token_endpoint": f"{url}/token",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    @router.get("/jwks.json")
    def keys() -> dict[str, Any]:
        return {"keys": [public]}

    @router.post("/token", response_model=None)
    def token(
        grant_type: Annotated[str, Form()],
        basic: Annotated[HTTPBasicCredentials | None, Depends(HTTPBasic(auto_error=False))],
        client_id: Annotated[str, Form()] = "",
        client_secret: Annotated[str, Form()] = "",
    ) -> dict[str, Any] | JSONResponse:
        if grant_type != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        name, given = (basic.username, basic.password) if basic else (client_id, client_secret)
        if name not in STAFF or not compare_digest(given.encode(), secret.encode()):
            return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
        now = int(time.time())
        claims = {
            "iss": url,
            "aud": audience,
            "sub": name,
            "client_id": name,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": secrets.token_hex(8),
            "roles": list(STAFF[name]),
        }
        access_token = jwt.encode(claims, key, "RS256", {"kid": public["kid"], "typ": "at+jwt"})
        return {"access_token": access_token, "token_type": "Bearer", "expires_in": LIFETIME}

    return router


def _key(file: Path) -> rsa.RSAPrivateKey:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        draft = file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_bytes(pem)
        os.replace(draft, file)
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key
