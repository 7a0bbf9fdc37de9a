"""What SMS gateways post: signed first, read then; what means nothing here is taken and changes nothing."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from services.notifications.replies.domain import is_for
from services.notifications.reports.domain import Posted, receipt_is_genuine
from services.notifications.reports.webhooks import Receipt, Reply, read_event
from shared.http import LARGEST_BODY
from tests.notifications.facts import booked, person, received
from tests.notifications.kit import Post
from tests.notifications.reports import KEY, URL, proof, signed
from tests.support.wait import eventually

SILENT = "+4915228817309"
DLR = {"msg_id": "77149843739", "status": "TRANSMITTED", "timestamp": "2021-08-24 08:08:00.000000"}
SMS_MO = {
    "id": "681590",
    "sender": "4915228817300",
    "system": "491771783130",
    "text": "Hello World",
    "time": "1605878104",
    "message_type": "SMS",
}


def event(kind: str, data: object, **more: object) -> bytes:
    """An event as it is documented."""
    whole = {"webhook_event": kind, "webhook_timestamp": "2021-08-24T08:08:00+02:00", "data": data, **more}
    return json.dumps(whole).encode()


def test_events_are_read_as_they_are_documented() -> None:
    ours = uuid4()
    assert read_event("first", event("dlr", DLR)) == Receipt("first", "TRANSMITTED", "77149843739")
    assert read_event("first", event("dlr", {**DLR, "foreign_id": str(ours)})) == Receipt(
        "first", "TRANSMITTED", "77149843739", ours
    )
    for foreign in (None, "", "order 7", 7):
        assert read_event("first", event("dlr", {**DLR, "foreign_id": foreign})) == Receipt(
            "first", "TRANSMITTED", "77149843739"
        )
    assert read_event("first", event("dlr", {**DLR, "msg_id": 77149843739})) is not None
    assert read_event("first", event("sms_mo", SMS_MO)) == Reply("4915228817300", "Hello World", "491771783130")
    short = read_event("first", event("sms_mo", {"sender": "SMS", "text": "2"}))
    assert short == Reply("SMS", "2", "")


NO_IDS: list[object] = [None, "", "a b", "7\u0000", "7" * 65, ["7"], {}]
NO_STATUSES: list[object] = [None, "", "A B", "A" * 33, "ACCEPTÉ", 7]
NO_DATA: list[object] = [None, [], "x", 7]


@pytest.mark.parametrize(
    "body",
    [
        *[event(kind, DLR) for kind in ("voice_status", "voice_call", "tracking", "rcs", "rcs_dlr", "all", "DLR", "")],
        event("dlr", SMS_MO),
        event("sms_mo", DLR),
        *[event("dlr", {**DLR, "msg_id": id}) for id in NO_IDS],
        *[event("dlr", {**DLR, "status": status}) for status in NO_STATUSES],
        event("sms_mo", {**SMS_MO, "sender": "4" * 33}),
        event("sms_mo", {**SMS_MO, "text": None}),
        event("sms_mo", SMS_MO).replace(b"Hello World", b"\\ud800"),
        *[event("dlr", data) for data in NO_DATA],
        b"msg_id=7&status=DELIVERED",
        b"",
        b"null",
        b"[" * 60_000,
        b'{"webhook_event":"dlr","data":' + b'{"a":' * 10_000,
        b"\xff\xfe",
    ],
)
def test_every_other_event_means_nothing_here(body: bytes) -> None:
    found = read_event("first", body)
    assert found is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        name: ANYTHING | st.sampled_from([*DLR.values(), *SMS_MO.values(), "DELIVERED", str(UUID(int=7))])
        for name in ("msg_id", "status", "foreign_id", "sender", "text", "system", "timestamp")
    },
)
BODIES = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda value: json.dumps(value).encode(), ANYTHING),
    st.builds(event, st.sampled_from(["dlr", "sms_mo", "tracking"]) | st.text(max_size=8), ANYTHING | FIELDS),
    st.builds(
        lambda opening, times: (opening * times)[: LARGEST_BODY - 100],
        st.sampled_from([b"[", b'{"a":', b'{"data":[', b'"', b"\\u0000", b"9"]),
        st.integers(1, LARGEST_BODY),
    ),
)


@given(BODIES)
def test_no_body_breaks_the_reader(body: bytes) -> None:
    read_event("first", body)


@given(st.text() | st.from_regex(r"\A[-+]?\d{1,400}\Z"), st.text(max_size=8), st.text(max_size=70))
@example("9" * 400, "", "")
@example("9" * 5000, "", "")
@example("²", "", "")
def test_no_header_breaks_the_check_of_a_signature(timestamp: str, nonce: str, signature: str) -> None:
    assert not receipt_is_genuine(KEY, URL, Posted(b"{}", timestamp, nonce, signature), datetime.now(UTC))


STRANGE = ["9" * 400, "9" * 5000, "-1", "+1", "1e9", "nan", "inf", "٣", "²", "0x10", "1_0", ""]


async def test_strange_headers_are_no_signature_and_unsigned_bodies_are_not_read(open_post: Post) -> None:
    url, now = open_post.settings.sms_webhook_url, str(int(time.time()))
    async with httpx.AsyncClient() as client:
        for strange in STRANGE:
            value = strange.encode()
            for headers in (
                {b"X-Timestamp": value, b"X-Nonce": b"n", b"X-Signature": b"s"},
                {b"X-Timestamp": now.encode(), b"X-Nonce": value, b"X-Signature": b"s"},
                {b"X-Timestamp": now.encode(), b"X-Nonce": b"n", b"X-Signature": value},
            ):
                answer = await client.post(url, content=b"[" * 60_000, headers=headers)
                assert answer.status_code == 403, (strange[:10], headers.keys())
        late = signed(b"{}", url, open_post.settings.sms_webhook_key) | {"timestamp": "٣" * 10}
        arabic = {f"X-{name}".encode(): value.encode() for name, value in late.items()}
        assert (await client.post(url, content=b"{}", headers=arabic)).status_code == 403


def generated(count: int) -> list[bytes]:
    """So many bodies of any shape, the same ones in every run."""
    found: list[bytes] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
    )
    @given(BODIES)
    def collect(body: bytes) -> None:
        found.append(body)

    collect()
    return found


async def hand_over(post: Post, bodies: Sequence[bytes], key: SecretStr | None = None) -> list[int]:
    """Post signed bodies, some at a time; the statuses."""
    url, at_once = post.settings.sms_webhook_url, asyncio.Semaphore(20)

    async def one(client: httpx.AsyncClient, body: bytes) -> int:
        async with at_once:
            headers = {"Content-Type": "application/json", **proof(body, url, key or post.settings.sms_webhook_key)}
            return (await client.post(url, content=body, headers=headers)).status_code

    async with httpx.AsyncClient(timeout=60) as client:
        return await asyncio.gather(*(one(client, body) for body in bodies))


async def test_among_bodies_of_any_shape_the_genuine_receipts_are_taken(open_post: Post) -> None:
    facts = [booked(person(None, SILENT, name=str(number)), channels=["sms"]) for number in range(5)]
    await open_post.take(*map(received, facts))
    for fact in facts:
        await open_post.until(fact.id, sms="accepted")
    receipts = [event("dlr", {**DLR, "msg_id": sms.number, "status": "DELIVERED"}) for sms in open_post.received()]
    hostile = generated(120) + [b"[" * (LARGEST_BODY - 1)] * 20
    for key in (SecretStr("wrong"), None):
        statuses = await hand_over(open_post, hostile, key)
        assert set(statuses) == {403 if key else 204}
    mixed = [body for part in range(5) for body in (*hostile[part::5], receipts[part])]
    assert set(await hand_over(open_post, mixed)) == {204}
    for fact in facts:
        await open_post.until(fact.id, sms="delivered")
    usual, started = len(hostile), time.thread_time()
    await hand_over(open_post, receipts * (usual // 5))
    cost, started = time.thread_time() - started, time.thread_time()
    await hand_over(open_post, hostile)
    assert time.thread_time() - started < 5 * cost, "no body costs the event loop much more than a receipt"


async def test_a_receipt_finds_its_message_by_the_id_the_gateway_gave_it(open_post: Post) -> None:
    ours, other = [booked(person(None, SILENT, name=name), channels=["sms"]) for name in ("Ada", "Bo")]
    await open_post.take(received(ours))
    await open_post.until(ours.id, sms="accepted")
    await open_post.take(received(other))
    await open_post.until(other.id, sms="accepted")
    [first, second] = open_post.received()
    foreign = [
        {"msg_id": "999999", "status": "FAILED"},
        {"msg_id": str(first.number), "status": "FAILED", "foreign_id": second.reference},
        {"msg_id": str(first.number), "status": "BUFFERED"},
        {"msg_id": str(first.number), "status": "FAILED", "foreign_id": str(uuid4())},
    ]
    assert set(await hand_over(open_post, [event("dlr", data) for data in foreign])) == {204}
    assert await open_post.states(ours.id) == await open_post.states(other.id) == {"sms": "accepted"}
    await hand_over(open_post, [event("dlr", {"msg_id": str(second.number), "status": "delivered"})])
    assert await open_post.states(ours.id) == {"sms": "accepted"}
    assert await open_post.states(other.id) == {"sms": "delivered"}


async def test_a_receipt_quicker_than_the_answer_is_applied_once_its_message_is_known(open_post: Post) -> None:
    async def early() -> int:
        rows = await open_post.rows("select count(*) as count from due_work where kind = 'receipt-again'")
        return int(rows[0].count)

    await hand_over(open_post, [event("dlr", {"msg_id": "1", "status": "DELIVERED"})] * 2)
    assert await early() == 1
    fact = booked(person(None, SILENT), channels=["sms"])
    await open_post.take(received(fact))
    await open_post.until(fact.id, sms="delivered")
    [sms] = open_post.received()
    assert sms.number == 1

    async def forgotten() -> bool:
        return await early() == 0

    await hand_over(open_post, [event("dlr", {"msg_id": "999", "status": "FAILED"})])
    await eventually(forgotten)


def test_a_reply_is_for_us_if_it_came_to_our_number_or_nobody_knows() -> None:
    ours = "+4915228817386"
    assert all(is_for(ours, to) for to in ("4915228817386", "+4915228817386", "004915228817386", ""))
    assert is_for("", "491771783130")
    assert not any(is_for(ours, to) for to in ("491771783130", "SMS", "4915228817387"))
