"""The city's identity provider: its discovery document and its keys, fetched when first needed."""

import asyncio
import time
from typing import Any

import httpx
import jwt

from shared.problems import Unavailable

REFETCH = 10.0
"""Seconds between two looks at the issuer, so that made-up key ids cause no traffic."""


class Issuer:
    """An OpenID Connect issuer (OpenID Connect Discovery 1.0).

    Args:
        url: where its discovery document lies under `/.well-known/`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._metadata: dict[str, Any] = {}
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def metadata(self) -> dict[str, Any]:
        """The discovery document: the issuer's endpoints.

        Raises:
            Unavailable: it cannot be fetched.
        """
        if not self._metadata:
            await self._refresh()
        return self._metadata

    async def key(self, kid: str) -> jwt.PyJWK:
        """The key with an id; keys are looked up again when an id is new.

        Raises:
            jwt.InvalidTokenError: the issuer has no such key.
            Unavailable: its keys cannot be fetched.
        """
        if kid not in self._keys:
            await self._refresh()
        if kid not in self._keys:
            raise jwt.InvalidTokenError("unknown key")
        return self._keys[kid]

    async def _refresh(self) -> None:
        async with self._fetching:
            if time.monotonic() - self._fetched_at >= REFETCH:
                self._fetched_at = time.monotonic()
                self._metadata, self._keys = await self._fetch()
        if not self._metadata:  # the look of a moment ago failed
            raise _away()

    async def _fetch(self) -> tuple[dict[str, Any], dict[str, jwt.PyJWK]]:
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                discovery = await client.get(f"{self.url}/.well-known/openid-configuration")
                metadata: dict[str, Any] = discovery.raise_for_status().json()
                keys = (await client.get(metadata["jwks_uri"])).raise_for_status().json()
                return metadata, {str(key.key_id): key for key in jwt.PyJWKSet.from_dict(keys).keys}
        except (httpx.HTTPError, httpx.InvalidURL, jwt.PyJWTError, LookupError, ValueError, TypeError) as error:
            raise _away() from error


def _away() -> Unavailable:
    return Unavailable("The identity provider does not answer.", headers={"Retry-After": "5"})
