"""A small OIDC issuer for the laptop stack's staff: discovery, keys, and tokens for codes and client credentials."""

import os
import secrets
import time
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Annotated, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import APIRouter, Depends, Form
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from jwt.algorithms import RSAAlgorithm

from deploy.local.far_ends.sign_in import Grant, create_sign_in
from deploy.local.far_ends.staff import STAFF, claims_of

LIFETIME = 3600
"""Seconds a token is valid."""


def create_issuer(folder: Path, url: str, audience: str, secret: str, browser_url: str = "") -> APIRouter:
    """The issuer's routes.

    Args:
        folder: keeps the signing key, so that tokens stay valid over a restart.
        url: the issuer's own address, the `iss` of its tokens.
        audience: the service tokens are made for.
        secret: the client secret of every member of the staff, and of pages that let them sign in.
        browser_url: its address as browsers reach it, where that is another one.
    """
    key = _key(folder / "issuer.pem")
    public = {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "use": "sig", "alg": "RS256"}
    public["kid"] = sha256(public["n"].encode()).hexdigest()[:16]
    grants: dict[str, Grant] = {}
    router = create_sign_in(url, grants)

    @router.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, Any]:
        return {
            "issuer": url,
            "jwks_uri": f"{url}/jwks.json",
            "authorization_endpoint": f"{browser_url or url}/authorize",
            "token_endpoint": f"{url}/token",
            "end_session_endpoint": f"{browser_url or url}/sign-out",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "subject_types_supported": ["public"],
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
        code: Annotated[str, Form()] = "",
        redirect_uri: Annotated[str, Form()] = "",
        code_verifier: Annotated[str, Form()] = "",
    ) -> dict[str, Any] | JSONResponse:
        client, given = (basic.username, basic.password) if basic else (client_id, client_secret)
        known = compare_digest(given.encode(), secret.encode())
        if grant_type == "client_credentials":
            return tokens(client) if known and client in STAFF else _refusal("invalid_client")
        if grant_type == "authorization_code":
            grant = grants.pop(code, None)
            if not known:
                return _refusal("invalid_client")
            if grant is None or not grant.fits(client, redirect_uri, code_verifier):
                return _refusal("invalid_grant")
            return tokens(grant.member, client) | {"id_token": id_token(grant)}
        return _refusal("unsupported_grant_type")

    def tokens(subject: str, client: str | None = None) -> dict[str, Any]:
        claims = {"aud": audience, "client_id": client or subject, "jti": secrets.token_hex(8)}
        access_token = signed("at+jwt", subject, claims | claims_of(STAFF[subject]))
        return {"access_token": access_token, "token_type": "Bearer", "expires_in": LIFETIME}

    def id_token(grant: Grant) -> str:
        claims = {"aud": grant.asked.client_id, "nonce": grant.asked.nonce, "name": STAFF[grant.member].name}
        return signed("JWT", grant.member, claims)

    def signed(kind: str, subject: str, claims: dict[str, Any]) -> str:
        now = int(time.time())
        claims = {"iss": url, "sub": subject, "iat": now, "exp": now + LIFETIME} | claims
        return jwt.encode(claims, key, "RS256", {"kid": public["kid"], "typ": kind})

    return router


def _refusal(error: str) -> JSONResponse:
    if error == "invalid_client":
        return JSONResponse({"error": error}, 401, {"WWW-Authenticate": "Basic"})
    return JSONResponse({"error": error}, 400)


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
