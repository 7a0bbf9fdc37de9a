"""Access of staff and machines: OIDC access tokens with roles per service."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import httpx
import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from shared.problems import Forbidden, Unauthorised, Unavailable

REFETCH = 10.0
"""Seconds between two looks at the issuer's keys, so that made-up key ids cause no traffic."""

ALGORITHMS = ["RS256", "ES256", "EdDSA"]


class Caller(BaseModel):
    """Who calls: the token's subject and its roles, such as `appointments:staff`."""

    subject: str
    roles: frozenset[str]


class TokenCheck:
    """Checks access tokens (RFC 9068) against the keys the issuer publishes; keys are fetched when first needed.

    Args:
        issuer: the issuer's URL; its discovery document names the keys (OpenID Connect Discovery 1.0).
        audience: what the token must be made for.
    """

    def __init__(self, issuer: str, audience: str) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = -REFETCH
        self._fetching = asyncio.Lock()

    async def check(self, token: str) -> Caller:
        """The caller a token speaks for.

        Raises:
            Unauthorised: malformed, expired, made by or for somebody else.
            Unavailable: the issuer's keys cannot be fetched.
        """
        try:
            key = await self._key(str(jwt.get_unverified_header(token).get("kid", "")))
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                options={"require": ["exp", "sub", "iss", "aud"]},
            )
            return Caller(subject=claims["sub"], roles=frozenset(claims.get("roles", [])))
        except (jwt.InvalidTokenError, ValueError) as error:
            raise Unauthorised(headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}) from error

    async def _key(self, kid: str) -> jwt.PyJWK:
        if kid not in self._keys:
            async with self._fetching:
                if kid not in self._keys and time.monotonic() - self._fetched_at >= REFETCH:
                    self._fetched_at = time.monotonic()
                    self._keys = await self._fetch()
        if kid not in self._keys:
            raise jwt.InvalidTokenError("unknown key")
        return self._keys[kid]

    async def _fetch(self) -> dict[str, jwt.PyJWK]:
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                discovery = await client.get(f"{self._issuer}/.well-known/openid-configuration")
                keys = await client.get(discovery.raise_for_status().json()["jwks_uri"])
                return {str(key.key_id): key for key in jwt.PyJWKSet.from_dict(keys.raise_for_status().json()).keys}
        except (httpx.HTTPError, KeyError) as error:
            raise Unavailable("The identity provider does not answer.", headers={"Retry-After": "5"}) from error


_bearer = HTTPBearer(auto_error=False, description="Access token of the city's identity provider")


def require_role(role: str) -> Callable[..., Coroutine[Any, Any, Caller]]:
    """FastAPI dependency: the caller, who must have the role.

    Raises:
        Unauthorised: no valid token.
        Forbidden: a valid token without the role.
    """

    async def caller(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Caller:
        if credentials is None:
            raise Unauthorised(headers={"WWW-Authenticate": "Bearer"})
        found = await request.app.state.service.tokens.check(credentials.credentials)
        if role not in found.roles:
            raise Forbidden
        return Caller.model_validate(found)

    return caller
