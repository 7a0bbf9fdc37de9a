"""Envelope senders: where reports about a mail go, so that they say which message they are about."""

import hashlib
import hmac
import re
from base64 import b64decode
from uuid import UUID

from pydantic import SecretStr

from shared.addresses import ascii_domain, normal_address

_LOCAL_PART = re.compile(r"bounce\+([0-9a-f]{32})\.([0-9a-f]{20})")


class Verp:
    """Envelope senders that name the message they were used for (variable envelope return path), and cannot be guessed.

    Args:
        secret: base64, 32 bytes.
        domain: where reports come in.
    """

    def __init__(self, secret: SecretStr, domain: str) -> None:
        self._secret = b64decode(secret.get_secret_value())
        self._domain = ascii_domain(domain)

    def address(self, message: UUID) -> str:
        """The envelope sender of a message."""
        return f"bounce+{message.hex}.{self._mac(message)}@{self._domain}"

    def read(self, address: str) -> UUID | None:
        """The message an address was made for; None for any other address. Case does not matter."""
        local, _, domain = normal_address(address.strip("<>")).rpartition("@")
        found = _LOCAL_PART.fullmatch(local)
        if domain != self._domain or not found:
            return None
        message = UUID(hex=found[1])
        return message if hmac.compare_digest(found[2], self._mac(message)) else None

    def _mac(self, message: UUID) -> str:
        return hmac.new(self._secret, b"verp\0" + message.bytes, hashlib.sha256).hexdigest()[:20]
