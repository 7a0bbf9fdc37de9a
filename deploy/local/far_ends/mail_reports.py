"""What mail servers say afterwards: failure (RFC 3464), complaint (RFC 5965), one-click unsubscribing (RFC 8058)."""

import re
from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import BytesHeaderParser, BytesParser
from email.policy import SMTP, default
from email.utils import format_datetime

from deploy.local.far_ends.behaviours import SIMULATOR_DOMAIN
from deploy.local.far_ends.records import Accepted, Report


def headers_of(source: bytes) -> EmailMessage:
    """The headers of a raw mail."""
    return BytesHeaderParser(policy=default).parsebytes(source)


def failure(message: Accepted, report: Report) -> bytes:
    """The delivery status notification (RFC 3464) that a mail failed; the report's detail is its status (RFC 3463)."""
    of_message = Message()
    of_message["Reporting-MTA"] = f"dns; {SIMULATOR_DOMAIN}"
    of_message["Arrival-Date"] = format_datetime(message.accepted_at)
    of_recipient = Message()
    of_recipient["Final-Recipient"] = f"rfc822; {message.recipient}"
    of_recipient["Action"] = "failed"
    of_recipient["Status"] = report.detail
    of_recipient["Diagnostic-Code"] = f"smtp; 550 {report.detail} No such mailbox"
    status = MIMEBase("message", "delivery-status")
    status.set_payload([of_message, of_recipient])
    original = MIMEText(re.split(rb"\r?\n\r?\n", message.source, maxsplit=1)[0].decode("utf-8", "replace"))
    original.set_type("text/rfc822-headers")
    explanation = f"Your message to {message.recipient} could not be delivered: there is no such mailbox.\n"
    return _report(
        "delivery-status", "Undelivered mail returned to sender", explanation, status, original, message, report
    )


def complaint(message: Accepted, report: Report) -> bytes:
    """The feedback report (RFC 5965) that the recipient marked a mail as unwanted."""
    fields = Message()
    fields["Feedback-Type"] = "abuse"
    fields["User-Agent"] = "Nahbar-Far-Ends/1"
    fields["Version"] = "1"
    fields["Original-Mail-From"] = f"<{message.sender}>"
    fields["Original-Rcpt-To"] = f"<{message.recipient}>"
    fields["Arrival-Date"] = format_datetime(message.accepted_at)
    feedback = MIMEBase("message", "feedback-report")
    feedback.set_payload([fields])
    original = MIMEBase("message", "rfc822")
    original.set_payload([BytesParser().parsebytes(message.source)])
    explanation = f"This is a complaint about a mail to {message.recipient}.\n"
    return _report("feedback-report", "Complaint about a mail", explanation, feedback, original, message, report)


def one_click_address(source: bytes) -> str | None:
    """Where a mail says one can unsubscribe by POST (RFC 8058)."""
    headers = headers_of(source)
    if "one-click" not in str(headers.get("List-Unsubscribe-Post", "")).lower():
        return None
    found = re.search(r"<(https?://[^>\s]+)>", str(headers.get("List-Unsubscribe", "")))
    return found[1] if found else None


def _report(
    kind: str,
    subject: str,
    explanation: str,
    machine_part: Message,
    original: Message,
    message: Accepted,
    report: Report,
) -> bytes:
    mail = MIMEMultipart("report", report_type=kind)
    mail["From"] = f"Mail Delivery System <MAILER-DAEMON@{SIMULATOR_DOMAIN}>"
    mail["To"] = message.sender
    mail["Subject"] = subject
    mail["Date"] = format_datetime(message.accepted_at)
    mail["Message-ID"] = f"<report-{report.number}@{SIMULATOR_DOMAIN}>"
    mail["Auto-Submitted"] = "auto-replied"
    for part in (MIMEText(explanation), machine_part, original):
        mail.attach(part)
    return mail.as_bytes(policy=SMTP)
