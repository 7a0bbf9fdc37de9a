import asyncio
import hashlib
import hmac
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.far_ends.records import Channel
from deploy.local.far_ends.store import Store
from deploy.local.far_ends.web import WebSettings, create_web
from deploy.local.far_ends.webhook import signature
from deploy.local.processes import free_port
from tests.deploy.far_ends import QUICK, Hook, hook, listen, port_of, process, web_server
from tests.support.wait import eventually

PREFIX = "+4917139200"


@dataclass
class Gateway:
    """A running gateway, the webhook it reports to, and what it stored."""

    client: httpx.AsyncClient
    hook: Hook
    store: Store

    async def journal(self, **filters: str | int) -> list[dict[str, Any]]:
        """The journal's entries that pass some filters."""
        answer = await self.client.get("/sms/api/journal/outbound", params=filters)
        entries: list[dict[str, Any]] = answer.raise_for_status().json()
        return entries

    async def send(self, digits: str, reference: str = "7f3a", text: str = "Ihr Termin: 9 Uhr") -> httpx.Response:
        """Send an SMS to a simulated number."""
        body = {"to": f"{PREFIX}{digits}", "from": "Duisburg", "text": text, "foreign_id": reference, "ttl": 60}
        return await self.client.post("/sms/api/sms", json=body)

    def events(self) -> list[dict[str, Any]]:
        """What the webhook got."""
        return [json.loads(body) for _, body in self.hook.received]

    async def statuses(self, count: int) -> list[str]:
        """The receipts' statuses, once there are as many as expected, and no more after a while."""
        await eventually(lambda: len(self.hook.received) >= count)
        await asyncio.sleep(0.3)
        return [event["data"]["status"] for event in self.events()]


@pytest.fixture
def platform() -> Iterator[Hook]:
    with hook() as sink:
        yield sink


@pytest.fixture
async def gateway(tmp_path: Path, platform: Hook) -> AsyncIterator[Gateway]:
    listening = listen()
    settings = WebSettings(
        folder=tmp_path,
        webhook=platform.url,
        second_webhook=f"{platform.url}?second",
        issuer="unused",
        api_key="an api key",
        webhook_key="a webhook key",
        delays=QUICK,
    )
    store = Store(tmp_path)
    with web_server(create_web(settings), listening):
        base, key = f"http://127.0.0.1:{port_of(listening)}", {"X-Api-Key": "an api key"}
        async with httpx.AsyncClient(base_url=base, headers=key, timeout=5) as client:
            client.headers["Accept"] = "application/json"
            yield Gateway(client, platform, store)
    store.close()


async def test_an_accepted_sms_is_stored_and_receipted(gateway: Gateway) -> None:
    answer = (await gateway.send("00")).json()
    [sms] = gateway.store.accepted(Channel.SMS)
    assert answer == {
        "success": "100",
        "total_price": 0.075,
        "balance": 100.0,
        "debug": "false",
        "sms_type": "direct",
        "messages": [
            {
                "id": str(sms.number),
                "sender": "Duisburg",
                "recipient": "491713920000",
                "text": "Ihr Termin: 9 Uhr",
                "encoding": "gsm",
                "label": None,
                "parts": 1,
                "udh": None,
                "is_binary": False,
                "price": 0.075,
                "success": True,
                "error": None,
                "error_text": None,
            }
        ],
    }
    assert (sms.reference, sms.sender, json.loads(sms.source)["text"]) == ("7f3a", "Duisburg", "Ihr Termin: 9 Uhr")
    assert await gateway.statuses(1) == ["DELIVERED"]
    [event] = gateway.events()
    assert event["webhook_event"] == "dlr"
    assert set(event["data"]) == {"msg_id", "status", "timestamp"}, "nothing of the sender's own"
    assert event["data"]["msg_id"] == str(sms.number)


async def test_a_form_is_taken_like_json(gateway: Gateway) -> None:
    answer = await gateway.client.post("/sms/api/sms", data={"to": f"{PREFIX}09", "text": "Hallo"})
    assert answer.json()["success"] == "100"


async def test_the_same_sms_accepted_twice_stays_visible(gateway: Gateway) -> None:
    for _ in range(2):
        await gateway.send("09")
    assert gateway.store.doubled() == ["7f3a"]


@pytest.mark.parametrize(
    ("text", "parts", "encoding"),
    [
        ("a" * 160, 1, "gsm"),
        ("a" * 161, 2, "gsm"),
        ("a" * 159 + "€", 2, "gsm"),
        ("ж" * 70, 1, "ucs2"),
        ("ж" * 71, 2, "ucs2"),
    ],
)
async def test_parts_are_counted(gateway: Gateway, text: str, parts: int, encoding: str) -> None:
    [message] = (await gateway.send("09", text=text)).json()["messages"]
    assert (message["parts"], message["encoding"]) == (parts, encoding)


