"""What an SMS gateway answers, compared with what was asked: anything but a clear answer about ours is unknown."""

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.sending.domain import Answer, Result, number_of
from services.notifications.sending.gateways import sms as sms_module
from services.notifications.sending.gateways.sms import (
    LARGEST_ANSWER,
    LONGEST_TOLD,
    RECEIPTS,
    HttpAnswer,
    Sms,
    SmsGateway,
    journalled,
    result_of_answer,
    result_of_receipt,
)
from services.notifications.settings import Settings

OURS, NUMBER = uuid4(), "+4915228817300"
HELLO = Sms(OURS, NUMBER, "Hallo", "reminder", asks=False)
CLEAR = {"id": "77229318510", "recipient": "4915228817300", "success": True, "error": None, "error_text": None}
REFUSED_ONE = {**CLEAR, "id": None, "success": False}
ENTRY = {"id": "77231715575", "to": "4915228817300", "foreign_id": str(OURS), "dlr": "DELIVERED", "from": "Duisburg"}


def said(success: str, *messages: dict[str, Any]) -> dict[str, Any]:
    """An answer as it is documented."""
    return {"success": success, "total_price": 0.075, "balance": 1, "debug": "false", "messages": list(messages)}


def read(body: object, code: int = 200, wait: str = "") -> Result:
    """What an answer means for our message."""
    return result_of_answer(
        HttpAnswer(code, body if isinstance(body, bytes) else json.dumps(body).encode(), wait), OURS, NUMBER
    )


@pytest.mark.parametrize("recipient", ["4915228817300", "+4915228817300", "004915228817300", "015228817300"])
@pytest.mark.parametrize("more", [{}, {"foreign_id": str(OURS)}, {"id": 77229318510}])
def test_an_answer_that_is_about_our_message_is_taken(recipient: str, more: dict[str, Any]) -> None:
    answer = read(said("100", {**CLEAR, "recipient": recipient, **more}))
    assert answer == Result(Answer.ACCEPTED, reference="77229318510")


@pytest.mark.parametrize(
    "body",
    [
        said("100"),
        said("100", {**CLEAR, "recipient": "4915228817301"}),
        said("100", {**CLEAR, "recipient": None}),
        said("100", {**CLEAR, "recipient": "Anna"}),
        said("100", {**CLEAR, "foreign_id": str(uuid4())}),
        said("100", CLEAR, CLEAR),
        said("100", {**CLEAR, "id": None}),
        said("100", {**CLEAR, "id": "7\u00007"}),
        said("100", {**CLEAR, "id": "7" * 65}),
        said("100", {**CLEAR, "error": "600"}),
        said("100", {key: value for key, value in CLEAR.items() if key != "success"}),
        said("100", REFUSED_ONE),
        said("101", {**REFUSED_ONE, "recipient": "4915228817301", "error": "202"}),
        said("402"),
        said("700"),
        said("abc"),
        {"success": ["100"]},
        {"messages": [CLEAR]},
        [CLEAR],
        b"",
        b"100",
        b'"100"',
        b"402",
        b"999",
        b"<html>Sorry</html>",
        b"\xff\x00",
        b"[" * 60_000,
        b'{"success":"100","messages":' + b"[" * 60_000,
    ],
)
def test_any_other_answer_leaves_open_whether_the_message_was_taken(body: object) -> None:
    assert read(body).answer is Answer.NONE


