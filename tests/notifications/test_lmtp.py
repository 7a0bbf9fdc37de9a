"""Where reports by mail come in: what the LMTP server takes, refuses and survives, and that nobody waits for it."""

import re
import socket
from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from deploy.local.processes import free_port
from services.notifications.reports import gateways
from services.notifications.reports.domain import MailReport
from services.notifications.reports.gateways import CONNECTIONS, ReportHandler, listening
from services.notifications.reports.parts import LARGEST
from services.notifications.sending.envelopes import Verp
from services.notifications.settings import Settings
from shared.act import Act
from shared.telemetry import Metrics
from tests.notifications.bounces import FAILURE, FIELDS, GONE, hand_over, nested, report
from tests.notifications.facts import booked, person, received
from tests.notifications.kit import Post
from tests.support.wait import eventually

FAILURE_8BIT = report(
    "message/global-delivery-status",
    FIELDS.replace(b"rfc822; ada@", "utf-8; ädä@".encode()) + b"Diagnostic-Code: smtp; " + b"x" * 3000 + b"\n",
)


@dataclass
class Door:
    """An LMTP server, without a database behind it: what it took, and its metrics."""

    settings: Settings
    metrics: Metrics
    taken: list[tuple[UUID, MailReport]] = field(default_factory=list)

    def address(self, message: UUID) -> str:
        return Verp(self.settings.link_secret, self.settings.bounce_domain).address(message)

    def hand_over(self, mail: bytes, message: UUID | None = None, **options: Any) -> tuple[int, bytes]:
        return hand_over(self.settings.bounce_port or 0, self.address(message or uuid4()), mail, **options)

    def counted(self, kind: str) -> float:
        name = "nahbar_notifications_mail_reports_total"
        return self.metrics.registry.get_sample_value(name, {"kind": kind}) or 0


