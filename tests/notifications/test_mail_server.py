"""The mail server, met by the real adapter: what refuses us, what it offers, and that nothing is lost meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from pydantic import SecretStr
from structlog.testing import capture_logs

from deploy.local.far_ends.mail import Refusal
from deploy.local.far_ends.store import Store
from services.notifications.sending.domain import Answer, Result
from services.notifications.sending.gateways.mail import MailGateway
from services.notifications.sending.gateways.mail_answers import SEVERAL
from services.notifications.settings import Settings
from services.notifications.writing.mail import Letter
from tests.notifications.facts import MONDAY_NOON, booked, person, received
from tests.notifications.kit import Post
from tests.support.wait import eventually

LETTER = Letter("ada@stadt.example", b"Subject: Termin\r\n\r\nGuten Tag\r\n")
UTF8 = Letter("ädä@stadt.example", "To: ädä@stadt.example\r\n\r\nGuten Tag\r\n".encode())


@dataclass
class Server:
    """A mail server that answers what it is told to, else yes; what it heard."""

    says: dict[str, str] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    asked: int = 0

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, name: str, offers: list[str]) -> list[str]:  # noqa: N802
        session.host_name = name
        return [offers[0], "250-DSN", *offers[1:]] if "dsn" in self.says else offers

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        self.options = options
        self.asked += 1
        envelope.mail_from = address
        return self.says.get("sender", "250 2.1.0 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self.says.get("recipient", "250 2.1.5 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        answer = self.says.get("content", "250 2.0.0 OK")
        if answer.startswith("250"):
            self.taken += envelope.rcpt_tos
        return answer


@asynccontextmanager
async def mail_server(server: Server, **options: Any) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(server, **options), "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


@asynccontextmanager
async def gateway(port: int, **changes: Any) -> AsyncIterator[MailGateway]:
    settings = Settings(smtp_port=port, send_timeout=5, retry_first=timedelta(0)).model_copy(update=changes)
    made = MailGateway(settings)
    try:
        yield made
    finally:
        await made.close()


async def test_refusals_that_may_be_about_us_are_when_nothing_else_is_taken() -> None:
    server = Server()
    async with mail_server(server) as port, gateway(port) as mail:
        for stage, at_first in (("recipient", "policy 554 5.7.1"), ("content", "permanent 554 5.7.1")):
            server.says = {stage: "554 5.7.1 Access denied"}
            errors = [(await mail.send(LETTER, "b@stadt.example")).error for _ in range(SEVERAL + 1)]
            assert errors == [at_first] * (SEVERAL - 1) + ["barred 554 5.7.1"] * 2
            assert mail.barred
            server.says = {}
            assert (await mail.send(LETTER, "b@stadt.example")).answer is Answer.DELIVERED
            assert not mail.barred
        server.says = {"recipient": "550 5.1.1 Unknown"}
        for _ in range(SEVERAL + 1):
            assert (await mail.send(LETTER, "b@stadt.example")).answer is Answer.REFUSED
        assert not mail.barred


async def test_one_mail_that_is_refused_while_others_are_taken_is_at_fault_itself() -> None:
    server = Server()
    async with mail_server(server) as port, gateway(port) as mail:
        for _ in range(SEVERAL + 1):
            server.says = {"content": "554 5.7.1 Looks like spam"}
            assert (await mail.send(LETTER, "b@stadt.example")).answer is Answer.REFUSED
            server.says = {}
            assert (await mail.send(LETTER, "b@stadt.example")).answer is Answer.DELIVERED


async def test_a_server_that_takes_nothing_from_us_is_asked_now_and_then_and_the_log_says_so_once() -> None:
    server = Server({"sender": "530 5.7.57 Client was not authenticated"})
    async with mail_server(server) as port, gateway(port, retry_first=timedelta(hours=1)) as mail:
        with capture_logs() as logs:
            results = [await mail.send(LETTER, "b@stadt.example") for _ in range(5)]
        assert results == [Result(Answer.AWAY, error="barred 530 5.7.57")] * 5
        assert logs == [
            {"event": "mail_server_takes_nothing_from_us", "answer": "barred 530 5.7.57", "log_level": "error"}
        ]
        assert server.asked == 1
        server.says = {}
    async with mail_server(server) as port, gateway(port, retry_first=timedelta(0)) as mail:
        server.says = {"recipient": "550 5.7.1 Unable to relay"}
        with capture_logs() as logs:
            assert {(await mail.send(LETTER, "b@stadt.example")).error for _ in range(5)} == {"barred 550 5.7.1"}
        assert len(logs) == 1


@pytest.mark.parametrize(
    ("changes", "options", "error"),
    [
        ({"smtp_user": "nahbar", "smtp_password": SecretStr("x")}, {"auth_require_tls": False}, "barred 535 5.7.8"),
        ({"smtp_user": "nahbar", "smtp_password": SecretStr("x")}, {}, "barred TLS or login not offered"),
        ({"smtp_tls": "starttls"}, {}, "barred TLS or login not offered"),
        ({}, {"auth_required": True, "auth_require_tls": False}, "barred 530 5.7.0"),
    ],
)
@pytest.mark.filterwarnings("ignore:Requiring AUTH")
async def test_login_and_encryption_are_about_us(changes: dict[str, Any], options: dict[str, Any], error: str) -> None:
    async with mail_server(Server(), **options) as port, gateway(port, **changes) as mail:
        assert await mail.send(LETTER, "b@stadt.example") == Result(Answer.AWAY, error=error)
        assert mail.barred


async def test_a_server_that_cannot_now_has_not_refused_us() -> None:
    async with mail_server(Server({"sender": "451 4.3.0 Local error"})) as port, gateway(port) as mail:
        assert (await mail.send(LETTER, "b@stadt.example")).error == "away 451 4.3.0"
        assert not mail.barred


async def test_a_server_that_is_away_has_not_refused_us() -> None:
    async with mail_server(Server()) as port:
        pass
    async with gateway(port) as mail:
        assert (await mail.send(LETTER, "b@stadt.example")).error == "away SMTPConnectError"
        assert not mail.barred


@pytest.mark.parametrize(
    ("letter", "options", "says", "result", "heard"),
    [
        (LETTER, {}, {}, Answer.DELIVERED, [f"SIZE={len(LETTER.content)}"]),
        (LETTER, {"data_size_limit": None}, {}, Answer.DELIVERED, []),
        (LETTER, {"data_size_limit": 10}, {}, "permanent 552", []),
        (UTF8, {}, {}, "not offered SMTPUTF8 5.6.7", []),
        (UTF8, {"enable_SMTPUTF8": True}, {}, Answer.DELIVERED, ["SIZE=38", "SMTPUTF8", "BODY=8BITMIME"]),
        (UTF8, {"enable_SMTPUTF8": True, "decode_data": True}, {}, Answer.DELIVERED, ["SIZE=38", "SMTPUTF8"]),
        (UTF8, {"enable_SMTPUTF8": True}, {"sender": "550 5.6.7 Not here"}, "permanent 550 5.6.7", None),
    ],
)
async def test_what_the_server_offers_is_used_and_what_it_does_not_is_done_without(
    letter: Letter, options: dict[str, Any], says: dict[str, str], result: Answer | str, heard: list[str] | None
) -> None:
    server = Server(says)
    async with mail_server(server, **options) as port, gateway(port) as mail:
        found = await mail.send(letter, "b@stadt.example")
        assert result in (found.answer, found.error)
        assert heard in (None, server.options)
        assert (await mail.send(LETTER, "b@stadt.example")).answer is (
            Answer.DELIVERED if not says and options.get("data_size_limit") != 10 else found.answer
        )


async def test_reports_need_not_quote_a_mail_where_the_server_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str | None] = []

    async def smtp_mail(self: SMTP, arg: str | None) -> None:
        heard.append(arg)
        await self.push("550 5.1.1 No")

    monkeypatch.setattr(SMTP, "smtp_MAIL", smtp_mail)
    for says, told in (({"dsn": "yes"}, True), ({}, False)):
        async with mail_server(Server(says)) as port, gateway(port) as mail:
            await mail.send(LETTER, "b@stadt.example")
        assert ("RET=HDRS" in (heard[-1] or "")) is told


async def test_an_answer_nobody_can_read_may_have_been_a_yes() -> None:
    server = Server({"content": "yes, thank you"})
    async with mail_server(server) as port, gateway(port) as mail:
        assert (await mail.send(LETTER, "b@stadt.example")).answer is Answer.NONE


REFUSALS = [
    ("connection", "554 5.3.2 No SMTP service here"),
    ("login", "535 5.7.8 Authentication credentials invalid"),
    ("sender", "530 5.7.57 Client was not authenticated to send mail"),
    ("recipient", "550 5.7.1 Unable to relay"),
    ("content", "554 5.7.1 Message rejected"),
]


async def test_mails_wait_while_the_server_refuses_us_and_go_out_when_that_is_mended(post: Post) -> None:
    post.settings = post.settings.model_copy(
        update={"smtp_user": "nahbar", "smtp_password": SecretStr("x"), "retry_limit": 2}
    )
    store = Store(post.folder)

    def refuse(stage: str, answer: str) -> None:
        wanted = Refusal.model_validate({"stage": stage, "answer": answer})
        store.refuse(wanted.stage, wanted.answer)

    for stage, answer in REFUSALS:
        refuse(stage, answer)
    refuse("content", "")
    fact, late = booked(person("delivered")), booked(person("delivered"), starts_at=MONDAY_NOON + timedelta(hours=3))
    async with post.mail_server(), post.gateway(), post.running(serve=False) as tools:
        await post.take(received(fact), received(late))
        seen: Callable[[], float | None] = lambda: tools.metrics.registry.get_sample_value(  # noqa: E731
            "nahbar_notifications_mail_barred"
        )
        for stage, answer in REFUSALS[:4]:
            code = f"barred {' '.join(answer.split()[:2])}"

            async def tried() -> bool:
                attempts = (await post.confirmation(fact.id)).attempts
                return [each.result for each in attempts].count(code) >= post.settings.retry_limit  # noqa: B023

            await eventually(tried, timeout=40)
            assert seen() == 1
            refuse(stage, "")
            if stage == "connection":
                post.move_clock(MONDAY_NOON + timedelta(hours=3))
                await post.until(late.id, mail="expired")
        await post.until(fact.id, mail="delivered")
        assert seen() == 0
    [row] = await post.rows("select tries from messages where id = :id", id=(await post.confirmation(fact.id)).message)
    assert row.tries == 0
    assert [mail.times for mail in post.received()] == [1]
    store.close()