@pytest.mark.parametrize(
    ("code", "answer", "error"),
    [
        *[(code, Answer.REFUSED, f"permanent {code}") for code in ("202", "301", "305", "401", "403")],
        *[(code, Answer.NOT_NOW, f"temporary {code}") for code in ("101", "600")],
        *[(code, Answer.AWAY, f"account {code}") for code in ("201", "300", "500", "802", "900", "902", "903")],
    ],
)
def test_a_code_means_the_same_in_every_form(code: str, answer: Answer, error: str) -> None:
    forms: list[object] = [
        said(code),
        {"success": int(code)},
        code.encode(),
        f'"{code}"'.encode(),
        f" {code}\n".encode(),
    ]
    for body in forms:
        for status in (200, 400, 401, 500):
            assert read(body, status) == Result(answer, error=error)
    if code != "101":
        told = said("101", {**REFUSED_ONE, "error": code})
        assert read(told) == read(said("100", {**REFUSED_ONE, "error": code})) == Result(answer, error=error)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        *[(status, Answer.AWAY) for status in (301, 400, 401, 402, 403, 404, 405, 415)],
        (503, Answer.NOT_NOW),
        *[(status, Answer.NONE) for status in (200, 204, 500, 502, 504, 599)],
    ],
)
def test_an_http_status_without_a_code_says_whether_the_message_was_taken(status: int, answer: Answer) -> None:
    assert read(b"", status).answer is answer


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("0", timedelta(seconds=1)),
        ("999999999", LONGEST_TOLD),
        *[(told, None) for told in ("", "-1", "9" * 400, "1e9", "nan", "٣", "Mon, 30 Nov 2026 12:00:00 GMT")],
    ],
)
def test_a_gateway_can_make_us_wait_for_an_hour_at_most(told: str, wait: timedelta | None) -> None:
    assert read(b"", 429, told) == Result(Answer.TOO_FAST, error="throttled 429", wait=wait)


@given(st.integers(100, 599), st.text(max_size=12), st.binary(max_size=200) | st.from_regex(rb"\s*[0-9]{1,4}\s*"))
def test_no_answer_breaks_the_reader_and_none_without_our_number_counts_as_taken(
    status: int, wait: str, body: bytes
) -> None:
    assert read(body, status, wait).answer is not Answer.ACCEPTED


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [{**ENTRY, "foreign_id": str(uuid4())}],
        [{**ENTRY, "foreign_id": None}],
        [{key: value for key, value in ENTRY.items() if key != "foreign_id"}],
        [{**ENTRY, "to": "4915228817301"}],
        [{**ENTRY, "to": None}],
        [{**ENTRY, "id": None}],
        [{**ENTRY, "id": "\u0000"}],
        [None, 7, "x", []],
        ENTRY,
        900,
        None,
    ],
)
def test_a_foreign_entry_of_the_journal_is_never_our_delivery(entries: object) -> None:
    assert journalled(entries, OURS, NUMBER) is None


def test_our_entry_is_found_among_foreign_and_broken_ones_and_the_best_of_ours_counts() -> None:
    foreign = [{**ENTRY, "id": "1", "foreign_id": str(uuid4())}, None, {**ENTRY, "id": "2", "to": "4915228817301"}]
    pending, failed = {**ENTRY, "id": 3, "dlr": None}, {**ENTRY, "id": "4", "dlr": "FAILED"}
    assert journalled([*foreign, failed], OURS, NUMBER) == Result(Answer.REFUSED, "receipt FAILED", "4")
    assert journalled([*foreign, failed, pending], OURS, NUMBER) == Result(Answer.ACCEPTED, reference="3")
    assert journalled([pending, failed, *foreign, ENTRY], OURS, NUMBER) == Result(
        Answer.DELIVERED, reference=ENTRY["id"]
    )


def test_receipts_that_are_not_final_say_that_the_message_is_on_its_way() -> None:
    for status in ("BUFFERED", "TRANSMITTED", "ACCEPTED", "UNKNOWN", "", None, "something new"):
        assert result_of_receipt(status, "7") == Result(Answer.ACCEPTED, reference="7")
    assert {result_of_receipt(status, "7").answer for status in RECEIPTS} == {Answer.DELIVERED, Answer.REFUSED}


def answered(code: int, body: object) -> httpx.Response:
    """An answer as it comes over the wire."""
    return httpx.Response(code, stream=httpx.ByteStream(body if isinstance(body, bytes) else json.dumps(body).encode()))


def gateway(answer: httpx.Response | Exception, asked: list[httpx.Request]) -> SmsGateway:
    """The adapter before a gateway that always answers the same."""

    async def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return SmsGateway(Settings().sms_gateways[0], 1, httpx.MockTransport(handle))


