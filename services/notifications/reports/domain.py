"""Reports: which message one is about, what it can say, and whether a receipt is genuine."""

import hashlib
import hmac
import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import SecretStr

from shared.addresses import ascii_domain, normal_address

SIGNATURE_AGE = 30
"""Seconds a signed receipt may be old (or early)."""

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


class ReportKind(StrEnum):
    """What a report by mail says."""

    FAILED = "failed"
    COMPLAINT = "complaint"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class MailReport:
    """What a mail to a bounce address says; `status` is the enhanced status code (RFC 3463) of a failure."""

    kind: ReportKind
    status: str = ""


def receipt_is_genuine(
    key: SecretStr, url: str, body: bytes, *, timestamp: str, nonce: str, signature: str, now: datetime
) -> bool:
    """Whether the SMS gateway signed a request: hex HMAC-SHA256 over timestamp, nonce, method, URL and body digest.

    Args:
        url: the address the gateway posts to, as it knows it.
        now: real time, for a signature is good for 30 seconds.
    """
    if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(now.timestamp() - int(timestamp)) > SIGNATURE_AGE:
        return False
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
    signed = f"{timestamp}\n{nonce}\nPOST\n{url}\n{digest}"
    expected = hmac.new(key.get_secret_value().encode(), signed.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.lower().encode())
