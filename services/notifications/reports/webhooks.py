"""Reading what an SMS gateway posts: receipts and replies, as seven.io documents them (docs/far-ends.md)."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from services.notifications.sending.gateways.sms import REFERENCE


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an SMS a gateway took: its status there, and the gateway's id of it.

    `message` is our own id, which gateways need not give back.
    """

    gateway: str
    status: str
    reference: str
    message: UUID | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMS somebody wrote: from a number, to a number, both as the gateway writes them."""

    sender: str
    text: str
    to: str


class _Data(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True, hide_input_in_errors=True)


class _ReceiptData(_Data):
    msg_id: str = Field(pattern=f"^{REFERENCE}$")
    status: str = Field(pattern="^[A-Za-z]{1,32}$")
    foreign_id: str | None = None


class _ReplyData(_Data):
    sender: str = Field(max_length=32)
    text: str
    system: str = Field(default="", max_length=32)


class _ReceiptEvent(BaseModel):
    webhook_event: Literal["dlr"]
    data: _ReceiptData


class _ReplyEvent(BaseModel):
    webhook_event: Literal["sms_mo"]
    data: _ReplyData


_EVENT: TypeAdapter[_ReceiptEvent | _ReplyEvent] = TypeAdapter(
    Annotated[_ReceiptEvent | _ReplyEvent, Field(discriminator="webhook_event")]
)


def read_event(gateway: str, body: bytes) -> Receipt | Reply | None:
    """What a gateway posted; None for other events and for what cannot be read. No body breaks it."""
    try:
        event = _EVENT.validate_json(body)
    except ValidationError:
        return None
    if isinstance(event, _ReplyEvent):
        return Reply(event.data.sender, event.data.text, event.data.system)
    message = None
    with suppress(ValueError):
        message = UUID(event.data.foreign_id or "")
    return Receipt(gateway, event.data.status.upper(), event.data.msg_id, message)
