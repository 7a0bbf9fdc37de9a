"""The SMS gateway: an HTTP interface as seven.io documents it (docs/far-ends.md), and what its answers mean."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from services.notifications.sending.domain import Answer, Result, number_of
from services.notifications.settings import SmsAccess

TTL = timedelta(hours=48)
LARGEST_ANSWER = 1024 * 1024
KEPT_OPEN = 2.0
"""Seconds a connection may stand idle and still be used. Servers end idle ones after five seconds or more: a message
sent at that very moment would get no answer, and nobody could tell whether it was taken."""
LONGEST_TOLD = timedelta(hours=1)
"""So long at most a gateway can make us wait."""
JOURNAL_LIMIT = 100
REFERENCE = r"[0-9A-Za-z_.:-]{1,64}"
"""What an id of the gateway's looks like; it is kept, compared and shown."""

ACCEPTED = "100"
REFUSED = frozenset({"202", "301", "305", "401", "403"})
"""Codes that blame the number or the text; 403: this number has had as many SMS as it may get in a day."""
NOT_TAKEN = frozenset({"101", "600"})
"""Codes that say that the message went wrong further on and may go better later."""
OURS = frozenset({"201", "300", "304", "306", "308", "400", "500", "801", "802", "900", "901", "902", "903"})
"""Codes that blame our account or how we ask: to us the gateway is as good as away until that is mended."""

RECEIPTS = {
    "DELIVERED": Answer.DELIVERED,
    "NOTDELIVERED": Answer.REFUSED,
    "EXPIRED": Answer.REFUSED,
    "REJECTED": Answer.REFUSED,
    "FAILED": Answer.REFUSED,
}
"""What the final receipts mean; BUFFERED, TRANSMITTED, ACCEPTED and others say that the message is on its way."""


class SentMessage(BaseModel):
    """What a gateway says it did with the message for one recipient."""

    model_config = ConfigDict(coerce_numbers_to_str=True, hide_input_in_errors=True)

    id: str | None = None
    recipient: str | None = None
    success: bool = False
    error: str | None = None
    foreign_id: str | None = None


class SendAnswer(BaseModel):
    """What a gateway answers to a message; the answer may also be the bare number of `success`."""

    model_config = ConfigDict(coerce_numbers_to_str=True, hide_input_in_errors=True)

    success: str
    messages: list[SentMessage] = []

    @classmethod
    def read(cls, body: bytes) -> "SendAnswer | None":
        """Read an answer; None for what is none."""
        if bare := re.fullmatch(rb'\s*"?([0-9]{3})"?\s*', body):
            return cls(success=bare[1].decode())
        try:
            return cls.model_validate_json(body)
        except ValidationError:
            return None


class JournalEntry(BaseModel):
    """What a gateway's journal says of a message; `dlr` is its newest receipt."""

    model_config = ConfigDict(coerce_numbers_to_str=True, hide_input_in_errors=True)

    id: str = Field(pattern=f"^{REFERENCE}$")
    to: str
    foreign_id: str
    dlr: str | None = None


