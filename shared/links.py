"""Secret links: a citizen's access to one matter, without an account.

A token holds the matter's id and generation and a keyed HMAC of both. It is recomputed, never stored; raising the
generation revokes all links made before.
"""

import hmac
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from uuid import UUID

from pydantic import SecretStr

from shared.problems import NotFound

_MAC_BYTES = 16
SHAPE = r"[A-Za-z0-9_-]{46}"
"""What a token looks like: 34 bytes in URL-safe base64."""


class LinkInvalid(NotFound):
    """The token was not made here, or was changed. Trying some teaches no more than that there is nothing."""


class Links:
    """Makes and reads the tokens of secret links; `link_secret` is base64, 32 bytes."""

    def __init__(self, link_secret: SecretStr) -> None:
        self._secret = b64decode(link_secret.get_secret_value())

    def token(self, kind: str, matter: UUID, generation: int) -> str:
        """The URL-safe token (46 characters) that gives access to a matter for one kind of use."""
        content = matter.bytes + generation.to_bytes(2)
        return urlsafe_b64encode(content + self._mac(kind, content)).rstrip(b"=").decode()

    def read(self, kind: str, token: str) -> tuple[UUID, int]:
        """The matter and generation of a token; the caller compares the generation with the matter's.

        Raises:
            LinkInvalid: not a token of this kind.
        """
        try:
            raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except ValueError as error:
            raise LinkInvalid from error
        content, mac = raw[:18], raw[18:]
        if not hmac.compare_digest(mac, self._mac(kind, content)):
            raise LinkInvalid
        return UUID(bytes=content[:16]), int.from_bytes(content[16:])

    def _mac(self, kind: str, content: bytes) -> bytes:
        return hmac.new(self._secret, kind.encode() + b"\0" + content, sha256).digest()[:_MAC_BYTES]
