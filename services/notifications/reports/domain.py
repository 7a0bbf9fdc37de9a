"""Reports: what one can say, and whether a receipt is genuine."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import SecretStr

SIGNATURE_AGE = 30
"""Seconds a signed receipt may be old (or early)."""


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


@dataclass(frozen=True, slots=True)
class Posted:
    """What an SMS gateway posted, with what its headers say of the signature."""

    body: bytes
    timestamp: str
    nonce: str
    signature: str


def receipt_is_genuine(key: SecretStr, url: str, posted: Posted, now: datetime) -> bool:
    """Whether the SMS gateway signed a request: hex HMAC-SHA256 over timestamp, nonce, method, URL and body digest.

    Args:
        url: the address the gateway posts to, as it knows it.
        now: real time, for a signature is good for 30 seconds.
    """
    if (
        not re.fullmatch("[0-9]{1,12}", posted.timestamp)
        or abs(now.timestamp() - int(posted.timestamp)) > SIGNATURE_AGE
    ):
        return False
    digest = hashlib.md5(posted.body, usedforsecurity=False).hexdigest()
    signed = f"{posted.timestamp}\n{posted.nonce}\nPOST\n{url}\n{digest}"
    expected = hmac.new(key.get_secret_value().encode(), signed.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), posted.signature.lower().encode())
