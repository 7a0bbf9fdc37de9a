"""Mails that came back."""

import smtplib

from services.notifications.reports.domain import MailReport, ReportKind

GONE = MailReport(ReportKind.FAILED, "5.1.1")


FIELDS = b"""\
Reporting-MTA: dns; provider.example

Final-Recipient: rfc822; ada@provider.example
Action: failed
Status: 5.1.1
"""


def report(kind: str, fields: bytes, headers: str = "", original: str = "message/rfc822") -> bytes:
    """A report as RFC 6522 has it: an explanation, the part for machines, the original mail."""
    return (
        f"From: MAILER-DAEMON@provider.example\nContent-Type: multipart/report; report-type=x; boundary=b\n"
        f"MIME-Version: 1.0\n\n--b\nContent-Type: text/plain\n\nSorry.\n--b\nContent-Type: {kind}\n{headers}\n"
    ).encode() + (
        fields + f"\n--b\nContent-Type: {original}\n\nSubject: Termin\nAction: failed\n\nGuten Tag\n--b--\n".encode()
    )


FAILURE = report("message/delivery-status", FIELDS)


def nested(times: int, inner: bytes) -> bytes:
    """A mail in so many envelopes."""
    for number in range(times):
        inner = (
            f"Content-Type: multipart/mixed; boundary=e{number}\n\n--e{number}\n".encode()
            + inner
            + b"\n--e%d--" % number
        )
    return inner


def hand_over(port: int, to: str, mail: bytes, options: tuple[str, ...] = ()) -> tuple[int, bytes]:
    """Hand a mail over as a mail server does; returns the answer."""
    with smtplib.LMTP("127.0.0.1", port, timeout=30) as client:
        client.ehlo_or_helo_if_needed()
        code, answer = client.mail("", list(options))
        if code != 250:
            return code, answer
        assert client.rcpt(to)[0] == 250
        return client.data(mail)
