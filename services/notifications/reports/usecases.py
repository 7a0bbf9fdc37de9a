"""Taking reports: a message was delivered after all, or was not, or was not wanted."""

from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery.domain import Event, News, Spared
from services.notifications.delivery.spared import spare
from services.notifications.delivery.usecases import Hand
from services.notifications.reports.domain import MailReport, ReportKind
from services.notifications.sending.domain import Answer, Result
from services.notifications.sending.gateways.mail_answers import address_gone
from services.notifications.subscribing.usecases import end_at
from shared.service import Service

log = structlog.get_logger()


async def receive_receipt(conn: AsyncConnection, service: Service, gateway: str, message: UUID, result: Result) -> None:
    """Apply a delivery receipt; early, late and repeated ones are told apart by the state they find.

    Only the gateway that has the message can tell what became of it.
    """
    hand = await Hand.of_messages(conn, [message])
    if message not in hand or hand.notice_of(message).message(message).gateway != gateway:
        log.info("receipt_for_unknown_message", message=str(message))
        return
    event = {Answer.DELIVERED: Event.DELIVERED, Answer.REFUSED: Event.REFUSED}.get(result.answer)
    if event:
        now = service.clock.now()
        hand.apply(message, News(event, error=result.error, reference=result.reference), now)
        await hand.save(conn, service, now)


async def receive_mail_report(conn: AsyncConnection, service: Service, message: UUID, report: MailReport) -> None:
    """Apply a bounce or a complaint; other mail to a bounce address says nothing."""
    hand = await Hand.of_messages(conn, [message])
    if message not in hand or report.kind is ReportKind.OTHER:
        return
    now = service.clock.now()
    address = hand.notice_of(message).addresses.get("mail")
    reason = Spared.COMPLAINT if report.kind is ReportKind.COMPLAINT else Spared.UNDELIVERABLE
    if address and (reason is Spared.COMPLAINT or address_gone(report.status)):
        await spare(conn, service, address, reason, now)
    if report.kind is ReportKind.COMPLAINT:
        if address:
            await end_at(conn, service, address, now)
        return
    hand.apply(message, News(Event.BOUNCED, error=f"bounced {report.status}".strip()), now)
    await hand.save(conn, service, now)
