"""Sessions of staff: an encrypted, signed cookie; the server keeps nothing."""

import secrets
import time
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from typing import Final, TypeVar

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response

from shared.auth import Caller
from shared.web.i18n import LANGUAGES

LIFETIME: Final = 8 * 3600
"""Seconds after which somebody has to sign in again, however busy they were."""
SIGN_IN_TIME: Final = 600
"""Seconds a sign-in may take from its start to its end."""
SESSION: Final = "session"
STARTED: Final = "started"


class Session(Caller):
    """A caller that is signed in, `until` when (seconds of the Unix clock), and what each of their forms must carry."""

    until: float = Field(default_factory=lambda: time.time() + LIFETIME)
    form_token: str = Field(default_factory=lambda: secrets.token_urlsafe(18))

    def allows(self, form_token: str) -> bool:
        """Whether a form was made for this session."""
        return secrets.compare_digest(form_token.encode(), self.form_token.encode())


class Started(BaseModel):
    """A sign-in that has begun: what the issuer's answer must fit, and the page to go on to."""

    model_config = ConfigDict(frozen=True)

    to: str
    until: float = Field(default_factory=lambda: time.time() + SIGN_IN_TIME)
    state: str = Field(default_factory=lambda: secrets.token_urlsafe(24))
    nonce: str = Field(default_factory=lambda: secrets.token_urlsafe(24))
    verifier: str = Field(default_factory=lambda: secrets.token_urlsafe(48))


M = TypeVar("M", Session, Started)


class Sessions:
    """Writes and reads the cookies of a service's staff pages; no page for citizens ever gets them.

    Args:
        service: whose pages; the cookies are sent to paths under `/<service>/staff` alone.
        secret: base64, 32 bytes; another one ends all sessions.
        secure: whether the cookies may only travel by https.
    """

    def __init__(self, service: str, secret: SecretStr, secure: bool) -> None:
        self._service = service
        self._box = SecretBox(b64decode(secret.get_secret_value()))
        self._secure = secure

    def of(self, request: Request) -> Session | None:
        """The session of a request; None when there is none, it is over, or somebody changed it."""
        return self._read(request, SESSION, Session)

    def started(self, request: Request) -> Started | None:
        """The sign-in a request ends."""
        return self._read(request, STARTED, Started)

    def begin(self, response: Response, session: Session) -> None:
        """Sign somebody in."""
        for path in self._paths():
            self._write(response, SESSION, session, LIFETIME, path)
        self._clear(response, STARTED, self._sign_in_path)

    def start(self, response: Response, started: Started) -> None:
        """Remember a sign-in until the issuer has answered."""
        self._write(response, STARTED, started, SIGN_IN_TIME, self._sign_in_path)

    def end(self, response: Response) -> None:
        """Sign out."""
        for path in self._paths():
            self._clear(response, SESSION, path)

    def seal(self, kind: str, value: Session | Started) -> str:
        """The text of a cookie. The kind goes inside, so that no cookie can stand in for the other."""
        content = kind.encode() + b"\0" + value.model_dump_json().encode()
        return urlsafe_b64encode(self._box.encrypt(content)).decode()

    def _read(self, request: Request, kind: str, model: type[M]) -> M | None:
        try:
            content = self._box.decrypt(urlsafe_b64decode(request.cookies.get(_name(kind), "")))
            found, _, value = content.partition(b"\0")
            read = model.model_validate_json(value)
        except (ValueError, CryptoError):
            return None
        return read if found == kind.encode() and time.time() < read.until else None

    def _write(self, response: Response, kind: str, value: Session | Started, seconds: int, path: str) -> None:
        response.set_cookie(
            _name(kind), self.seal(kind, value), seconds, path=path, secure=self._secure, httponly=True, samesite="lax"
        )

    def _clear(self, response: Response, kind: str, path: str) -> None:
        response.delete_cookie(_name(kind), path, secure=self._secure, httponly=True, samesite="lax")

    def _paths(self) -> list[str]:
        return [f"{each.prefix}/{self._service}/staff" for each in LANGUAGES]

    @property
    def _sign_in_path(self) -> str:
        return f"/{self._service}/staff/signed-in"


def session_text(request: Request) -> str:
    """The session of a request as its cookie says it, unread; empty where there is none."""
    return request.cookies.get(_name(SESSION), "")


def _name(kind: str) -> str:
    return f"nahbar-staff-{kind}"
