"""The addresses the SMS gateways post receipts and replies to."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any

import structlog
from fastapi import Depends, Header, Request

from services.notifications.replies.domain import is_for
from services.notifications.replies.usecases import receive_reply
from services.notifications.reports.domain import Posted, receipt_is_genuine
from services.notifications.reports.usecases import receive_receipt
from services.notifications.reports.webhooks import Receipt, Reply, read_event
from services.notifications.settings import FIRST, SECOND, Settings, SmsAccess
from shared.act import Act
from shared.http import CurrentAct, api_router, problems
from shared.problems import Forbidden, NotFound

router = api_router("/notifications/api/v1/receipts", "receipts")

log = structlog.get_logger()


class NotGenuine(Forbidden):
    """The signature is missing, wrong, or too old."""

    slug = "signature-not-valid"
    title = "The request is not signed by the SMS gateway"


def signed_by(name: str) -> Callable[..., Coroutine[Any, Any, SmsAccess]]:
    """FastAPI dependency: the SMS gateway, which must have signed the request. The body is not parsed before.

    Raises:
        NotFound: there is no such gateway.
        NotGenuine
    """

    async def check(
        request: Request,
        x_timestamp: Annotated[str, Header()] = "",
        x_nonce: Annotated[str, Header()] = "",
        x_signature: Annotated[str, Header()] = "",
    ) -> SmsAccess:
        settings: Settings = request.app.state.tools.settings
        access = next((each for each in settings.sms_gateways if each.name == name), None)
        if access is None:
            raise NotFound
        posted = Posted(await request.body(), x_timestamp, x_nonce, x_signature)
        if not receipt_is_genuine(access.webhook_key, access.webhook_url, posted, datetime.now(UTC)):
            raise NotGenuine
        return access

    return check


First = Annotated[SmsAccess, Depends(signed_by(FIRST))]
Second = Annotated[SmsAccess, Depends(signed_by(SECOND))]


@router.post("/sms", status_code=204, responses=problems(403))
async def receive_from_first(act: CurrentAct, access: First, request: Request) -> None:
    """Take a receipt (`dlr`) or a reply (`sms_mo`). Both may come twice, late or early; other events are ignored."""
    await _take(act, access, await request.body())


@router.post("/sms/second", status_code=204, responses=problems(403, 404))
async def receive_from_second(act: CurrentAct, access: Second, request: Request) -> None:
    """Take a receipt or a reply from the second gateway."""
    await _take(act, access, await request.body())


async def _take(act: Act, access: SmsAccess, body: bytes) -> None:
    """Take what a gateway posted. What means nothing here is taken too: it would only be posted again."""
    event = read_event(access.name, body)
    if isinstance(event, Receipt):
        await receive_receipt(act, event)
    elif isinstance(event, Reply) and is_for(access.reply_number, event.to):
        await receive_reply(act, event.sender, event.text)
    else:
        log.info("webhook_ignored", gateway=access.name)
