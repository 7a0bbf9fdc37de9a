"""Reads reports by mail: notifications of failure and complaints, as the RFCs have them and as servers write them."""

import re
from collections.abc import Iterator
from itertools import islice

from services.notifications.reports.domain import MailReport, ReportKind
from services.notifications.reports.parts import LONGEST_FIELD, Part, bare, lines, parts_of

STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
"""Notifications of delivery: RFC 3464, and RFC 6533 for addresses beyond ASCII."""
FEEDBACK_TYPE = "message/feedback-report"
COMPLAINTS = frozenset({"abuse", "fraud"})
"""The types of feedback by which somebody objects to a mail (RFC 5965, 7.3). `not-spam` says the opposite (RFC 6430);
`auth-failure` (RFC 6591), `virus` and `other` are no word of the recipient, nor is a type nobody knows."""

BLOCKS = 50
"""Blocks of a notification that are read: one about the mail, one for each recipient. Our mails have one recipient."""
FIELDS = 50
READ = 64 * 1024
"""Octets of a notification that are read."""

_FIELD = re.compile(
    r"^(action|status|diagnostic-code|feedback-type)[ \t]*:(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE
)
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_SAID = re.compile(r"\b[45]\d\d[ -]#?([45]\.\d{1,3}\.\d{1,3})\b")


def read_report(mail: bytes) -> MailReport:
    """Read a delivery status notification (RFC 3464, RFC 6533) or a feedback report (RFC 5965).

    Anything else, and whatever cannot be understood, is `OTHER`: holiday notes come to bounce addresses too. Addresses
    in a report are not read, so neither xtext (RFC 3461) nor the forms of RFC 6533 matter: the address it came to says
    which mail it is about.

    Raises:
        TooComplex
    """
    for part in parts_of(mail):
        if part.type == FEEDBACK_TYPE:
            return MailReport(ReportKind.COMPLAINT if _is_complaint(part) else ReportKind.OTHER)
        if part.type in STATUS_TYPES and (report := _failure(part)):
            return report
    return MailReport(ReportKind.OTHER)


def _is_complaint(part: Part) -> bool:
    """Whether a feedback report is a complaint; it has one type (RFC 5965, 3.1), so several must agree."""
    types = {bare(value).lower() for block in _blocks(part) for value in block.get("feedback-type", [])}
    return bool(types) and types <= COMPLAINTS


def _failure(part: Part) -> MailReport | None:
    """What a notification says of a failure; None if it tells of none.

    Only the action `failed` ends the attempts (RFC 3464, 2.3.3): `delayed` may still arrive, `relayed` and `expanded`
    went on. Where somebody got the mail, those it was passed on to as well may have failed.
    """
    failures, arrived = [], False
    for block in _blocks(part):
        actions = {bare(value).lower() for value in block.get("action", [])}
        arrived = arrived or actions == {"delivered"}
        if "failed" in actions:
            failures.append(_status(block))
    if arrived or not failures:
        return None
    return MailReport(ReportKind.FAILED, next(filter(None, failures), ""))


def _status(block: dict[str, list[str]]) -> str:
    """The enhanced status code (RFC 3463) of a failed recipient; "" where there is none, or it speaks of success.

    A server that gives no detail (x.0.0) may have passed on what another one answered, in the diagnostic code.
    """
    given = next((found[0] for value in block.get("status", []) if (found := _STATUS.search(bare(value)))), "")
    if given.startswith("2"):
        given = ""
    if not given or given.endswith(".0.0"):
        said = next((found[1] for value in block.get("diagnostic-code", []) if (found := _SAID.search(value))), "")
        return said or given
    return given


def _blocks(part: Part) -> Iterator[dict[str, list[str]]]:
    """The blocks of fields in a part for machines, each with the values of the fields that matter."""
    content = part.content()
    if content is None:
        return
    text = lines(content[:READ]).decode("utf-8", "replace")
    for block in re.split(r"\n\n+", text, maxsplit=BLOCKS)[:BLOCKS]:
        fields: dict[str, list[str]] = {}
        for found in islice(_FIELD.finditer(block), FIELDS):
            fields.setdefault(found[1].lower(), []).append(found[2][:LONGEST_FIELD].replace("\n", " "))
        yield fields
