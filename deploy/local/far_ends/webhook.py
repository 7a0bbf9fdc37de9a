"""Webhooks of the simulated SMS gateway, as seven.io documents them (docs/far-ends.md): receipts and replies."""

import hashlib
import hmac
import json
import secrets
import time
from datetime import datetime
from typing import Any

import httpx

from deploy.local.far_ends.records import Report, ReportKind
from shared.clock import BERLIN

INBOUND_NUMBER = "+4915228817386"
"""The number the gateway takes in SMS at."""


def signature(key: str, timestamp: str, nonce: str, url: str, body: bytes) -> str:
    """Hex HMAC-SHA256 of a POST; `timestamp` is in Unix seconds."""
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
    signed = "\n".join([timestamp, nonce, "POST", url, digest])
    return hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest()


class Webhook:
    """Posts receipts and replies to the sender.

    Args:
        url: where to.
        key: secret of the signature.
    """

    def __init__(self, client: httpx.AsyncClient, url: str, key: str) -> None:
        self._client = client
        self._url = url
        self._key = key

    async def deliver(self, report: Report) -> None:
        """Post one report.

        Raises:
            httpx.HTTPError: it was not taken.
        """
        body = report.detail.encode() if report.kind == ReportKind.EVENT else json.dumps(_event(report)).encode()
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        headers = {
            "Content-Type": "application/json",
            "X-Timestamp": timestamp,
            "X-Nonce": nonce,
            "X-Signature": signature(self._key, timestamp, nonce, self._url, body),
        }
        (await self._client.post(self._url, content=body, headers=headers)).raise_for_status()


def _event(report: Report) -> dict[str, Any]:
    """A receipt or reply; a receipt does not give back the sender's own id of the message."""
    assert report.due_at is not None
    if report.kind == ReportKind.RECEIPT:
        kind = "dlr"
        moment = report.due_at.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S.%f")
        data = {"msg_id": str(report.message), "status": report.detail, "timestamp": moment}
    else:
        kind = "sms_mo"
        data = {
            "id": str(report.number),
            "sender": report.party.removeprefix("+"),
            "system": INBOUND_NUMBER.removeprefix("+"),
            "text": report.detail,
            "time": str(int(report.due_at.timestamp())),
            "message_type": "SMS",
        }
    moment = datetime.now(BERLIN).isoformat(timespec="seconds")
    return {"webhook_event": kind, "webhook_timestamp": moment, "data": data}
