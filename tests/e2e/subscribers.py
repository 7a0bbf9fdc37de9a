"""Subscribing from the form on, and what subscribers get."""

import json
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from uuid import uuid4

from deploy.local.far_ends.records import Accepted, Channel
from tests.e2e.kit import City
from tests.support.wait import eventually

API = "/notifications/api/v1"


MITTE = 500


def texts(message: Accepted) -> str:
    """What a message says."""
    if message.channel == Channel.SMS:
        found: str = json.loads(message.source)["text"]
        return found
    mail = message_from_bytes(message.source, policy=default)
    assert isinstance(mail, EmailMessage)
    part = mail.get_body(("plain",))
    assert part
    return str(part.get_content())


def to(city: City, address: tuple[str, str]) -> Iterator[Accepted]:
    """What arrived at an address, in order."""
    return (each for each in city.accepted() if (each.channel, each.recipient) == address)


async def subscribe(city: City, address: tuple[str, str], **wishes: object) -> str:
    """Ask, wait for the message, follow its link and confirm: the path of the preferences."""
    channel, where = address
    body = {"channel": channel, "mail" if channel == "mail" else "phone": where, "topics": ["stations"]}
    asked = await city.client.post(f"{API}/subscription-requests", json={"districts": [MITTE], **body, **wishes})
    assert asked.status_code == 202, asked.text
    await eventually(lambda: any(to(city, address)), timeout=20)
    [please] = to(city, address)
    found = re.search(r"https?://[^/]+(\S*/confirm/\S+)", texts(please))
    assert found
    path = found[1]
    assert (await city.client.get(path)).status_code == 200
    confirmed = await city.client.post(path, data={"einmal": uuid4().hex})
    assert confirmed.status_code == 303
    preferences: str = confirmed.headers["location"].partition("?")[0]
    return preferences
