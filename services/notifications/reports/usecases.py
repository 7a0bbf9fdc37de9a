"""Taking reports: a message was delivered after all, or was not, or was not wanted."""

from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery.domain import Event, News, Spared
from services.notifications.delivery.spared import spare
from services.notifications.delivery.usecases import NoticeBatch
from services.notifications.reports.domain import MailReport, ReportKind
from services.notifications.reports.webhooks import Receipt
from services.notifications.sending.domain import Answer
from services.notifications.sending.gateways.mail_answers import address_gone
from services.notifications.sending.gateways.sms import RECEIPTS, result_of_receipt
from services.notifications.subscribing.usecases import end_at
from shared.act import Act
from shared.due import Claim, Urgency, Work
from shared.statements import Query

RECEIPT_AGAIN = "receipt-again"
AGAIN_AFTER = timedelta(seconds=5)

_REFERENCE = Query(UUID, "select id from messages where gateway = :gateway and reference = :reference limit 2")

log = structlog.get_logger()


async def receive_receipt(act: Act, receipt: Receipt) -> None:
    """Apply a delivery receipt; early, late and repeated ones are told apart by the state they find.

    Only the gateway that has the message can tell what became of it. A receipt may be quicker than the answer that
    names the gateway's id of the message: one about a message not known yet is looked at once more.
    """
    known = await _apply(act, receipt)
    if not known and receipt.message is None and receipt.status in RECEIPTS:
        key = f"{receipt.gateway} {receipt.status} {receipt.reference}"
        work = Work(RECEIPT_AGAIN, key, act.now + AGAIN_AFTER, Urgency.DIRECT)
        await act.schedule(work)


async def look_again(act: Act, claim: Claim) -> None:
    """Apply a receipt that came before the gateway's id of its message was known; else it is about none of ours."""
    gateway, status, reference = claim.key.split(" ")
    await _apply(act, Receipt(gateway, status, reference))


async def _apply(act: Act, receipt: Receipt) -> bool:
    """Apply a receipt that is about a message of ours, and say whether it is."""
    ids = [receipt.message] if receipt.message else await _known_as(act.conn, receipt)
    batch = await NoticeBatch.of_messages(act.conn, ids)
    if len(ids) != 1 or ids[0] not in batch:
        log.info("receipt_for_unknown_message", gateway=receipt.gateway)
        return False
    message = batch.notice_of(ids[0]).message(ids[0])
    if message.gateway != receipt.gateway or message.reference not in (None, receipt.reference):
        log.info("receipt_for_other_message", gateway=receipt.gateway)
        return True
    result = result_of_receipt(receipt.status, receipt.reference)
    event = {Answer.DELIVERED: Event.DELIVERED, Answer.REFUSED: Event.REFUSED}.get(result.answer)
    if event:
        batch.apply(message.id, News(event, error=result.error, reference=result.reference), act.now)
        await batch.save(act)
    return True


async def _known_as(conn: AsyncConnection, receipt: Receipt) -> list[UUID]:
    """The messages a gateway knows by a reference: one, unless it gave the same twice."""
    return await _REFERENCE.all(conn, {"gateway": receipt.gateway, "reference": receipt.reference})


async def receive_mail_report(act: Act, message: UUID, report: MailReport) -> None:
    """Apply a bounce or a complaint; other mail to a bounce address says nothing."""
    batch = await NoticeBatch.of_messages(act.conn, [message])
    if message not in batch or report.kind is ReportKind.OTHER:
        return
    address = batch.notice_of(message).addresses.get("mail")
    reason = Spared.COMPLAINT if report.kind is ReportKind.COMPLAINT else Spared.UNDELIVERABLE
    if address and (reason is Spared.COMPLAINT or address_gone(report.status)):
        await spare(act, address, reason)
    if report.kind is ReportKind.COMPLAINT:
        if address:
            await end_at(act, address)
        return
    batch.apply(message, News(Event.BOUNCED, error=f"bounced {report.status}".strip()), act.now)
    await batch.save(act)
