"""The address the SMS gateway posts receipts and replies to."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field, TypeAdapter

from services.notifications.reports.domain import receipt_is_genuine
from services.notifications.reports.usecases import receive_receipt, receive_reply
from services.notifications.sending.gateways.sms import result_of_receipt
from shared.db import Connection
from shared.http import CurrentService
from shared.problems import Forbidden

router = APIRouter(prefix="/notifications/api/v1/receipts", tags=["receipts"])


class Receipt(BaseModel):
    """What became of an SMS; `foreign_id` is the message's id here."""

    msg_id: str
    foreign_id: UUID
    status: str


class ReceiptEvent(BaseModel):
    """A delivery receipt."""

    webhook_event: Literal["dlr"]
    data: Receipt


class Reply(BaseModel):
    """An SMS somebody wrote."""

    sender: str = Field(alias="from")
    text: str


class ReplyEvent(BaseModel):
    """A reply."""

    webhook_event: Literal["sms_mo"]
    data: Reply


WebhookEvent = Annotated[ReceiptEvent | ReplyEvent, Field(discriminator="webhook_event")]
_EVENT: TypeAdapter[ReceiptEvent | ReplyEvent] = TypeAdapter(WebhookEvent)


class NotGenuine(Forbidden):
    """The signature is missing, wrong, or too old."""

    slug = "signature-not-valid"
    title = "The request is not signed by the SMS gateway"


@router.post("/sms", status_code=204)
async def receive(
    request: Request,
    conn: Connection,
    service: CurrentService,
    event: WebhookEvent,
    x_timestamp: Annotated[str, Header()] = "",
    x_nonce: Annotated[str, Header()] = "",
    x_signature: Annotated[str, Header()] = "",
) -> None:
    """Take a receipt or a reply. Both may come twice, late or early."""
    genuine = receipt_is_genuine(
        service.settings.sms_webhook_key,
        service.settings.sms_webhook_url,
        await request.body(),
        timestamp=x_timestamp,
        nonce=x_nonce,
        signature=x_signature,
        now=datetime.now(UTC),
    )
    if not genuine:
        raise NotGenuine
    if isinstance(event, ReceiptEvent):
        receipt = event.data
        await receive_receipt(conn, service, receipt.foreign_id, result_of_receipt(receipt.status, receipt.msg_id))
    else:
        await receive_reply(conn, service, event.data.sender, event.data.text)
