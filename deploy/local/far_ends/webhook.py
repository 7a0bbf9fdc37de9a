"""Webhooks of the simulated SMS gateway: receipts (`dlr`) and replies (`sms_mo`), signed as seven.io documents it."""

import hashlib
import hmac
import json
import secrets
import time
from typing import Any

import httpx

from deploy.local.far_ends.records import Report, ReportKind
from deploy.local.far_ends.store import Store


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

    def __init__(self, store: Store, client: httpx.AsyncClient, url: str, key: str) -> None:
        self._store = store
        self._client = client
        self._url = url
        self._key = key

    async def deliver(self, report: Report) -> None:
        """Post one report.

        Raises:
            httpx.HTTPError: it was not taken.
        """
        event = self._receipt(report) if report.kind == ReportKind.RECEIPT else _reply(report)
        body = json.dumps(event).encode()
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        headers = {
            "Content-Type": "application/json",
            "X-Timestamp": timestamp,
            "X-Nonce": nonce,
            "X-Signature": signature(self._key, timestamp, nonce, self._url, body),
        }
        (await self._client.post(self._url, content=body, headers=headers)).raise_for_status()

    def _receipt(self, report: Report) -> dict[str, Any]:
        message = self._store.message(report.message or 0)
        assert message is not None
        data = {
            "msg_id": str(message.number),
            "foreign_id": message.reference,
            "status": report.detail,
            "timestamp": _time_of(report),
        }
        return {"webhook_event": "dlr", "data": data}


def _reply(report: Report) -> dict[str, Any]:
    data = {"id": str(report.number), "from": report.party, "text": report.detail, "timestamp": _time_of(report)}
    return {"webhook_event": "sms_mo", "data": data}


def _time_of(report: Report) -> str:
    assert report.due_at is not None
    return report.due_at.isoformat(timespec="seconds")
