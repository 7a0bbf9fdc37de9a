"""People who want news, and people who answer what they were told by SMS."""

import random
import re
import time
from collections.abc import Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage

import httpx

from deploy.local.far_ends.records import Channel
from deploy.local.far_ends.store import Store
from deploy.local.laptop import REPLY_NUMBER
from tests.chaos.city import City
from tests.chaos.history import Ended, Operation
from tests.support.wait import eventually

API = "/notifications/api/v1"
READERS = 6
EVERY_DISTRICT = [100, 200, 300, 400, 500, 600, 700]


async def subscribe(city: City, address: str, client: httpx.AsyncClient) -> list[str]:
    """Let some people subscribe to all news by mail, before anything breaks; returns their addresses."""
    mails = [f"delivered+reader{number}-{city.prefix}@simulator.stadt.example" for number in range(READERS)]
    for mail in mails:
        wish = {"channel": "mail", "mail": mail, "districts": EVERY_DISTRICT, "topics": ["stations", "buergermobil"]}
        (await client.post(f"{address}{API}/subscription-requests", json=wish)).raise_for_status()
    await eventually(lambda: set(mails) <= set(_letters(city)), timeout=30)
    for mail in mails:
        [token] = set(re.findall(r"/confirm/([\w.-]+)", _letters(city)[mail]))
        path = f"{address}{API}/subscription-requests/{token}/confirmation"
        (await client.post(path)).raise_for_status()
    return mails


async def answer_reminders(
    city: City, client: httpx.AsyncClient, dice: random.Random, asked: Sequence[Operation]
) -> list[Operation]:
    """Let who has been reminded by SMS write "2", some of them twice; returns what they did."""
    reminded = _reminded(city)
    replies = []
    for booked in asked:
        if booked.phone in reminded and dice.random() < 0.7:
            reply = Operation("reply", booked.person, booked.station, booked.starts_at, booked.seats, time.time())
            replies.append(reply)
            for _ in range(dice.choice([1, 2])):
                await _write(city, client, booked.phone, reply)
    return replies


async def _write(city: City, client: httpx.AsyncClient, sender: str, reply: Operation) -> None:
    """Hand an SMS to the gateway, which brings it on however long that takes."""

    async def taken() -> bool:
        try:
            answer = await client.post(f"{city.sms}/simulator/reply", json={"from": sender, "text": "2"})
        except httpx.HTTPError:
            return False
        reply.answers.append(answer.status_code)
        return answer.is_success

    await eventually(taken, timeout=60, every=0.5)
    reply.ended, reply.ended_at = Ended.ACKNOWLEDGED, time.time()


def _letters(city: City) -> dict[str, str]:
    """The mail each address got last."""
    store = Store(city.folder)
    try:
        accepted = store.accepted(Channel.MAIL)
    finally:
        store.close()
    return {each.recipient: _plain(each.source) for each in accepted}


def _plain(source: bytes) -> str:
    mail = message_from_bytes(source, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("plain",))
    return body.get_content() if body else ""


def _reminded(city: City) -> set[str]:
    """The numbers that got an SMS which can be answered."""
    store = Store(city.folder)
    try:
        return {each.recipient for each in store.accepted(Channel.SMS) if each.sender == REPLY_NUMBER}
    finally:
        store.close()