@pytest.mark.parametrize(
    ("digits", "statuses"),
    [
        ("02", ["FAILED"]),
        ("03", ["EXPIRED"]),
        ("04", ["NOTDELIVERED"]),
        ("10", ["DELIVERED"]),
        ("20", ["DELIVERED", "DELIVERED"]),
        ("09", []),
    ],
)
async def test_accepted_and_reported(gateway: Gateway, digits: str, statuses: list[str]) -> None:
    assert (await gateway.send(digits)).status_code == 200
    assert await gateway.statuses(len(statuses)) == statuses


async def test_a_late_receipt_comes_before_the_answer(gateway: Gateway) -> None:
    await gateway.send("21")
    assert [event["data"]["status"] for event in gateway.events()] == ["DELIVERED"]


async def test_full_is_refused_at_every_try(gateway: Gateway) -> None:
    answers = [await gateway.send("05") for _ in range(3)]
    assert [(answer.status_code, answer.json()["success"]) for answer in answers] == [(200, "600")] * 3
    assert gateway.store.accepted() == []


async def test_flaky_refuses_each_message_n_times(gateway: Gateway) -> None:
    for reference in ("first", "second"):
        codes = [(await gateway.send("12", reference)).status_code for _ in range(3)]
        assert codes == [503, 503, 200]
    assert gateway.store.doubled() == []


async def test_throttled_until_the_sender_waits(gateway: Gateway) -> None:
    refused = await gateway.send("06")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    await asyncio.sleep(1)
    assert (await gateway.send("06")).status_code == 200


async def test_slow_accepts_and_can_be_looked_up(gateway: Gateway) -> None:
    gateway.client.timeout = httpx.Timeout(0.5)
    with pytest.raises(httpx.ReadTimeout):
        await gateway.send("07")
    await looked_up(gateway)


async def test_drop_accepts_and_can_be_looked_up(gateway: Gateway) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await gateway.send("08")
    await looked_up(gateway)


async def looked_up(gateway: Gateway) -> None:
    [entry] = await gateway.journal()
    assert (entry["foreign_id"], entry["dlr"]) == ("7f3a", None)
    assert await gateway.statuses(1) == ["DELIVERED"]
    assert [entry["dlr"] for entry in await gateway.journal()] == ["DELIVERED"]


async def test_the_journal_knows_numbers_in_any_form_and_no_ids_of_the_senders(gateway: Gateway) -> None:
    for digits, reference in (("09", "one"), ("09", "two"), ("20", "three")):
        await gateway.send(digits, reference)
    await gateway.statuses(2)
    for form in ("+4917139200", "004917139200", "4917139200", "017139200"):
        assert [entry["foreign_id"] for entry in await gateway.journal(to=f"{form}09")] == ["two", "one"]
    assert len(await gateway.journal(foreign_id="one")) == 3, "an unknown filter changes nothing"
    assert [entry["foreign_id"] for entry in await gateway.journal(limit=1, offset=1)] == ["two"]
    assert [entry["foreign_id"] for entry in await gateway.journal(state="DELIVERED")] == ["three"]
    [entry] = await gateway.journal(id=1)
    assert (entry["to"], entry["from"], entry["text"]) == ("491713920009", "Duisburg", "Ihr Termin: 9 Uhr")


@pytest.mark.parametrize(("digits", "words"), [("30", "Spam"), ("31", "STOP")])
async def test_the_recipient_answers(gateway: Gateway, digits: str, words: str) -> None:
    await gateway.send(digits)
    await eventually(lambda: len(gateway.hook.received) == 2)
    [reply] = [event["data"] for event in gateway.events() if event["webhook_event"] == "sms_mo"]
    assert (reply["sender"], reply["system"]) == (f"{PREFIX}{digits}"[1:], "4915228817386")
    assert words in reply["text"]


async def test_a_citizen_writes(gateway: Gateway) -> None:
    answer = await gateway.client.post("/sms/simulator/reply", json={"from": f"{PREFIX}00", "text": "Stopp"})
    assert answer.status_code == 202
    await eventually(lambda: len(gateway.hook.received) == 1)
    [event] = gateway.events()
    assert (event["webhook_event"], event["data"]["text"]) == ("sms_mo", "Stopp")


