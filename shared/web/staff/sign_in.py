"""Sign-in with the city's identity provider: OpenID Connect, authorization code flow with PKCE (RFC 7636)."""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import quote, urlencode

import httpx
import jwt
from pydantic import SecretStr

from shared.auth import TokenCheck, verified
from shared.problems import Forbidden, Unauthorised, Unavailable
from shared.web.staff.session import Session, Started


class SignInFailed(Forbidden):
    """The issuer refused, or its answer does not fit what was asked."""

    slug = "sign-in-failed"
    title = "The sign-in did not succeed"


class SignIn:
    """One client of the issuer, for the pages of one service.

    The identity (subject, name) comes from the ID token, what they may do from the access token: roles and stations
    mean the same on pages and in the API.

    Args:
        tokens: checks access tokens, and knows the issuer.
        client: the client id the issuer knows these pages by.
        secret: its client secret.
        redirect_uri: where the issuer sends people back to; registered there.
    """

    def __init__(self, tokens: TokenCheck, client: str, secret: SecretStr, redirect_uri: str) -> None:
        self._tokens = tokens
        self._issuer = tokens.issuer
        self._client = client
        self._secret = secret
        self._redirect_uri = redirect_uri

    async def address(self, started: Started) -> str:
        """Where the issuer lets people sign in, for a sign-in that begins.

        Raises:
            Unavailable: the issuer does not answer.
        """
        challenge = urlsafe_b64encode(sha256(started.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self._redirect_uri,
            "scope": "openid profile",
            "state": started.state,
            "nonce": started.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return _with((await self._issuer.metadata())["authorization_endpoint"], asked)

    async def session(self, started: Started, answer: Mapping[str, str]) -> Session:
        """The session that follows from the issuer's answer.

        Args:
            answer: the query of the address the issuer sent the browser back to.

        Raises:
            SignInFailed: refused, or not the answer to this sign-in.
            Unavailable: the issuer does not answer.
        """
        if not secrets.compare_digest(answer.get("state", "").encode(), started.state.encode()):
            raise SignInFailed
        if "code" not in answer or answer.get("iss", self._issuer.url) != self._issuer.url:
            raise SignInFailed
        id_token, access_token = await self._redeem(answer["code"], started.verifier)
        try:
            identity = await verified(self._issuer, id_token, self._client)
            caller = await self._tokens.check(access_token)
        except (jwt.InvalidTokenError, Unauthorised) as error:
            raise SignInFailed from error
        if identity.get("nonce") != started.nonce or identity["sub"] != caller.subject:
            raise SignInFailed
        names = (identity.get("name"), identity.get("preferred_username"), caller.subject)
        name = next(each for each in names if isinstance(each, str) and each)
        return Session(subject=caller.subject, name=name, roles=caller.roles, stations=caller.stations)

    async def sign_out_address(self, back: str) -> str | None:
        """Where the issuer ends its own session (OpenID Connect RP-Initiated Logout 1.0); None if it has no such place.

        No ID token goes along as a hint: it would put a name into an address.

        Args:
            back: where it may send people afterwards.
        """
        place = (await self._issuer.metadata()).get("end_session_endpoint")
        return _with(place, {"client_id": self._client, "post_logout_redirect_uri": back}) if place else None

    async def _redeem(self, code: str, verifier: str) -> tuple[str, str]:
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        auth = httpx.BasicAuth(quote(self._client, safe=""), quote(self._secret.get_secret_value(), safe=""))
        endpoint = (await self._issuer.metadata())["token_endpoint"]
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                answer = await client.post(endpoint, data=asked, auth=auth)
            if answer.is_server_error:
                raise Unavailable(headers={"Retry-After": "5"})
            granted = answer.raise_for_status().json()
            return str(granted["id_token"]), str(granted["access_token"])
        except httpx.TransportError as error:
            raise Unavailable(headers={"Retry-After": "5"}) from error
        except (httpx.HTTPStatusError, KeyError, ValueError) as error:
            raise SignInFailed from error


def _with(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
