"""What the simulated SMS gateway reads and writes, field by field as seven.io documents it (docs/far-ends.md)."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import phonenumbers
import smsutil
from pydantic import BaseModel, Field

from deploy.local.far_ends.records import Accepted, ReportKind
from deploy.local.far_ends.store import Store
from shared.clock import BERLIN

PRICE = 0.075
"""Of a part, in euros."""


class ShortMessage(BaseModel):
    """An SMS to send; `foreign_id` is the sender's own id, `ttl` how many minutes the network may try."""

    to: str
    text: str = Field(min_length=1, max_length=1520)
    sender: str = Field(default="", alias="from", max_length=16)
    foreign_id: str | None = Field(default=None, max_length=64)
    ttl: int | None = Field(default=None, ge=1, le=2880)
    label: str | None = Field(default=None, max_length=100)


@dataclass(frozen=True, slots=True)
class Segments:
    """How a text travels: the number of parts, and "gsm" or "ucs2" (3GPP TS 23.038)."""

    parts: int
    encoding: str

    @classmethod
    def of(cls, text: str) -> "Segments":
        """Count the parts of a text."""
        split = smsutil.split(text)
        return cls(len(split.parts), "gsm" if split.encoding == "gsm0338" else "ucs2")


def e164(number: str) -> str:
    """A number in any format as E.164; what is none stays as it is."""
    try:
        parsed = phonenumbers.parse(number if number.startswith(("+", "0")) else f"+{number}", "DE")
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def answer_to(sms: ShortMessage, code: str, *, id: str | None = None, reason: str | None = None) -> dict[str, Any]:
    """What the gateway says of a message it took (`id`) or did not take (`reason`)."""
    segments = Segments.of(sms.text)
    message = {
        "id": id,
        "sender": sms.sender,
        "recipient": e164(sms.to).removeprefix("+"),
        "text": sms.text,
        "encoding": segments.encoding,
        "label": sms.label,
        "parts": segments.parts,
        "udh": None,
        "is_binary": False,
        "price": PRICE * segments.parts,
        "success": reason is None,
        "error": None if reason is None else code,
        "error_text": reason,
    }
    total = 0 if reason else message["price"]
    answer = {"success": code, "total_price": total, "balance": 100.0, "debug": "false", "sms_type": "direct"}
    return {**answer, "messages": [message]}


def entry_of(store: Store, message: Accepted) -> dict[str, Any]:
    sms = json.loads(message.source)
    receipts = [
        report for report in store.reports(message.number) if report.kind == ReportKind.RECEIPT and report.sent_at
    ]
    newest = receipts[-1] if receipts else None
    return {
        "id": str(message.number),
        "to": message.recipient.removeprefix("+"),
        "from": message.sender,
        "text": sms["text"],
        "timestamp": _time(message.accepted_at),
        "price": f"{PRICE * Segments.of(sms['text']).parts:.4f}",
        "dlr": newest and newest.detail,
        "dlr_timestamp": newest and newest.sent_at and _time(newest.sent_at),
        "mccmnc": "26202",
        "latency": None,
        "type": "direct",
        "channel": "SMS",
        "connection": "http",
        "label": sms.get("label"),
        "foreign_id": message.reference,
    }


def _time(moment: datetime) -> str:
    """A moment as the gateway writes it: in Germany's time, without saying so."""
    return moment.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
