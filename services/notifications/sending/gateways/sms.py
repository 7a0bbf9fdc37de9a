"""The SMS gateway: an HTTP interface as seven.io's, and what its answers mean."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from services.notifications.sending.domain import Answer, Result, SmsAccess

TTL = timedelta(hours=48)

ACCEPTED = "100"
SENT_BEFORE = "402"
"""The gateway's own guard against repetition: it has had this text for this number."""
NEVER = frozenset({"202", "301", "305", "401"})
"""Codes that blame the number or the text."""

RECEIPTS = {
    "DELIVERED": Answer.DELIVERED,
    "NOTDELIVERED": Answer.REFUSED,
    "EXPIRED": Answer.REFUSED,
    "REJECTED": Answer.REFUSED,
    "FAILED": Answer.REFUSED,
}
"""What the final receipts mean; others say that the message is on its way."""


def result_of_receipt(status: str | None, reference: str | None) -> Result:
    """What a receipt, or its absence, says of a message the gateway accepted."""
    answer = RECEIPTS.get((status or "").upper(), Answer.ACCEPTED)
    return Result(answer, error=f"receipt {status}" if answer is Answer.REFUSED else None, reference=reference)


class SmsGateway:
    """Hands SMS to a gateway and asks it what became of them; `timeout` is in seconds and per answer awaited."""

    def __init__(self, access: SmsAccess, timeout: float) -> None:
        self.takes_replies = bool(access.reply_number)
        self._access = access
        self._client = httpx.AsyncClient(
            base_url=access.url, headers={"X-Api-Key": access.key.get_secret_value()}, timeout=timeout
        )

    async def send(self, message: UUID, number: str, text: str, label: str, asks: bool) -> Result:
        """Send an SMS to a number (E.164); the message's id is the gateway's foreign id.

        Args:
            asks: whether it can be answered; it then comes from the number that takes replies.
        """
        body = {
            "to": number,
            "text": text,
            "from": self._access.reply_number if asks else self._access.sender,
            "foreign_id": str(message),
            "ttl": int(TTL.total_seconds() // 60),
            "label": label,
        }
        try:
            response = await self._client.post("/api/sms", json=body)
            return _answered(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Result(Answer.AWAY, error=f"away {type(error).__name__}")
        except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
            return Result(Answer.NONE, error=f"no answer {type(error).__name__}")

    async def look_up(self, message: UUID) -> Result | None:
        """What the gateway knows of a message it may have got; None when it knows nothing or cannot be asked."""
        try:
            response = await self._client.get("/api/journal/outbound", params={"foreign_id": str(message)})
            entries: list[dict[str, Any]] = response.raise_for_status().json()
            return result_of_receipt(entries[0].get("dlr"), str(entries[0]["id"])) if entries else None
        except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError):
            return None

    async def close(self) -> None:
        """Close the kept connections."""
        await self._client.aclose()


class SmsGateways:
    """All SMS gateways by name, in the order in which they are used."""

    def __init__(self, accesses: Iterable[SmsAccess], timeout: float) -> None:
        self._gateways = {access.name: SmsGateway(access, timeout) for access in accesses}
        self.names = tuple(self._gateways)

    def __getitem__(self, name: str) -> SmsGateway:
        return self._gateways[name]

    async def look_up(self, name: str, message: UUID) -> Result | None:
        """What a gateway knows of a message; None also where it has been taken out of the settings."""
        return await self._gateways[name].look_up(message) if name in self._gateways else None

    async def close(self) -> None:
        """Close the kept connections."""
        for gateway in self._gateways.values():
            await gateway.close()


def _answered(response: httpx.Response) -> Result:
    code = response.status_code
    if code == 429:
        wait = response.headers.get("Retry-After", "")
        return Result(
            Answer.TOO_FAST,
            error="throttled 429",
            wait=timedelta(seconds=max(1, int(wait))) if wait.isdecimal() else None,
        )
    if code in (502, 504):  # said by somebody between us and the gateway, which may have taken the message
        return Result(Answer.NONE, error=f"no answer {code}")
    if code >= 500:
        return Result(Answer.NOT_NOW, error=f"temporary {code}")
    if code >= 400:
        # What is wrong with our account is no fault of the message: it can still go out when that is mended.
        return Result(Answer.NOT_NOW if code in (401, 402, 403, 408) else Answer.REFUSED, error=f"permanent {code}")
    answer = response.json()
    success = str(answer["success"])
    if success == ACCEPTED:
        return Result(Answer.ACCEPTED, reference=str(answer["messages"][0]["id"]))
    if success == SENT_BEFORE:
        return Result(Answer.NONE, error=f"no answer {success}")
    if success in NEVER:
        return Result(Answer.REFUSED, error=f"permanent {success}")
    return Result(Answer.NOT_NOW, error=f"temporary {success}")
