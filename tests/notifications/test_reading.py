"""Reports by mail: what notifications of failure and complaints say, however they are written."""

import re
from base64 import encodebytes
from quopri import encodestring
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.purposes import Purpose
from services.notifications.reports.domain import MailReport, ReportKind
from services.notifications.reports.parts import DEPTH, LARGEST, PARTS, TooComplex
from services.notifications.reports.reading import BLOCKS, COMPLAINTS, READ, read_report
from services.notifications.reports.reading import FIELDS as FIELDS_READ
from services.notifications.writing.mail import MailWriter
from services.notifications.writing.texts import Texts
from shared.city import City
from tests.notifications.bounces import FAILURE, FIELDS, GONE, nested, report
from tests.notifications.facts import MONDAY_NOON, person
from tests.notifications.samples import fact_for

OTHER = MailReport(ReportKind.OTHER)
COMPLAINT = MailReport(ReportKind.COMPLAINT)
FAILED = MailReport(ReportKind.FAILED, "")


def failure(*changes: tuple[bytes, bytes]) -> bytes:
    """The notification with some of its text changed."""
    fields = FIELDS
    for old, new in changes:
        assert old in fields
        fields = fields.replace(old, new)
    return report("message/delivery-status", fields)


def feedback(*fields: str) -> bytes:
    """A feedback report."""
    return report("message/feedback-report", "\n".join([*fields, "User-Agent: Provider/1", "Version: 1", ""]).encode())


@pytest.mark.parametrize(
    "kind", ["message/delivery-status", "message/global-delivery-status", "Message/Delivery-Status"]
)
@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [
        ("base64", encodebytes(FIELDS)),
        ("BASE64 (as all)", encodebytes(FIELDS.replace(b"\n", b"\r\n"))),
        ("quoted-printable", encodestring(FIELDS, quotetabs=True)),
        ("quoted-printable", encodestring(FIELDS.replace(b"failed", b"fai=\nled")).replace(b"=3D\n", b"=\n")),
        ("8bit", FIELDS.replace(b"ada@", "ädä@".encode())),
        ("binary", FIELDS.replace(b"\n", b"\r\n")),
        ("\n 7bit", FIELDS),
    ],
)
def test_a_notification_is_read_in_every_encoding(kind: str, encoding: str, encoded: bytes) -> None:
    mail = report(kind, encoded, f"Content-Transfer-Encoding: {encoding}\n")
    assert read_report(mail) == read_report(re.sub(rb"\r?\n", b"\r\n", mail)) == GONE


