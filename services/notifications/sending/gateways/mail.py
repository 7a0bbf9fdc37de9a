"""The mail server: SMTP over kept connections, and what its answers mean."""

import re

from aiosmtplib import (
    SMTP,
    SMTPConnectResponseError,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from services.notifications.sending.domain import Answer, Result
from services.notifications.settings import Settings
from services.notifications.writing.mail import Letter

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_ADDRESS_GONE = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10")
"""Status codes that mean there is no such mailbox or domain (RFC 3463, RFC 7505)."""


def address_gone(status: str) -> bool:
    """Whether an enhanced status code says that the address does not exist."""
    return status in _ADDRESS_GONE


class MailGateway:
    """Hands mails to the city's mail server.

    Connections are kept and used again, the last one first; there are as many as mails are sent at once.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: list[SMTP] = []

    async def send(self, letter: Letter, sender: str) -> Result:
        """Send a mail; `sender` is the envelope sender, where reports about it go."""
        while self._idle:
            try:
                return await self._hand_over(self._idle.pop(), letter, sender)
            except _Stale:
                continue
        client = self._new_client()
        try:
            await client.connect()
        except SMTPConnectResponseError as error:
            return _answered(error)
        except (OSError, SMTPException) as error:
            return Result(Answer.AWAY, error=f"away {type(error).__name__}")
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
        try:
            await client.mail(sender, options=["SMTPUTF8"] if utf8 else None)
            await client.rcpt(letter.recipient, encoding="utf-8" if utf8 else "ascii")
        except SMTPResponseException as error:
            return await self._refused(client, error)
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
            client.close()
            raise _Stale from error
        try:
            await client.data(letter.content)
        except SMTPResponseException as error:
            return await self._refused(client, error)
        except (SMTPException, OSError) as error:
            client.close()
            return Result(Answer.NONE, error=f"no answer {type(error).__name__}")
        self._idle.append(client)
        return Result(Answer.DELIVERED)

    async def _refused(self, client: SMTP, error: SMTPResponseException) -> Result:
        try:
            if error.code == 421:
                client.close()
            else:
                await client.rset()
                self._idle.append(client)
        except (SMTPException, OSError):
            client.close()
        return _answered(error)


class _Stale(Exception):
    """A kept connection turned out to be closed."""


def _answered(error: SMTPResponseException) -> Result:
    """What a refusal means (RFC 5321, section 4.2.1): 4yz not now, 5yz never; 421 the server wants to be left alone."""
    found = _ENHANCED.search(error.message)
    status = found[0] if found else ""
    text = f"{error.code} {status}".strip()
    if error.code == 421:
        return Result(Answer.TOO_FAST, error=f"throttled {text}")
    if 500 <= error.code < 600:
        return Result(Answer.REFUSED, error=f"permanent {text}", address_gone=address_gone(status))
    return Result(Answer.NOT_NOW, error=f"temporary {text}")