async def test_a_message_is_sent_with_the_documented_fields() -> None:
    asked: list[httpx.Request] = []
    sender = gateway(answered(200, said("100", CLEAR)), asked)
    assert (await sender.send(HELLO)).answer is Answer.ACCEPTED
    assert json.loads(asked[0].content) == {
        "to": NUMBER,
        "text": "Hallo",
        "from": "Duisburg",
        "foreign_id": str(OURS),
        "ttl": 2880,
        "label": "reminder",
    }
    assert asked[0].headers["Accept"] == "application/json", "otherwise it answers with a bare number"


async def test_the_journal_is_asked_for_the_number_the_only_filter_that_finds_a_message_without_an_answer() -> None:
    asked: list[httpx.Request] = []
    entries = [{**ENTRY, "foreign_id": str(uuid4())}, ENTRY]
    assert await gateway(answered(200, entries), asked).look_up(OURS, NUMBER) == Result(
        Answer.DELIVERED, reference="77231715575"
    )
    assert dict(asked[0].url.params) == {"to": NUMBER, "limit": "100"}


@pytest.mark.parametrize(
    "answer",
    [
        answered(200, b"900"),
        answered(200, b"[" * 100_000),
        answered(200, b"[]" + b" " * LARGEST_ANSWER),
        answered(500, [ENTRY]),
        answered(401, [ENTRY]),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("away"),
    ],
)
async def test_a_gateway_that_cannot_be_asked_says_nothing(answer: httpx.Response | Exception) -> None:
    assert await gateway(answer, []).look_up(OURS, NUMBER) is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.ConnectError("away"), Answer.AWAY),
        (httpx.ConnectTimeout("away"), Answer.AWAY),
        (httpx.PoolTimeout("busy"), Answer.AWAY),
        (httpx.ReadTimeout("slow"), Answer.NONE),
        (httpx.WriteError("broken"), Answer.NONE),
        (httpx.RemoteProtocolError("broken"), Answer.NONE),
        (answered(200, json.dumps(said("100", CLEAR)).encode() + b" " * LARGEST_ANSWER), Answer.NONE),
    ],
)
async def test_only_what_never_reached_the_gateway_may_go_out_again(
    answer: httpx.Response | Exception, kind: Answer
) -> None:
    sent = await gateway(answer, []).send(HELLO)
    assert sent.answer is kind


@pytest.mark.parametrize(
    ("sender", "number"),
    [
        ("+4915228817300", "+4915228817300"),
        ("4915228817300", "+4915228817300"),
        ("015228817300", "+4915228817300"),
        ("905321234567", "+905321234567"),
        ("004915228817300", "+4915228817300"),
        ("Telekom", "Telekom"),
        ("0151MAMA123456", "0151MAMA123456"),
        ("\u0661\u0662\u0663\u0664\u0665\u0666", "\u0661\u0662\u0663\u0664\u0665\u0666"),
        ("", ""),
    ],
)
def test_senders_are_written_as_contacts_are(sender: str, number: str) -> None:
    assert number_of(sender) == number


async def test_a_connection_that_stood_idle_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server may end it at the moment it is used, and then nobody could tell whether it took the message."""
    monkeypatch.setattr(sms_module, "KEPT_OPEN", 0.2)
    ports: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = json.dumps(said("100", CLEAR)).encode()
        while header := await reader.readuntil(b"\r\n\r\n"):
            length = int(re.findall(rb"(?i)content-length: (\d+)", header)[0])
            await reader.readexactly(length)
            ports.append(writer.get_extra_info("peername")[1])
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    gateway = SmsGateway(replace(Settings().sms_gateways[0], url=url), 5)
    for wait in (0, 0.5):
        await asyncio.sleep(wait)
        for _ in range(2):
            assert (await gateway.send(HELLO)).answer is Answer.ACCEPTED
    await gateway.close()
    server.close()
    assert ports[0] == ports[1] != ports[2] == ports[3]