@pytest.mark.parametrize(("encoding", "content"), [("x-own", FIELDS), ("base64", b"QWN0a"), ("uuencode", FIELDS)])
def test_what_cannot_be_decoded_says_nothing(encoding: str, content: bytes) -> None:
    headers = f"Content-Transfer-Encoding: {encoding}\n"
    assert read_report(report("message/delivery-status", content, headers)) == OTHER


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        (FAILURE, GONE),
        (failure((b"Action: failed", b"action :  FAILED ")), GONE),
        (failure((b"Action: failed", b"Action: (we gave (really) up) failed (\\) sorry)")), GONE),
        (failure((b"Action: failed", b"Action:\n failed")), GONE),
        (failure((b"Action: failed", b"Action:\n \n\tfailed")), GONE),
        (failure((b"Action: failed", b"Action: failed\nAction: failed")), GONE),
        (failure((b"Action: failed", b"Action: delayed\nAction: failed")), GONE),
        (failure((b"Status: 5.1.1", b"Status: 5.1.1 (bad destination mailbox address)")), GONE),
        (failure((b"Status: 5.1.1", b"Status: (4.2.2 before) 5.1.1")), GONE),
        (failure((b"Status: 5.1.1", b"Status: 5.1.1\nStatus: 4.0.0")), GONE),
        (failure((b"Status: 5.1.1", b"Status: five")), FAILED),
        (failure((b"Status: 5.1.1\n", b"")), FAILED),
        (failure((b"Status: 5.1.1", b"Status: 2.1.5")), FAILED),
        (failure((b"Status: 5.1.1", b"Status: 4.4.7")), MailReport(ReportKind.FAILED, "4.4.7")),
        (failure((b"Status: 5.1.1", b"Status: 5.0.0\nDiagnostic-Code: smtp;\n 550-5.1.1 No such user")), GONE),
        (failure((b"Status: 5.1.1", b"Diagnostic-Code: smtp; 550 #5.1.1 No such user")), GONE),
        (failure((b"Status: 5.1.1", b"Status: 5.0.0")), MailReport(ReportKind.FAILED, "5.0.0")),
        (failure((b"rfc822; ada@", "utf-8; ädä@".encode())), GONE),
        (failure((b"rfc822; ada@", b"utf-8; \\x{E4}d\\x{E4}@")), GONE),
        (failure((b"rfc822; ada@", b"rfc822; ada+2B1@")), GONE),
        (failure((b"Reporting-MTA: dns; provider.example\n", b"Reporting-MTA: dns; provider.example\n\n\n")), GONE),
        (failure((b"Reporting-MTA: dns; provider.example\n\n", b"")), GONE),
        *((failure((b"Action: failed", b"Action: " + each)), OTHER) for each in (b"delayed", b"relayed", b"expanded")),
        *((failure((b"Action: failed", b"Action: " + each)), OTHER) for each in (b"delivered", b"(failed) x", b"")),
        (failure((b"Action: failed\n", b"")), OTHER),
        (failure((b"Status: 5.1.1", b"Status: 5.1.1\n\nAction: delayed\nStatus: 4.2.2")), GONE),
        (failure((b"Action: failed", b"Action: expanded\n\nAction: failed")), GONE),
        (failure((b"Action: failed", b"Action: delivered\n\nAction: failed")), OTHER),
        (FAILURE.replace(b"boundary=b", b'boundary*0="";\n boundary*1=b'), GONE),
        (FAILURE.replace(b"boundary=b", b'(a "comment") ; BOUNDARY="b" (more)'), GONE),
        (FAILURE.replace(b"--b\n", b"--b \t\n").replace(b"--b--\n", b""), GONE),
        (FAILURE.replace(b"--b\nContent-Type: text", b"--bb\n--b\nContent-Type: text"), GONE),
        (b"Content-Type: multipart/mixed; boundary=bb\n\n--bb\n" + FAILURE + b"\n--bb--\n", GONE),
        (FAILURE.replace(b"boundary=b", b"boundary=c"), OTHER),
        (FAILURE.replace(b"boundary=b", b"boundary*=b; boundary*0=c; boundary*1*=d"), OTHER),
        (FAILURE[: FAILURE.index(b"Reporting")] + b"\n--b--\n" + FIELDS, OTHER),
        (b"Content-Type: message/rfc822\n\n" + FAILURE, OTHER),
        (FAILURE.replace(b"--b\nContent-Type: message", b"--b--\n--b\nContent-Type: message"), OTHER),
        (failure((b"example\n\n", b"example\n\n" + b"\n" * 200)), GONE),
        (failure((b"example\n\n", b"example\n\n" + b"Action: delayed\n\n" * BLOCKS)), OTHER),
        (failure((b"Action: failed", b"Action: delayed\n" * FIELDS_READ + b"Action: failed")), OTHER),
        (failure((b"Action: failed", b"X: " + b"x" * READ + b"\nAction: failed")), OTHER),
        (b"Subject: I am on holiday\n\nBack on Monday.", OTHER),
        (b"", OTHER),
        (b"\xff\xfe\x00", OTHER),
        (b"Content-Type: message/delivery-status\n\n\xff\xff", OTHER),
        (b"Content-Type: multipart/report; boundary=\n\n--\nContent-Type: message/delivery-status\n\n" + FIELDS, OTHER),
    ],
)
def test_what_a_notification_says(mail: bytes, expected: MailReport) -> None:
    assert read_report(mail) == read_report(re.sub(rb"\r?\n", b"\r\n", mail)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["Feedback-Type: abuse"], COMPLAINT),
        (["feedback-type:\n (they said) ABUSE"], COMPLAINT),
        (["Feedback-Type: fraud"], COMPLAINT),
        (["Feedback-Type: abuse", "Feedback-Type: abuse"], COMPLAINT),
        (["Feedback-Type: not-spam"], OTHER),
        (["Feedback-Type: auth-failure", "Auth-Failure: dkim"], OTHER),
        (["Feedback-Type: virus"], OTHER),
        (["Feedback-Type: other"], OTHER),
        (["Feedback-Type: not-spam (abuse)"], OTHER),
        (["Feedback-Type: abuse", "Feedback-Type: not-spam"], OTHER),
        (["Feedback-Type: x-abuse"], OTHER),
        (["Feedback-Type:"], OTHER),
        ([], OTHER),
    ],
)
def test_only_who_objects_to_a_mail_complains(fields: list[str], expected: MailReport) -> None:
    assert read_report(feedback(*fields)) == expected


def test_a_complaint_needs_no_original_mail_and_may_be_encoded() -> None:
    fields = b"Feedback-Type: abuse\nVersion: 1\n"
    whole = report("message/feedback-report", encodebytes(fields), "Content-Transfer-Encoding: base64\n")
    assert read_report(whole) == read_report(whole[: whole.rindex(b"\n--b\n")]) == COMPLAINT
    assert {"abuse", "fraud"} == COMPLAINTS


def test_the_limits_leave_room_for_reports_that_were_wrapped_and_for_our_largest_mail() -> None:
    assert read_report(nested(DEPTH - 2, FAILURE)) == GONE
    attached = b"--b\nContent-Type: image/png\n\nx\n" * (PARTS - 5)
    assert read_report(FAILURE.replace(b"--b\nContent-Type: message", attached + b"--b\nContent-Type: message")) == GONE
    texts = Texts(City.load("duisburg"), "https://duisburg.example")
    writer = MailWriter(texts, "termine@stadt.example", "service@stadt.example")
    for purpose in Purpose:
        mail = writer.write(uuid4(), purpose, fact_for(purpose), person(), MONDAY_NOON)
        assert len(mail.content) < LARGEST / 4


@pytest.mark.parametrize(
    "mail",
    [
        nested(DEPTH, FAILURE),
        nested(1500, b""),
        FAILURE.replace(b"--b\nContent-Type: message", b"--b\n\n\n" * PARTS + b"--b\nContent-Type: message"),
    ],
)
def test_what_is_no_report_is_not_taken_apart(mail: bytes) -> None:
    with pytest.raises(TooComplex):
        read_report(mail)


@given(st.binary(max_size=400), st.integers(0, len(FAILURE)), st.integers(0, 40))
def test_no_mail_breaks_the_reader(noise: bytes, position: int, cut: int) -> None:
    assert isinstance(read_report(FAILURE[:position] + noise + FAILURE[position + cut :]), MailReport)
