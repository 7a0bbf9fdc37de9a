"""The addresses the SMS gateways post receipts and replies to."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.replies.usecases import receive_reply
from services.notifications.reports.domain import receipt_is_genuine
from services.notifications.reports.usecases import receive_receipt
from services.notifications.sending.domain import FIRST, SECOND
from services.notifications.sending.gateways.sms import result_of_receipt
from shared.db import Connection
from shared.http import CurrentService, problems
from shared.problems import Forbidden, NotFound
from shared.service import Service

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


class NotGenuine(Forbidden):
    """The signature is missing, wrong, or too old."""

    slug = "signature-not-valid"
    title = "The request is not signed by the SMS gateway"


def signed_by(name: str) -> Callable[..., Coroutine[Any, Any, str]]:
    """FastAPI dependency: the name of the SMS gateway, which must have signed the request.

    Raises:
        NotFound: there is no such gateway.
        NotGenuine
    """

    async def check(
        request: Request,
        service: CurrentService,
        x_timestamp: Annotated[str, Header()] = "",
        x_nonce: Annotated[str, Header()] = "",
        x_signature: Annotated[str, Header()] = "",
    ) -> str:
        access = next((each for each in service.settings.sms_gateways if each.name == name), None)
        if access is None:
            raise NotFound
        genuine = receipt_is_genuine(
            access.webhook_key,
            access.webhook_url,
            await request.body(),
            timestamp=x_timestamp,
            nonce=x_nonce,
            signature=x_signature,
            now=datetime.now(UTC),
        )
        if not genuine:
            raise NotGenuine
        return name

    return check


@router.post("/sms", status_code=204, responses=problems(403))
async def receive_from_first(
    conn: Connection, service: CurrentService, gateway: Annotated[str, Depends(signed_by(FIRST))], event: WebhookEvent
) -> None:
    """Take a receipt or a reply. Both may come twice, late or early."""
    await _take(conn, service, gateway, event)


@router.post("/sms/second", status_code=204, responses=problems(403, 404))
async def receive_from_second(
    conn: Connection, service: CurrentService, gateway: Annotated[str, Depends(signed_by(SECOND))], event: WebhookEvent
) -> None:
    """Take a receipt or a reply from the second gateway."""
    await _take(conn, service, gateway, event)


async def _take(conn: AsyncConnection, service: Service, gateway: str, event: ReceiptEvent | ReplyEvent) -> None:
    if isinstance(event, ReceiptEvent):
        receipt = event.data
        result = result_of_receipt(receipt.status, receipt.msg_id)
        await receive_receipt(conn, service, gateway, receipt.foreign_id, result)
    else:
        await receive_reply(conn, service, event.data.sender, event.data.text)
