import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path

import aiosmtplib
import pytest

from deploy.local.far_ends.records import Channel
from deploy.local.far_ends.store import Store
from deploy.local.processes import free_port
from tests.deploy.far_ends import (
    SENDER,
    Listener,
    hook,
    letter,
    listener,
    mail_server,
    process,
)
from tests.support.wait import eventually


@dataclass
class Post:
    """A mail server, the listener for its reports, and what it stored."""

    port: int
    listener: Listener
    store: Store

    async def send(
        self, who: str, message: str = "7f3a", timeout: float = 5, headers: dict[str, str] | None = None
    ) -> str:
        """Send a mail to a simulated recipient; returns the answer."""
        to = f"{who}@simulator.stadt.example"
        _, answer = await aiosmtplib.send(
            letter(to, message, headers),
            sender=SENDER,
            recipients=[to],
            hostname="127.0.0.1",
            port=self.port,
            timeout=timeout,
            start_tls=False,
        )
        return answer


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    async with listener() as sink, mail_server(tmp_path, sink.port) as port:
        store = Store(tmp_path)
        yield Post(port, sink, store)
        store.close()


async def test_an_accepted_mail_is_stored_as_it_came(post: Post) -> None:
    assert "Accepted" in await post.send("anna")
    [mail] = post.store.accepted(Channel.MAIL)
    assert (mail.recipient, mail.sender, mail.reference) == ("anna@simulator.stadt.example", SENDER, "7f3a")
    assert message_from_bytes(mail.source, policy=default)["Subject"] == "Ihr Termin"
    assert (mail.times, post.store.doubled()) == (1, [])


async def test_the_same_mail_accepted_twice_stays_visible(post: Post) -> None:
    await post.send("anna")
    await post.send("anna")
    await post.send("anna", message="other")
    assert [mail.times for mail in post.store.accepted(Channel.MAIL)] == [2, 2, 1]
    assert post.store.doubled() == ["7f3a"]


async def test_a_mail_to_two_people_is_not_a_doubled_one(post: Post) -> None:
    people = ["anna@example.org", "ben@example.org"]
    await aiosmtplib.send(letter(people[0]), sender=SENDER, recipients=people, hostname="127.0.0.1", port=post.port)
    assert [mail.recipient for mail in post.store.accepted()] == people
    assert post.store.doubled() == []


@pytest.mark.parametrize(("who", "code"), [("perm-fail", 550), ("temp-fail", 450), ("full", 452)])
async def test_refused_at_every_try(post: Post, who: str, code: int) -> None:
    for _ in range(3):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
            await post.send(who)
        assert refused.value.recipients[0].code == code
    assert post.store.accepted() == []


async def test_flaky_refuses_each_message_n_times(post: Post) -> None:
    for message in ("first", "second"):
        for _ in range(2):
            with pytest.raises(aiosmtplib.SMTPDataError, match="451"):
                await post.send("flaky-2+anna", message)
        await post.send("flaky-2+anna", message)
    assert [mail.reference for mail in post.store.accepted()] == ["first", "second"]


async def test_throttled_until_the_sender_waits(post: Post) -> None:
    for _ in range(2):
        with pytest.raises(aiosmtplib.SMTPDataError, match="421"):
            await post.send("throttle")
    await asyncio.sleep(0.5)
    await post.send("throttle")
    assert len(post.store.accepted()) == 1


