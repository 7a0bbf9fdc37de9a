"""The simulated mail server: accepts what its recipients' behaviours let through, and reports by LMTP.

It can be told to refuse everybody at a stage (`/mail/simulator/refusal`), as a server does that does not know who
sends, or is set up wrongly (RFC 5321, RFC 4954).
"""

import asyncio
import smtplib
import socket
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import httpx
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from fastapi import APIRouter
from pydantic import BaseModel, Field

from deploy.local.far_ends import mail_reports
from deploy.local.far_ends.behaviours import SIMULATOR_DOMAIN, Behaviour, Conduct, Delays, conduct_of_address
from deploy.local.far_ends.courier import RESCUE, Courier
from deploy.local.far_ends.records import Channel, NewReport, Report, ReportKind
from deploy.local.far_ends.store import Store

REFUSALS = {
    Behaviour.PERM_FAIL: "550 5.1.1 No such mailbox",
    Behaviour.TEMP_FAIL: "450 4.2.0 Mailbox not available, try again later",
    Behaviour.FULL: "452 4.2.2 Mailbox full",
}


class Refusal(BaseModel):
    """What everybody is answered at a stage, such as "530 5.7.57 Client was not authenticated"; "" ends it."""

    stage: Literal["connection", "login", "sender", "recipient", "content"]
    answer: str = Field(pattern=r"^([45]\d\d [ -~]+)?$")


class Reporter:
    """Tells the sender of a mail what became of it.

    Args:
        listener: host and port that takes reports to the mails' envelope senders, by LMTP (RFC 2033).
    """

    def __init__(self, store: Store, listener: tuple[str, int], timeout: float = 5) -> None:
        self._store = store
        self._listener = listener
        self._timeout = timeout

    async def deliver(self, report: Report) -> None:
        """Send one report.

        Raises:
            OSError, httpx.HTTPError: it was not taken.
        """
        message = self._store.message(report.message or 0)
        assert message is not None
        match report.kind:
            case ReportKind.BOUNCE:
                await asyncio.to_thread(self._post, message.sender, mail_reports.failure(message, report))
            case ReportKind.COMPLAINT:
                await asyncio.to_thread(self._post, message.sender, mail_reports.complaint(message, report))
            case ReportKind.UNSUBSCRIBE:
                if address := mail_reports.one_click_address(message.source):
                    async with httpx.AsyncClient(timeout=self._timeout) as client:
                        answer = await client.post(address, data={"List-Unsubscribe": "One-Click"})
                        answer.raise_for_status()

    def _post(self, to: str, mail: bytes) -> None:
        with smtplib.LMTP(*self._listener, local_hostname=SIMULATOR_DOMAIN, timeout=self._timeout) as client:
            client.sendmail("", [to], mail)


class MailHandler:
    """What aiosmtpd asks about each mail; a mail to several people gets the answer of the strictest of them."""

    def __init__(self, store: Store, courier: Courier, delays: Delays) -> None:
        self._store = store
        self._courier = courier
        self._delays = delays

    def log_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Let everybody in, or nobody."""
        refusal = self._store.refusal("login")
        return AuthResult(success=not refusal, handled=False, message=refusal or None)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a sender."""
        if refusal := self._store.refusal("sender"):
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if refusal := self._store.refusal("recipient") or REFUSALS.get(conduct_of_address(address).behaviour):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take or refuse a mail; it is committed before anything is answered or reported."""
        if everybodys := self._store.refusal("content"):
            return everybodys
        headers = mail_reports.headers_of(envelope.content)
        reference = headers["X-Nahbar-Message"] or headers["Message-ID"]
        conducts = {recipient: conduct_of_address(recipient) for recipient in envelope.rcpt_tos}
        for recipient, conduct in conducts.items():
            if refusal := self._refusal(recipient, conduct, str(reference)):
                return refusal
        sender = envelope.mail_from.strip("<>")
        numbers = self._store.accept(
            Channel.MAIL,
            sender,
            reference and str(reference).strip(),
            envelope.content,
            {recipient: self._reports(sender, conduct) for recipient, conduct in conducts.items()},
        )
        behaviours = [conduct.behaviour for conduct in conducts.values()]
        for number, behaviour in zip(numbers, behaviours, strict=True):
            if behaviour == Behaviour.LATE_RECEIPT:
                await asyncio.gather(*map(self._courier.send, self._store.reports(number)))
        if Behaviour.DROP in behaviours:
            server.transport.abort()
        if Behaviour.SLOW in behaviours:
            await asyncio.sleep(self._delays.slow)
        return "250 2.0.0 Accepted"

    def _refusal(self, recipient: str, conduct: Conduct, reference: str) -> str | None:
        if conduct.behaviour not in (Behaviour.FLAKY, Behaviour.THROTTLE):
            return None
        times, since_first = self._store.count_try(Channel.MAIL, recipient, reference)
        if conduct.behaviour == Behaviour.FLAKY and times <= conduct.refusals:
            return "451 4.3.0 Try again later"
        if conduct.behaviour == Behaviour.THROTTLE and since_first < self._delays.throttle:
            return "421 4.7.0 Too many mails, try again later"
        return None

    def _reports(self, sender: str, conduct: Conduct) -> list[NewReport]:
        bounce = NewReport(ReportKind.BOUNCE, "5.1.1", self._delays.later)
        reports = {
            Behaviour.BOUNCE_LATER: [bounce],
            Behaviour.DUP_RECEIPT: [bounce, bounce],
            Behaviour.LATE_RECEIPT: [NewReport(ReportKind.BOUNCE, "5.1.1", RESCUE)],
            Behaviour.COMPLAINT: [NewReport(ReportKind.COMPLAINT, "abuse", self._delays.later)],
            Behaviour.UNSUBSCRIBE: [NewReport(ReportKind.UNSUBSCRIBE, "one-click", self._delays.later)],
        }.get(conduct.behaviour, [])
        return reports if sender else []  # a mail without sender is never answered (RFC 5321 4.5.5)


class MailSession(SMTP):  # type: ignore[misc]
    """A connection, which may be refused before anything is said."""

    def __init__(self, handler: MailHandler, store: Store) -> None:
        super().__init__(
            handler,
            hostname=SIMULATOR_DOMAIN,
            ident="Nahbar far end",
            enable_SMTPUTF8=True,
            authenticator=handler.log_in,
            auth_require_tls=False,
        )
        self._store = store

    async def push(self, status: Any) -> None:
        """Answer; a greeting may be a refusal."""
        refusal = self._store.refusal("connection") if str(status).startswith("220 ") else ""
        await super().push(refusal or status)
        if refusal:
            self._writer.close()


def create_refusals(folder: Path) -> APIRouter:
    """The route that tells the mail server to refuse everybody: `/simulator/refusal`."""
    router = APIRouter()

    @router.put("/simulator/refusal", status_code=204)
    def refuse(wanted: Refusal) -> None:
        with closing(Store(folder)) as store:
            store.refuse(wanted.stage, wanted.answer)

    return router


async def serve(
    store: Store, listening: socket.socket, listener: tuple[str, int], delays: Delays, stop: asyncio.Event
) -> None:
    """Serve SMTP on a listening socket and send reports until `stop`."""
    courier = Courier(store, Channel.MAIL, Reporter(store, listener).deliver)
    handler = MailHandler(store, courier, delays)

    def session() -> Any:
        return MailSession(handler, store)

    async with courier.running():
        server = await asyncio.get_running_loop().create_server(session, sock=listening)
        try:
            await stop.wait()
        finally:
            server.close()
