"""Access of staff and machines: OIDC access tokens with roles per service, and the stations they are for."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Protocol, TypeVar

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AfterValidator, BaseModel, ConfigDict

from shared.issuer import Issuer
from shared.numbers import is_id
from shared.problems import Forbidden, NotFound, Unauthorised

ALGORITHMS = ["RS256", "ES256", "EdDSA"]
EVERY_STATION = "*"
EVERY_STOP = "buergermobil"


def _storable(text: str) -> str:
    text.encode()
    if "\0" in text:
        raise ValueError("A text with NUL cannot be stored.")
    return text


Storable = Annotated[str, AfterValidator(_storable)]
"""A text the database and pages can take: UTF-8, without NUL."""


class AtStation(Protocol):
    """A matter of one station."""

    @property
    def station(self) -> str:
        """The key of the station."""


M = TypeVar("M", bound=AtStation)


class Caller(BaseModel):
    """The caller: the token's subject, its roles, such as `appointments:staff`, and the keys of its stations.

    Without the claim `stations` a caller serves none; `*` serves all, `buergermobil` all stops of the Bürgermobil.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    subject: Storable
    roles: frozenset[str]
    name: Storable = ""
    stations: frozenset[str] = frozenset()

    def serves(self, station: str) -> bool:
        """Whether a station, or the stop of an id, is one of the caller's."""
        return EVERY_STATION in self.stations or (EVERY_STOP if is_id(station) else station) in self.stations

    def must_serve(self, station: str | None) -> None:
        """Refuse a caller of another station, before anything else is looked at.

        Args:
            station: where the matter is; None where there is no such matter. What others have and what is not there are
                refused alike, so that nobody learns of other stations which matters they have.

        Raises:
            Forbidden: it is not at one of the caller's stations.
            NotFound: it is nowhere; only a caller of every station hears so.
        """
        if station is None and EVERY_STATION in self.stations:
            raise NotFound
        if station is None or not self.serves(station):
            raise Forbidden

    def own(self, matter: M | None) -> M:
        """A matter that was looked for, as far as it is at one of the caller's stations.

        Raises:
            Forbidden, NotFound: as `must_serve`.
        """
        if matter is not None:
            self.must_serve(matter.station)
            return matter
        self.must_serve(None)
        raise NotFound


class TokenCheck:
    """Checks access tokens (RFC 9068) against the keys the issuer publishes.

    Args:
        issuer: the issuer's URL.
        audience: what the token must be made for.
    """

    def __init__(self, issuer: str, audience: str) -> None:
        self.issuer = Issuer(issuer)
        self._audience = audience

    async def check(self, token: str) -> Caller:
        """The caller a token speaks for.

        Raises:
            Unauthorised: malformed, expired, made by or for somebody else.
            Unavailable: the issuer's keys cannot be fetched.
        """
        try:
            claims = await verified(self.issuer, token, self._audience)
            return Caller.model_validate(
                {
                    "subject": claims["sub"],
                    "roles": _listed(claims.get("roles", [])),
                    "name": claims.get("name") or "",
                    "stations": _listed(claims.get("stations", [])),
                }
            )
        except (jwt.InvalidTokenError, ValueError) as error:
            raise Unauthorised(headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}) from error


async def verified(issuer: Issuer, token: str, audience: str) -> dict[str, Any]:
    """The claims of a token the issuer signed for an audience, and that has not expired.

    Raises:
        jwt.InvalidTokenError: malformed, expired, made by or for somebody else.
        Unavailable: the issuer's keys cannot be fetched.
    """
    try:
        kid = str(jwt.get_unverified_header(token).get("kid", ""))
    except UnicodeError as error:
        raise jwt.InvalidTokenError from error
    claims: dict[str, Any] = jwt.decode(
        token,
        await issuer.key(kid),
        algorithms=ALGORITHMS,
        audience=audience,
        issuer=issuer.url,
        options={"require": ["exp", "sub"]},
    )
    return claims


def _listed(claim: object) -> object:
    return [claim] if isinstance(claim, str) else claim


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
        found = await request.app.state.tools.tokens.check(credentials.credentials)
        if role not in found.roles:
            raise Forbidden
        return Caller.model_validate(found)

    return caller
