"""The mail server: SMTP over kept connections."""

import ssl
import time

import structlog
from aiosmtplib import (
    SMTP,
    SMTPConnectError,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from services.notifications.sending.domain import Answer, Result
from services.notifications.sending.gateways.mail_answers import SEVERAL, About, Stage, about, result_of
from services.notifications.settings import Settings
from services.notifications.writing.mail import Letter

REMIND = 300
"""Seconds after which the log says again that the mail server takes nothing from us."""

log = structlog.get_logger()


class MailGateway:
    """Hands mails to the city's mail server.

    Connections are kept and used again, the last one first; there are as many as mails are sent at once.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: list[SMTP] = []
        self._in_doubt = 0
        self._barred: Result | None = None
        self._next_knock = 0.0
        self._next_reminder = 0.0

    @property
    def barred(self) -> bool:
        """Whether the server has refused us since it last took a mail."""
        return self._barred is not None

    async def send(self, letter: Letter, sender: str) -> Result:
        """Send a mail; `sender` is the envelope sender, where reports about it go."""
        if self._barred and time.monotonic() < self._next_knock:
            return self._barred
        while self._idle:
            try:
                return await self._hand_over(self._idle.pop(), letter, sender)
            except _Stale:
                continue
        client = self._new_client()
        try:
            await client.connect()
            await _greet(client)
        except SMTPResponseException as error:
            client.close()
            return self._judged(Stage.CONNECTION, error)
        except (OSError, SMTPException) as error:
            client.close()
            return self._not_reached(error)
        try:
            return await self._hand_over(client, letter, sender)
        except _Stale as error:
            return Result(Answer.AWAY, error=f"away {type(error.__cause__).__name__}")

    async def close(self) -> None:
        """Close the kept connections."""
        while self._idle:
            self._idle.pop().close()

    def _new_client(self) -> SMTP:
        settings = self._settings
        return SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            username=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() or None,
            timeout=settings.send_timeout,
        )

    async def _hand_over(self, client: SMTP, letter: Letter, sender: str) -> Result:
        """Go through a mail transaction; keep the connection if it can be used again.

        Raises:
            _Stale: the connection broke before the mail was handed over, so nothing was sent.
        """
        utf8 = not letter.recipient.isascii()
        if utf8 and not client.supports_extension("smtputf8"):
            self._idle.append(client)
            return Result(Answer.REFUSED, error="not offered SMTPUTF8 5.6.7")
        stage = Stage.SENDER
        try:
            await client.mail(sender, options=_options(client, letter, utf8))
            stage = Stage.RECIPIENT
            await client.rcpt(letter.recipient, encoding="utf-8" if utf8 else "ascii")
        except SMTPResponseException as error:
            return await self._refused(client, stage, error)
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
            client.close()
            raise _Stale from error
        try:
            await client.data(letter.content)
        except SMTPResponseException as error:
            return await self._refused(client, Stage.CONTENT, error)
        except (SMTPException, OSError) as error:
            client.close()
            return Result(Answer.NONE, error=f"no answer {type(error).__name__}")
        self._idle.append(client)
        self._in_doubt, self._barred = 0, None
        return Result(Answer.DELIVERED)

    async def _refused(self, client: SMTP, stage: Stage, error: SMTPResponseException) -> Result:
        try:
            if error.code == 421 or not 400 <= error.code < 600:
                client.close()
            else:
                await client.rset()
                self._idle.append(client)
        except (SMTPException, OSError):
            client.close()
        return self._judged(stage, error)

    def _judged(self, stage: Stage, error: SMTPResponseException) -> Result:
        """What a refusal means, after those that went before it since the server last took a mail."""
        whom = about(stage, error.code, error.message)
        if whom is About.PERHAPS_US:
            self._in_doubt += 1
            whom = About.US if self._in_doubt >= SEVERAL else whom
        result = result_of(stage, error.code, error.message, whom)
        if whom is About.US and error.code >= 500:
            return self._bar(result, knocks=stage in (Stage.CONNECTION, Stage.SENDER))
        return result

    def _not_reached(self, error: OSError | SMTPException) -> Result:
        """What it means that no connection came about: nobody is there, or what we insist on is not to be had."""
        untrusted = isinstance(error, ssl.SSLCertVerificationError) or isinstance(
            error.__cause__, ssl.SSLCertVerificationError
        )
        nobody = isinstance(error, (SMTPConnectError, SMTPServerDisconnected, SMTPTimeoutError, OSError))
        if untrusted or not nobody:
            why = "certificate" if untrusted else "TLS or login not offered"
            return self._bar(Result(Answer.AWAY, error=f"barred {why}"), knocks=True)
        return Result(Answer.AWAY, error=f"away {type(error).__name__}")

    def _bar(self, result: Result, knocks: bool) -> Result:
        """Note that the server takes nothing from us; said in the log now and then, not once for each mail.

        Args:
            knocks: whether that holds whoever a mail is for, so that others need not try for a moment.
        """
        now = time.monotonic()
        self._barred = result
        if knocks:
            self._next_knock = now + self._settings.retry_first.total_seconds()
        if now >= self._next_reminder:
            self._next_reminder = now + REMIND
            log.error("mail_server_takes_nothing_from_us", answer=result.error)
        return result


class _Stale(Exception):
    """A kept connection turned out to be closed."""


async def _greet(client: SMTP) -> None:
    """Say who we are, if that has not been said, and learn what the server offers (RFC 5321, 3.2)."""
    if client.is_ehlo_or_helo_needed:
        try:
            await client.ehlo()
        except SMTPHeloError:
            await client.helo()


def _options(client: SMTP, letter: Letter, utf8: bool) -> list[str]:
    """What we say of a mail, where the server offers to hear it.

    Its size (RFC 1870), so that one too large is refused at once; letters beyond ASCII (RFC 6531, RFC 6152); that a
    report on it need not quote it (RFC 3461).
    """
    options = [f"SIZE={len(letter.content)}"] if client.supports_extension("size") else []
    if utf8:
        options += ["SMTPUTF8"] + ["BODY=8BITMIME"] * client.supports_extension("8bitmime")
    return options + ["RET=HDRS"] * client.supports_extension("dsn")