@pytest.mark.parametrize(
    ("who", "error"),
    [("slow", aiosmtplib.SMTPReadTimeoutError), ("drop", aiosmtplib.SMTPServerDisconnected)],
)
async def test_accepted_without_an_answer(post: Post, who: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await post.send(who, timeout=0.5)
    assert [mail.reference for mail in post.store.accepted()] == ["7f3a"]


@pytest.mark.parametrize("who", ["no-receipt", "delivered", "anna"])
async def test_silence_after_acceptance(post: Post, who: str) -> None:
    await post.send(who)
    assert post.store.reports() == []


@pytest.mark.parametrize(("who", "times"), [("bounce-later", 1), ("dup-receipt", 2)])
async def test_a_bounce_goes_to_the_envelope_sender(post: Post, who: str, times: int) -> None:
    await post.send(f"{who}+anna")
    assert post.listener.received == []
    await eventually(lambda: len(post.listener.received) == times)
    for sender, recipients, source in post.listener.received:
        assert (sender, recipients) == ("<>", [SENDER])
        report = message_from_bytes(source, policy=default)
        assert report.get_content_type() == "multipart/report"
        assert report.get_param("report-type") == "delivery-status"
        _, status, original = report.iter_parts()
        of_message, of_recipient = blocks(status)
        assert of_message["Reporting-MTA"] == "dns; simulator.stadt.example"
        assert of_recipient["Final-Recipient"] == f"rfc822; {who}+anna@simulator.stadt.example"
        assert (of_recipient["Action"], of_recipient["Status"]) == ("failed", "5.1.1")
        assert original.get_content_type() == "text/rfc822-headers"
        assert message_from_bytes(original.get_content().encode())["X-Nahbar-Message"] == "7f3a"
    await eventually(lambda: all(report.sent_at for report in post.store.reports()))


def blocks(part: Message) -> list[Message]:
    """The blocks of fields in a part for machines."""
    payload = part.get_payload()
    assert isinstance(payload, list)
    return [block for block in payload if isinstance(block, Message)]


async def test_a_late_receipt_comes_before_the_answer(post: Post) -> None:
    await post.send("late-receipt")
    assert len(post.listener.received) == 1


async def test_a_mail_without_sender_never_bounces(post: Post) -> None:
    to = "bounce-later@simulator.stadt.example"
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=post.port) as client:
        await client.sendmail("", [to], bytes(letter(to)))
    assert post.store.reports() == []


async def test_a_complaint_is_a_feedback_report(post: Post) -> None:
    await post.send("complaint")
    await eventually(lambda: bool(post.listener.received))
    [(sender, recipients, source)] = post.listener.received
    assert (sender, recipients) == ("<>", [SENDER])
    report = message_from_bytes(source, policy=default)
    assert report.get_param("report-type") == "feedback-report"
    _, feedback, original = report.iter_parts()
    assert feedback.get_content_type() == "message/feedback-report"
    [fields] = blocks(feedback)
    assert (fields["Feedback-Type"], fields["Version"]) == ("abuse", "1")
    assert fields["Original-Rcpt-To"] == "<complaint@simulator.stadt.example>"
    assert original.get_content()["X-Nahbar-Message"] == "7f3a"


async def test_unsubscribing_is_one_post(post: Post) -> None:
    with hook() as sink:
        headers = {
            "List-Unsubscribe": f"<mailto:weg@stadt.example>, <{sink.url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        await post.send("unsubscribe", headers=headers)
        await eventually(lambda: bool(sink.received))
    assert sink.received[0][1] == b"List-Unsubscribe=One-Click"


async def test_a_bounce_nobody_takes_is_tried_again(tmp_path: Path) -> None:
    async with listener(refusals=2) as sink, mail_server(tmp_path, sink.port) as port:
        store = Store(tmp_path)
        await Post(port, sink, store).send("bounce-later")
        await eventually(lambda: bool(sink.received))
        assert [report.attempts for report in store.reports()] in ([2], [3])
        store.close()


async def test_kill_loses_no_accepted_mail_and_no_pending_bounce(tmp_path: Path) -> None:
    store = Store(tmp_path)
    async with listener() as sink:
        arguments = ["mail", "--folder", str(tmp_path), "--reports-to", f"127.0.0.1:{sink.port}"]
        port = free_port()
        post = Post(port, sink, store)
        async with process(*arguments, "--later", "3", port=port) as server:
            accepted: list[str] = []

            async def keep_sending(writer: int) -> None:
                for number in range(1000):
                    await post.send("anna", f"{writer}-{number}")
                    accepted.append(f"{writer}-{number}")

            writers = [asyncio.create_task(keep_sending(writer)) for writer in range(4)]
            await post.send("bounce-later", "bounced")
            await eventually(lambda: len(accepted) >= 20)
            os.kill(server.pid, signal.SIGKILL)
            await server.wait()
            await asyncio.gather(*writers, return_exceptions=True)
        assert set(accepted) <= {mail.reference for mail in store.accepted()}
        assert sink.received == []
        async with process(*arguments, port=port) as server:
            await eventually(lambda: bool(sink.received))
            assert b"X-Nahbar-Message: bounced" in sink.received[0][2]
            server.terminate()
            assert await server.wait() == 0
    store.close()


async def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path, post: Post) -> None:
    arguments = ["mail", "--folder", str(tmp_path), "--reports-to", "127.0.0.1:1"]
    async with process(*arguments, port=post.port) as server:
        _, complaint = await server.communicate()
    assert complaint.decode() == f"Port {post.port} cannot be used: Address already in use.\n"
    assert server.returncode == 1
