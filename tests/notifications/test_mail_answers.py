"""What the mail server's answers mean: those about us wait until we mend it, others are about a mail or its reader."""

import pytest

from services.notifications.sending.domain import Answer, Result
from services.notifications.sending.gateways.mail_answers import About, Stage, about, result_of

US, PERHAPS, MAIL = About.US, About.PERHAPS_US, About.THE_MAIL


@pytest.mark.parametrize(
    ("stage", "answer", "whom"),
    [
        ("connection", "554 No SMTP service here", US),
        ("connection", "535 5.7.8 Authentication credentials invalid", US),
        ("connection", "454 4.7.0 TLS not available", US),
        ("connection", "550 5.1.1 Nonsense", US),
        ("sender", "530 5.7.57 Client was not authenticated to send mail", US),
        ("sender", "530 5.7.0 Must issue a STARTTLS command first", US),
        ("sender", "550 5.1.8 Sender domain does not exist", US),
        ("sender", "553 Sender address rejected", US),
        ("sender", "451 4.3.0 Local error", US),
        ("sender", "452 4.3.1 Insufficient system storage", US),
        ("sender", "552 Message size exceeds fixed maximum", MAIL),
        ("sender", "550 5.3.4 Message too big", MAIL),
        ("sender", "550 5.6.7 Non-ASCII addresses not permitted", MAIL),
        ("recipient", "550 5.7.1 Unable to relay", US),
        ("recipient", "550 relay not permitted", US),
        ("recipient", "554 5.7.1 <ada@relay.example>: Relay access denied", US),
        ("recipient", "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", US),
        ("recipient", "530 Authentication required", US),
        ("recipient", "550 5.7.23 SPF validation failed", US),
        ("recipient", "550 5.7.60 Client does not have permissions to send as this sender", US),
        ("recipient", "450 4.1.8 Sender address rejected: Domain not found", US),
        ("recipient", "553 5.1.7 Bad sender's mailbox address syntax", US),
        ("recipient", "452 4.3.1 Insufficient system storage", US),
        ("recipient", "503 5.5.1 Need MAIL command", US),
        ("recipient", "555 RCPT TO parameters not recognized", US),
        ("recipient", "554 5.7.1 Client host rejected: Access denied", PERHAPS),
        ("recipient", "450 4.7.1 Greylisted", PERHAPS),
        ("recipient", "550 5.7.133 Sender not authenticated for group", PERHAPS),
        ("recipient", "550 5.1.1 <relay@stadt.example> unknown", MAIL),
        ("recipient", "550 No such user", MAIL),
        ("recipient", "550 5.1.10 Null MX", MAIL),
        ("recipient", "556 5.1.10 Domain takes no mail", MAIL),
        ("recipient", "552 5.2.2 Mailbox full", MAIL),
        ("recipient", "452 4.2.2 Mailbox full", MAIL),
        ("recipient", "550 5.5.0 Mailbox unavailable", MAIL),
        ("recipient", "550 5.4.1 Recipient address rejected", MAIL),
        ("recipient", "501 Syntax error in address", MAIL),
        ("content", "550 5.6.0 Lone LF", MAIL),
        ("content", "552 5.2.3 Too long", MAIL),
        ("content", "554 5.3.4 Too big", MAIL),
        ("content", "550 5.1.1 No such mailbox", MAIL),
        ("content", "451 4.3.0 Try again later", MAIL),
        ("content", "554 5.7.1 Looks like spam", PERHAPS),
        ("content", "554 Transaction failed", PERHAPS),
        ("content", "550 5.0.0 Rejected from 192.0.2.15", PERHAPS),
        ("content", "451 4.7.1 Scanner busy", PERHAPS),
        ("content", "550 5.7.8 Authentication required", US),
        ("content", "554 5.3.2 Not accepting messages", US),
    ],
)
def test_an_answer_is_about_us_or_about_the_mail(stage: str, answer: str, whom: About) -> None:
    code, text = int(answer[:3]), answer[4:]
    assert about(Stage(stage), code, text) is whom


@pytest.mark.parametrize(
    ("stage", "code", "text", "whom", "result"),
    [
        ("sender", 530, "5.7.57 a", US, Result(Answer.AWAY, error="barred 530 5.7.57")),
        ("sender", 451, "4.3.0 a", US, Result(Answer.AWAY, error="away 451 4.3.0")),
        ("recipient", 550, "a", MAIL, Result(Answer.REFUSED, error="permanent 550")),
        ("recipient", 550, "5.1.1 a", MAIL, Result(Answer.REFUSED, error="permanent 550 5.1.1", address_gone=True)),
        ("recipient", 450, "4.2.0 a", MAIL, Result(Answer.NOT_NOW, error="temporary 450 4.2.0")),
        ("recipient", 550, "5.7.1 a", PERHAPS, Result(Answer.NOT_NOW, error="policy 550 5.7.1")),
        ("content", 554, "5.7.1 a", PERHAPS, Result(Answer.REFUSED, error="permanent 554 5.7.1")),
        ("content", 451, "4.7.1 a", PERHAPS, Result(Answer.NOT_NOW, error="temporary 451 4.7.1")),
        ("connection", 421, "4.7.0 a", US, Result(Answer.TOO_FAST, error="throttled 421 4.7.0")),
        ("recipient", -1, "a", US, Result(Answer.AWAY, error="away unreadable")),
        ("content", -1, "a", MAIL, Result(Answer.NONE, error="no answer that can be read")),
        ("content", 354, "a", MAIL, Result(Answer.NONE, error="no answer that can be read")),
    ],
)
def test_what_follows_from_an_answer(stage: str, code: int, text: str, whom: About, result: Result) -> None:
    assert result_of(Stage(stage), code, text, whom) == result