async def test_the_second_gateway_keeps_and_reports_its_own(gateway: Gateway) -> None:
    body = {"to": f"{PREFIX}00", "text": "Hallo", "foreign_id": "7f3b"}
    answer = await gateway.client.post("/second-sms/api/sms", json=body)
    assert answer.json()["success"] == "100"
    assert await gateway.journal() == []
    assert [sms.reference for sms in gateway.store.accepted(Channel.SECOND_SMS)] == ["7f3b"]
    assert await gateway.statuses(1) == ["DELIVERED"]
    headers, sent = gateway.hook.received[0]
    own = signature("a webhook key", headers["X-Timestamp"], headers["X-Nonce"], f"{gateway.hook.url}?second", sent)
    assert headers["X-Signature"] == own


@pytest.mark.parametrize("status", [429, 503])
async def test_an_outage_refuses_everything_until_it_ends(gateway: Gateway, status: int) -> None:
    for outage, expected in ((status, status), (200, 200)):
        await gateway.client.put("/sms/simulator/outage", json={"status": outage})
        assert (await gateway.send("09")).status_code == expected
    assert len(gateway.store.accepted()) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"to": "+493023125000", "text": "Hallo"}, "202"),
        ({"to": "Anna", "text": "Hallo"}, "202"),
        ({"text": "Hallo"}, "301"),
        ({"to": f"{PREFIX}00", "text": ""}, "305"),
        ({"to": f"{PREFIX}00", "text": "a" * 1521}, "305"),
        ({"to": f"{PREFIX}00", "text": "Hallo", "ttl": 0}, "700"),
        (["not an object"], "700"),
    ],
)
async def test_bad_input_is_refused_with_a_code(gateway: Gateway, body: object, code: str) -> None:
    answer = await gateway.client.post("/sms/api/sms", json=body)
    said = answer.json() if isinstance(answer.json(), int) else answer.json()["success"]
    assert (answer.status_code, str(said)) == (200, code)
    assert gateway.store.accepted() == []


async def test_what_is_not_json_is_refused(gateway: Gateway) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await gateway.client.post("/sms/api/sms", content=b"{", headers=headers)
    assert (answer.status_code, answer.text) == (200, "700")


@pytest.mark.parametrize("path", ["/sms/api/sms", "/sms/api/journal/outbound"])
async def test_a_wrong_key_is_refused(gateway: Gateway, path: str) -> None:
    method = "POST" if path.endswith("sms") else "GET"
    answer = await gateway.client.request(method, path, headers={"X-Api-Key": "wrong"})
    assert (answer.status_code, answer.text) == (200, "900")


async def test_clients_that_do_not_accept_json_get_the_code_alone(gateway: Gateway) -> None:
    gateway.client.headers["Accept"] = "*/*"
    assert [(await gateway.send(digits)).text for digits in ("09", "05")] == ["100", "600"]


async def test_anything_else_can_be_posted_to_the_webhook(gateway: Gateway) -> None:
    event = {"webhook_event": "tracking", "data": {"sms_id": "1", "type": "click"}}
    assert (await gateway.client.post("/sms/simulator/event", json=event)).status_code == 202
    await eventually(lambda: len(gateway.hook.received) == 1)
    assert gateway.events() == [event]


async def test_receipts_are_signed(gateway: Gateway) -> None:
    await gateway.send("00")
    await eventually(lambda: bool(gateway.hook.received))
    headers, body = gateway.hook.received[0]
    lines = [headers["X-Timestamp"], headers["X-Nonce"], "POST", gateway.hook.url, hashlib.md5(body).hexdigest()]
    expected = hmac.new(b"a webhook key", "\n".join(lines).encode(), "sha256").hexdigest()
    assert headers["X-Signature"] == expected


async def test_a_receipt_nobody_takes_is_tried_again(gateway: Gateway) -> None:
    gateway.hook.refusals = 2
    await gateway.send("00")
    assert await gateway.statuses(1) == ["DELIVERED"]


async def test_pending_receipts_survive_kill(tmp_path: Path, platform: Hook) -> None:
    port = free_port()
    arguments = ["web", "--folder", str(tmp_path), "--webhook", platform.url]
    body = {"to": f"{PREFIX}00", "text": "Hallo", "foreign_id": "7f3a"}
    async with process(*arguments, "--receipt", "3", port=port) as server:
        async with httpx.AsyncClient() as client:
            key = {"X-Api-Key": "nahbar-development", "Accept": "application/json"}
            answer = await client.post(f"http://127.0.0.1:{port}/sms/api/sms", json=body, headers=key)
        assert answer.json()["success"] == "100"
        os.kill(server.pid, signal.SIGKILL)
        await server.wait()
    assert platform.received == []
    async with process(*arguments, port=port) as server:
        await eventually(lambda: bool(platform.received))
        server.terminate()
        assert await server.wait() == 0
