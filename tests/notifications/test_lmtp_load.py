"""Whatever mail comes in, genuine reports are taken, and the process goes on answering."""

import asyncio
import gc
import time
from asyncio import to_thread
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.notifications.reports.parts import LARGEST
from services.notifications.sending.envelopes import Verp
from tests.notifications.bounces import FAILURE, hand_over, nested
from tests.notifications.facts import booked, person, received
from tests.notifications.kit import Post

PIECES = st.binary(min_size=1, max_size=20) | st.sampled_from(
    [
        b"\r\n",
        b'\r\n ;;"',
        b"a: b\r\n",
        b"--b\r\n\r\n",
        b"Action: failed\r\n\r\n",
        b"Status: (((\r\n",
        b"Feedback-Type: abuse\r\n",
        b"QWN0aW9uOiBmYWlsZWQK\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
    ]
)
CONTENTS = st.builds(lambda piece, size: piece * (size // len(piece)), PIECES, st.integers(0, LARGEST))
HEADERS = st.lists(
    st.sampled_from(
        [
            b"Content-Type: message/delivery-status",
            b"Content-Type: message/global-delivery-status; charset=utf-8",
            b"Content-Type: message/feedback-report",
            b"Content-Type: message/rfc822",
            b"Content-Type: multipart/report;" + b";a*0*=x" * 500,
            b"Content-Transfer-Encoding: base64",
            b"Content-Transfer-Encoding: quoted-printable",
        ]
    )
    | CONTENTS,
    max_size=3,
).map(lambda headers: b"".join(header + b"\r\n" for header in headers))
PARTS = st.builds(lambda header, content: header + b"\r\n" + content, HEADERS, CONTENTS)
MAILS = st.recursive(
    PARTS,
    lambda parts: st.builds(
        lambda header, boundary, inner: (
            b"Content-Type: multipart/report; boundary="
            + boundary
            + b"\r\n"
            + header
            + b"".join(b"\r\n--" + boundary + b"\r\n" + part for part in inner)
        ),
        HEADERS,
        st.sampled_from([b"b", b"bb", b"c" * 70]),
        st.lists(parts, min_size=1, max_size=8),
    ),
    max_leaves=20,
).map(lambda mail: mail[:LARGEST])


async def test_no_mail_holds_up_a_genuine_report_or_the_process(
    open_post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes in, no turn of the event loop takes a tenth of a second of a core as fast as ours."""
    fact = booked(person("delivered"))
    await open_post.take(received(fact))
    await open_post.until(fact.id, mail="delivered")
    address = Verp(open_post.settings.link_secret, open_post.settings.bounce_domain).address
    genuine = address((await open_post.confirmation(fact.id)).message)
    port = open_post.settings.bounce_port or 0
    live = open_post.settings.sms_webhook_url.partition("/api/")[0] + "/health/live"

    @example([b"\r\n" * (LARGEST // 2 - 1)] * 2)
    @example([nested(1500, FAILURE), FAILURE.replace(b"Action", b"Action: x\r\n\r\n" * 15_000 + b"Action")])
    @example([b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000])
    @settings(max_examples=8, suppress_health_check=[HealthCheck.large_base_example, HealthCheck.too_slow])
    @given(st.lists(MAILS, min_size=1, max_size=4))
    def check(mails: list[bytes]) -> None:
        with ThreadPoolExecutor(len(mails)) as pool:
            answers = [pool.submit(hand_over, port, address(uuid4()), mail) for mail in mails]
            assert hand_over(port, genuine, FAILURE)[0] == 250
            assert httpx.get(live).status_code == 200
            assert {answer.result()[0] for answer in answers} <= {250, 500, 552}

    await to_thread(hand_over, port, genuine, FAILURE)
    with longest_turn(monkeypatch) as longest:
        await to_thread(check)
        turn = longest()
    await open_post.until(fact.id, mail="failed", sms="delivered")
    assert turn < TENTH_OF_A_SECOND * _time_of_known_work()


TENTH_OF_A_SECOND = 10
"""So many times the known work, which took ten milliseconds where the reader was written."""


def _time_of_known_work() -> float:
    def once() -> float:
        began = time.thread_time()
        sum(number * number for number in range(150_000))
        return time.thread_time() - began

    return min(once() for _ in range(5))


@contextmanager
def longest_turn(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], float]]:
    """How long the longest single step of the event loop took, in seconds of this thread's own time."""
    longest, run = 0.0, asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        nonlocal longest
        began = time.thread_time()
        run(handle)
        longest = max(longest, time.thread_time() - began)

    gc.disable()  # what it collects is the whole test run's
    try:
        with monkeypatch.context() as patched:
            patched.setattr(asyncio.Handle, "_run", timed)
            yield lambda: longest
    finally:
        gc.enable()
