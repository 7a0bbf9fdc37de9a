"""Where the city's mail server hands over reports: a small LMTP server (RFC 2033)."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from prometheus_client import Counter

from services.notifications.reports.domain import MailReport
from services.notifications.reports.parts import LARGEST, TooComplex
from services.notifications.reports.reading import read_report
from services.notifications.reports.usecases import receive_mail_report
from services.notifications.sending.envelopes import Verp
from services.notifications.settings import Settings
from shared.act import acting
from shared.failures import Failure, classify
from shared.tools import Tools

CONNECTIONS = 50
"""So many are served at once; each may hold two mails in memory."""
LINES_AT_ONCE = 100

_WITHOUT_STATUS = re.compile(r"(?!220 |250-|250 HELP)([245])\d\d (?![245]\.)")

log = structlog.get_logger()


class ReportHandler:
    """What aiosmtpd asks about each mail handed over."""

    def __init__(self, tools: Tools, verp: Verp) -> None:
        self._tools = tools
        self._verp = verp
        self._reports = Counter(
            f"nahbar_{tools.name}_mail_reports",
            "Reports by mail, by what they said or why they were not taken",
            ["kind"],
            registry=tools.metrics.registry,
        )

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Say what else we do (RFC 2033, section 5): commands may come in one go, answers have enhanced codes."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", responses[-1]]

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
        """Apply a report, and only then take it: the server handing it over keeps it while our database is away."""
        message = self._verp.read(envelope.rcpt_tos[0])
        if message is None:
            return "550 5.1.1 No such address"
        content = envelope.content
        try:
            report = read_report(content if isinstance(content, bytes) else str(content).encode())
        except TooComplex:
            return self._refused("too complex", "552 5.3.4 More parts than a report has")
        except Exception as error:  # whatever is wrong with one report concerns it alone, and will be wrong tomorrow
            log.error("report_not_readable", message=str(message), error=type(error).__name__)
            return self._refused("not readable", "554 5.6.0 Not readable")
        return await self._apply(message, report)

    async def handle_exception(self, error: Exception) -> str:
        """Answer where a command led to an exception; its text may name people, so nobody hears it."""
        will_pass = classify(error) is Failure.TRANSIENT
        log.warning("report_not_taken", error=type(error).__name__)
        return self._refused("not taken", "451 4.3.0 Try again later" if will_pass else "554 5.3.0 Not understood")

    async def _apply(self, message: Any, report: MailReport) -> str:
        try:
            async with acting(self._tools) as act:
                await receive_mail_report(act, message, report)
        except Exception as error:
            log.warning("report_not_taken", error=type(error).__name__, exc_info=classify(error) is Failure.UNKNOWN)
            return self._refused("not taken", "451 4.3.0 Try again later")
        self._reports.labels(report.kind.value).inc()
        return "250 2.0.0 OK"

    def _refused(self, why: str, answer: str) -> str:
        self._reports.labels(why).inc()
        return answer


class ReportSession(LMTP):  # type: ignore[misc]
    """A connection. Mails for addresses beyond ASCII (RFC 6531) and lines of any length are welcome, up to `LARGEST`.

    RFC 5321 has lines of at most 1,000 octets, yet not every server that writes a report knows that.
    """

    line_length_limit = LARGEST

    def __init__(self, handler: ReportHandler, hostname: str, connections: set["ReportSession"]) -> None:
        super().__init__(handler, hostname=hostname, data_size_limit=LARGEST, enable_SMTPUTF8=True)
        self._connections = connections

    async def push(self, status: Any) -> None:
        """Answer, with an enhanced code (RFC 2034) also where aiosmtpd speaks for itself."""
        if isinstance(status, str):
            status = _WITHOUT_STATUS.sub(r"\g<0>\1.0.0 ", status, count=1)
        await super().push(status)

    async def _handle_client(self) -> None:
        if len(self._connections) >= CONNECTIONS:
            await self.push("421 4.3.2 Too many connections")
            self._writer.close()
            return
        self._connections.add(self)
        try:
            await super()._handle_client()
        finally:
            self._connections.discard(self)

    def _cb_client_connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super()._cb_client_connected(_Patient(reader), writer)


class _Patient:
    """Reads lines, and lets others work in between: a mail may be a hundred thousand of them, all there at once."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._lines = 0

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        self._lines += 1
        if self._lines % LINES_AT_ONCE == 0:
            await asyncio.sleep(0)
        return await self._reader.readuntil(separator)

    async def read(self, count: int) -> bytes:
        return await self._reader.read(count)


@asynccontextmanager
async def listening(handler: ReportHandler, settings: Settings) -> AsyncIterator[None]:
    """Listen for reports while the context is open, if a port is configured."""
    if settings.bounce_port is None:
        yield
        return
    connections: set[ReportSession] = set()

    def session() -> ReportSession:
        return ReportSession(handler, settings.bounce_domain, connections)

    server = await asyncio.get_running_loop().create_server(session, settings.bounce_host, settings.bounce_port)
    try:
        yield
    finally:
        server.close()