@dataclass(frozen=True, slots=True)
class Sms:
    """An SMS ready to be sent to a number (E.164); the id of its message is the gateway's foreign id.

    `asks` says whether it can be answered: it then comes from the number that takes replies.
    """

    message: UUID
    number: str
    text: str
    label: str
    asks: bool


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a gateway answered over HTTP: mostly 200, also where it refuses; `told_wait` is the header Retry-After."""

    status: int
    body: bytes
    told_wait: str = ""


def result_of_receipt(status: str | None, reference: str | None) -> Result:
    """What a receipt, or its absence, says of a message the gateway accepted."""
    status = (status or "").upper()
    answer = RECEIPTS.get(status, Answer.ACCEPTED)
    return Result(answer, error=f"receipt {status}" if answer is Answer.REFUSED else None, reference=reference)


def result_of_answer(answered: HttpAnswer, message: UUID, number: str) -> Result:
    """What the answer to a message means. One that is not about this message and number is no answer."""
    code, told_wait = answered.status, answered.told_wait
    if code == 429:
        wait = timedelta(seconds=max(1, int(told_wait))) if re.fullmatch("[0-9]{1,9}", told_wait) else None
        return Result(Answer.TOO_FAST, error="throttled 429", wait=min(wait, LONGEST_TOLD) if wait else None)
    answer = SendAnswer.read(answered.body)
    if answer and answer.success in (ACCEPTED, "101") and answer.messages:
        return _of_message(answer.messages, message, number)
    if answer and (result := _of_code(answer.success)):
        return result
    if code == 503:
        return Result(Answer.NOT_NOW, error="temporary 503")
    if 300 <= code < 500:
        return Result(Answer.AWAY, error=f"account {code}")
    # Said by something between us and the gateway, or by a gateway that stumbled: it may have taken the message.
    return Result(Answer.NONE, error=f"no answer {code}")


def journalled(entries: Any, message: UUID, number: str) -> Result | None:
    """What a gateway's journal says of a message; entries about other messages or numbers do not count.

    If it was taken several times, the best that came of it counts.
    """
    mine = []
    for each in entries if isinstance(entries, list) else []:
        with suppress(ValidationError):
            entry = JournalEntry.model_validate(each)
            if entry.foreign_id == str(message) and number_of(entry.to) == number:
                mine.append(result_of_receipt(entry.dlr, entry.id))
    best = (Answer.DELIVERED, Answer.ACCEPTED, Answer.REFUSED)
    return min(mine, key=lambda result: best.index(result.answer), default=None)


class SmsGateway:
    """Hands SMS to a gateway and asks it what became of them; `timeout` is in seconds and per answer awaited."""

    def __init__(self, access: SmsAccess, timeout: float, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.takes_replies = bool(access.reply_number)
        self._access = access
        headers = {
            "X-Api-Key": access.key.get_secret_value(),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        self._client = httpx.AsyncClient(
            base_url=access.url,
            headers=headers,
            timeout=timeout,
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=KEPT_OPEN),
            transport=transport,
        )

    async def send(self, sms: Sms) -> Result:
        """Send an SMS and return what was answered."""
        body = {
            "to": sms.number,
            "text": sms.text,
            "from": self._access.reply_number if sms.asks else self._access.sender,
            "foreign_id": str(sms.message),
            "ttl": int(TTL.total_seconds() // 60),
            "label": sms.label,
        }
        try:
            async with self._client.stream("POST", "/api/sms", json=body) as response:
                told_wait = response.headers.get("Retry-After", "")
                answered = HttpAnswer(response.status_code, await _read(response), told_wait)
                return result_of_answer(answered, sms.message, sms.number)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Result(Answer.AWAY, error=f"away {type(error).__name__}")
        except (httpx.HTTPError, ValueError) as error:
            return Result(Answer.NONE, error=f"no answer {type(error).__name__}")

    async def look_up(self, message: UUID, number: str) -> Result | None:
        """What the gateway knows of a message it may have got; None when it knows nothing or cannot be asked.

        Its journal cannot be asked for our id, only for a number: of that number's newest SMS, ours is picked out.
        """
        asked = {"to": number, "limit": str(JOURNAL_LIMIT)}
        try:
            async with self._client.stream("GET", "/api/journal/outbound", params=asked) as response:
                return journalled(from_json(await _read(response.raise_for_status())), message, number)
        except (httpx.HTTPError, ValueError):
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

    async def look_up(self, name: str, message: UUID, number: str) -> Result | None:
        """What a gateway knows of a message; None also where it has been taken out of the settings."""
        return await self._gateways[name].look_up(message, number) if name in self._gateways else None

    async def close(self) -> None:
        """Close the kept connections."""
        for gateway in self._gateways.values():
            await gateway.close()


async def _read(response: httpx.Response) -> bytes:
    """The body of an answer, as it was sent.

    Raises:
        ValueError: it is too large.
    """
    body = b""
    async for part in response.aiter_raw():
        body += part
        if len(body) > LARGEST_ANSWER:
            raise ValueError("The answer is too large.")
    return body


def _of_message(messages: list[SentMessage], message: UUID, number: str) -> Result:
    told = messages[0]
    is_ours = len(messages) == 1 and number_of(told.recipient or "") == number
    if not is_ours or told.foreign_id not in (None, str(message)):
        return Result(Answer.NONE, error="no answer stranger")
    if told.success and told.error is None and re.fullmatch(REFERENCE, told.id or ""):
        return Result(Answer.ACCEPTED, reference=told.id)
    known = None if told.success else _of_code(told.error or "")
    return known or Result(Answer.NONE, error="no answer unclear")


def _of_code(code: str) -> Result | None:
    """What one of the gateway's codes means; None for those that leave open whether it took the message."""
    if code in REFUSED:
        return Result(Answer.REFUSED, error=f"permanent {code}")
    if code in NOT_TAKEN:
        return Result(Answer.NOT_NOW, error=f"temporary {code}")
    return Result(Answer.AWAY, error=f"account {code}") if code in OURS else None