@pytest.fixture
async def door(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    made = Door(Settings(bounce_port=free_port()), Metrics("notifications"))

    @asynccontextmanager
    async def transaction() -> AsyncIterator[None]:
        yield

    async def receive(act: Act, message: UUID, report: MailReport) -> None:
        made.taken.append((message, report))

    monkeypatch.setattr(gateways, "receive_mail_report", receive)
    db, clock = SimpleNamespace(transaction=transaction), SimpleNamespace(now=lambda: datetime.now(UTC))
    service: Any = SimpleNamespace(name="notifications", metrics=made.metrics, db=db, clock=clock)
    verp = Verp(made.settings.link_secret, made.settings.bounce_domain)
    async with listening(ReportHandler(service, verp), made.settings):
        yield made


async def test_bounces_come_in_by_lmtp_and_only_to_addresses_made_here(open_post: Post) -> None:
    fact = booked(person("delivered"))
    await open_post.take(received(fact))
    await open_post.until(fact.id, mail="delivered")
    message = (await open_post.confirmation(fact.id)).message
    port = open_post.settings.bounce_port or 0
    address = Verp(open_post.settings.link_secret, open_post.settings.bounce_domain).address(message)
    with pytest.raises(AssertionError):
        await to_thread(hand_over, port, "bounce+" + uuid4().hex + address[39:], FAILURE)
    assert (await to_thread(hand_over, port, address, b"Subject: On holiday\r\n\r\nBack on Monday."))[0] == 250
    assert await open_post.states(fact.id) == {"mail": "delivered"}
    for mail in (FAILURE_8BIT, FAILURE):
        assert (await to_thread(hand_over, port, address, mail, ("SMTPUTF8", "BODY=8BITMIME")))[0] == 250
    await open_post.until(fact.id, mail="failed", sms="delivered")
    assert [row.reason for row in await open_post.rows("select reason from spared_addresses")] == ["undeliverable"]


async def test_whatever_is_understood_can_come_in(door: Door) -> None:
    message = uuid4()
    utf8 = ("SMTPUTF8", "BODY=8BITMIME", f"SIZE={LARGEST}")
    assert await to_thread(door.hand_over, FAILURE_8BIT, message, options=utf8) == (250, b"2.0.0 OK")
    lines = FAILURE.replace(b"Sorry.", b"x" * (LARGEST - len(FAILURE) - 100))
    assert (await to_thread(door.hand_over, lines, message))[0] == 250
    assert door.taken == [(message, GONE)] * 2
    assert door.counted("failed") == 2


async def test_it_speaks_lmtp_in_one_go_and_every_answer_has_an_enhanced_code(door: Door) -> None:
    message = uuid4()
    commands = [
        "LHLO mail.stadt.example",
        "MAIL FROM:<>",
        f"RCPT TO:<{door.address(message)}>",
        "RCPT TO:<ädä@stadt.example>",
        f"RCPT TO:<{door.address(uuid4())}>",
        "HELO x",
        "NOOP",
        "DATA",
    ]
    said = (
        "\r\n".join(commands).encode()
        + b"\r\n"
        + FAILURE.replace(b"\n", b"\r\n")
        + b"\r\n.\r\nRSET\r\nDATA\r\nQUIT\r\n"
    )
    answers = (await to_thread(_say, door, said)).splitlines()
    greeting, *offers, helps = [answer for answer in answers if re.match("220 |250-|250 HELP", answer)]
    assert greeting.startswith("220 bounces.stadt.example")
    assert set(offers[1:]) == {"250-" + each for each in (f"SIZE {LARGEST}", "8BITMIME", "SMTPUTF8", "PIPELINING")} | {
        "250-ENHANCEDSTATUSCODES"
    }
    rest = [answer for answer in answers if answer not in (greeting, helps, *offers)]
    assert " ".join(answer[:3] for answer in rest) == "250 250 550 452 500 250 354 250 250 503 221"
    assert all(re.match(r"([245])\d\d \1\.\d\.\d ", answer) for answer in rest if not answer.startswith("354"))
    assert door.taken == [(message, GONE)]


@pytest.mark.parametrize(
    ("mail", "options", "answer"),
    [
        (b"x", (f"SIZE={LARGEST + 1}",), 552),
        (b"x\r\n" * (LARGEST // 2), (), 552),
        (b"x" * (LARGEST + 10), (), 500),
        (nested(1500, FAILURE), (), 552),
        (FAILURE.replace(b"--b\nContent-Type: message", b"--b\n\n\n" * 5000 + b"--b\nContent-Type: message"), (), 552),
    ],
)
async def test_what_no_report_is_like_is_refused_for_good(
    door: Door, mail: bytes, options: tuple[str, ...], answer: int
) -> None:
    assert (await to_thread(door.hand_over, mail, options=options))[0] == answer
    assert (await to_thread(door.hand_over, FAILURE))[0] == 250


@pytest.mark.parametrize("error", [RecursionError("ada@stadt.example"), MemoryError(), KeyError("ada@stadt.example")])
async def test_a_mistake_in_reading_one_report_concerns_that_one_alone(
    door: Door, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(mail: bytes) -> MailReport:
        raise error

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(gateways, "read_report", fail)
        assert await to_thread(door.hand_over, FAILURE) == (554, b"5.6.0 Not readable")
    assert [log["event"] for log in logs] == ["report_not_readable"]
    assert "ada@" not in str(logs)
    assert (await to_thread(door.hand_over, FAILURE))[0] == 250
    assert (door.counted("not readable"), door.counted("failed")) == (1, 1)


async def test_a_report_stays_with_the_mail_server_while_it_cannot_be_applied(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(gateways, "receive_mail_report", fail)
        assert (await to_thread(door.hand_over, FAILURE))[0] == 451
    assert door.counted("not taken") == 1


@pytest.mark.parametrize(("error", "code"), [(OSError("ada@"), "451"), (RecursionError("ada@"), "554")])
async def test_nobody_hears_what_went_wrong_with_a_command(
    door: Door, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Verp, "read", fail)
    said = f"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<{door.address(uuid4())}>\r\nQUIT\r\n"
    answers = (await to_thread(_say, door, said.encode())).splitlines()
    assert answers[-2].startswith(f"{code} ")
    assert "ada@" not in answers[-2]


async def test_clients_that_stall_take_nobody_elses_place_until_there_are_very_many(door: Door) -> None:
    with ExitStack() as stack:
        stalled = []
        for _ in range(CONNECTIONS - 1):
            stalled.append(stack.enter_context(_connected(door)))
            assert (await to_thread(stalled[-1].recv, 100)).startswith(b"220 ")
        begun = f"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<{door.address(uuid4())}>\r\nDATA\r\nSubject: "
        stalled[0].sendall(begun.encode())
        assert (await to_thread(door.hand_over, FAILURE))[0] == 250
        stack.enter_context(_connected(door))
        assert await to_thread(_greeting, door) == b"421 4.3.2 Too many connections\r\n"

    async def free() -> bool:
        return (await to_thread(_greeting, door)).startswith(b"220 ")

    await eventually(free)


def _greeting(door: Door) -> bytes:
    with _connected(door) as client:
        return client.recv(100)


def _connected(door: Door) -> socket.socket:
    return socket.create_connection(("127.0.0.1", door.settings.bounce_port or 0), timeout=20)


def _say(door: Door, said: bytes) -> str:
    """Everything that is answered until the server hangs up."""
    with _connected(door) as client:
        client.sendall(said)
        return client.makefile("rb").read().decode()
