"""Reminders by SMS, and people that answer."""

import asyncio
import json
from datetime import datetime
from typing import Any

import httpx

from deploy.local.laptop import REPLY_NUMBER
from shared.clock import BERLIN
from shared.events.appointments import AppointmentFact
from shared.events.notifications import ReplyReceived
from shared.events.registry import type_of
from tests.notifications.facts import booked, person, received
from tests.notifications.kit import Post
from tests.notifications.reports import proof

EVENING_BEFORE = datetime(2026, 11, 25, 16, tzinfo=BERLIN)


ANNA, NO_RECEIPT = "+4915228817300", "+4915228817309"


async def remind(post: Post, *facts: AppointmentFact, state: str = "delivered") -> None:
    """Let people book and be reminded by SMS."""
    await post.take(*map(received, facts))
    for fact in facts:
        await post.until(fact.id, sms=state)
    post.move_clock(EVENING_BEFORE)
    for fact in facts:
        await post.until(fact.id, "reminder", sms=state)


def by_sms(phone: str = ANNA, mail: str | None = None, **changes: Any) -> AppointmentFact:
    return booked(person(mail, phone), channels=["sms"], **changes)


async def write(post: Post, text: str, sender: str = ANNA, times: int = 1, to: str = REPLY_NUMBER) -> None:
    """Let somebody write an SMS, which the gateway hands over one or several times, side by side."""
    url = post.settings.sms_webhook_url
    data = {"id": "7", "sender": sender, "system": to[1:], "text": text, "time": "1764500000", "message_type": "SMS"}
    body = json.dumps({"webhook_event": "sms_mo", "data": data}).encode()

    async def hand_over(client: httpx.AsyncClient) -> int:
        headers = {"Content-Type": "application/json", **proof(body, url, post.settings.sms_webhook_key)}
        return (await client.post(url, content=body, headers=headers)).status_code

    async with httpx.AsyncClient() as client:
        assert set(await asyncio.gather(*(hand_over(client) for _ in range(times)))) == {204}


async def replies(post: Post) -> list[ReplyReceived]:
    """The replies handed on."""
    rows = await post.rows("select body from outbox where type = :type order by id", type=type_of(ReplyReceived))
    return [ReplyReceived.model_validate_json(row.body) for row in rows]
