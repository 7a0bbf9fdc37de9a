"""Reports of the far ends: bounce addresses, signed receipts."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from services.notifications.reports.domain import Posted, receipt_is_genuine
from services.notifications.sending.envelopes import Verp
from shared.settings import development_secret
from tests.notifications.facts import booked, person, received
from tests.notifications.kit import Post
from tests.notifications.reports import KEY, URL, proof, signed

SECRET = SecretStr(development_secret("notifications link_secret"))
VERP = Verp(SECRET, "bounces.stadt.example")


def test_a_bounce_address_names_its_message_in_any_case() -> None:
    message = uuid4()
    address = VERP.address(message)
    assert len(address.partition("@")[0]) <= 64
    assert VERP.read(address) == VERP.read(f"<{address.upper()}>") == message


@pytest.mark.parametrize(
    "change",
    [
        lambda address: address.replace("@", "0@"),
        lambda address: address.replace("bounces.stadt", "bounces.statt"),
        lambda address: "bounce+" + uuid4().hex + address[39:],
        lambda address: address[:-1],
        lambda address: "",
        lambda address: "@",
    ],
)
def test_a_forged_bounce_address_is_nobodys(change: object) -> None:
    assert callable(change)
    assert VERP.read(change(VERP.address(uuid4()))) is None


def test_another_service_cannot_make_a_bounce_address() -> None:
    assert VERP.read(Verp(SecretStr(development_secret("other")), "bounces.stadt.example").address(uuid4())) is None


@pytest.mark.parametrize(
    ("change", "genuine"),
    [
        ({}, True),
        ({"timestamp": "0"}, False),
        ({"timestamp": "now"}, False),
        ({"nonce": "other"}, False),
        ({"signature": ""}, False),
        ({"signature": "ä" * 64}, False),
    ],
)
def test_only_signed_receipts_are_genuine(change: dict[str, str], genuine: bool) -> None:
    headers = signed(b"{}") | change
    assert receipt_is_genuine(KEY, URL, Posted(b"{}", **headers), datetime.now(UTC)) is genuine


def test_a_signature_covers_body_and_address_and_grows_old() -> None:
    now = datetime.now(UTC)
    assert not receipt_is_genuine(KEY, URL, Posted(b"{ }", **signed(b"{}")), now)
    assert not receipt_is_genuine(KEY, URL + "x", Posted(b"{}", **signed(b"{}")), now)
    assert not receipt_is_genuine(KEY, URL, Posted(b"{}", **signed(b"{}", at=int(now.timestamp()) - 31)), now)
    assert receipt_is_genuine(KEY, URL, Posted(b"{}", **signed(b"{}", at=int(now.timestamp()) - 29)), now)


async def test_a_forged_receipt_changes_nothing(open_post: Post) -> None:
    fact = booked(person(phone="+4915228817309"), channels=["sms"])
    await open_post.take(received(fact))
    await open_post.until(fact.id, sms="accepted")
    url = open_post.settings.sms_webhook_url
    message = (await open_post.confirmation(fact.id)).message
    body = json.dumps(
        {"webhook_event": "dlr", "data": {"msg_id": "1", "foreign_id": str(message), "status": "DELIVERED"}}
    ).encode()
    headers = {"Content-Type": "application/json"}
    async with httpx.AsyncClient(headers=headers) as client:
        for key, status in ((SecretStr("wrong"), 403), (open_post.settings.sms_webhook_key, 204)):
            answer = await client.post(url, content=body, headers=proof(body, url, key))
            assert answer.status_code == status
            assert await open_post.states(fact.id) == {"sms": "accepted" if status == 403 else "delivered"}
        unsigned = await client.post(url, content=body)
        assert (unsigned.status_code, unsigned.headers["Content-Type"]) == (403, "application/problem+json")
        unknown = body.replace(str(message).encode(), str(uuid4()).encode())
        assert (await client.post(url, content=unknown, headers=proof(unknown, url, key))).status_code == 204
