"""Where the city's mail server hands over reports: a small LMTP server (RFC 2033)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.notifications.reports.domain import Verp, read_report
from services.notifications.reports.usecases import receive_mail_report
from services.notifications.settings import Settings
from shared.failures import Failure, classify
from shared.service import Service

LARGEST = 10 * 1024 * 1024

log = structlog.get_logger()


class ReportHandler:
    """What aiosmtpd asks about each mail handed over."""

    def __init__(self, service: Service, verp: Verp) -> None:
        self._service = service
        self._verp = verp

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take only addresses that were made here."""
        if self._verp.read(address) is None:
            return "550 5.1.1 No such address"
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Apply a report, and only then take it: whoever hands it over keeps it while our database is away."""
        message = self._verp.read(envelope.rcpt_tos[0])
        if message is None:
            return "550 5.1.1 No such address"
        content = envelope.content
        report = read_report(content if isinstance(content, bytes) else str(content).encode())
        try:
            async with self._service.db.transaction() as conn:
                await receive_mail_report(conn, self._service, message, report)
        except Exception as error:
            log.warning("report_not_taken", error=type(error).__name__, exc_info=classify(error) is Failure.UNKNOWN)
            return "451 4.3.0 Try again later"
        return "250 2.0.0 OK"


@asynccontextmanager
async def listening(service: Service, settings: Settings, verp: Verp) -> AsyncIterator[None]:
    """Listen for reports while the context is open, if a port is configured."""
    if settings.bounce_port is None:
        yield
        return
    handler = ReportHandler(service, verp)

    def session() -> Any:
        return LMTP(handler, hostname=settings.bounce_domain, data_size_limit=LARGEST)

    server = await asyncio.get_running_loop().create_server(session, settings.bounce_host, settings.bounce_port)
    try:
        yield
    finally:
        server.close()
