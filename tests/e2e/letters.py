"""What people get, and the persons that get it."""

from collections.abc import Iterator
from datetime import datetime, time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from icalendar import Calendar

from deploy.local.far_ends.records import Accepted
from shared.calendar import previous_working_day
from shared.clock import BERLIN
from tests.appointments.waiting import wait
from tests.e2e.kit import API, City

ANNA = "delivered+anna@simulator.stadt.example"


PHONE = "+4917604069050"


def evening_before(start: datetime) -> datetime:
    return datetime.combine(previous_working_day(start.astimezone(BERLIN).date()), time(16, 0, 1), BERLIN)


def calendar_of(source: bytes) -> Calendar:
    """The calendar part of a mail."""
    message = message_from_bytes(source, policy=default)
    part = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
    return Calendar.from_ical(part.get_content())


def bodies(accepted: Accepted) -> Iterator[str]:
    """The plain text and the HTML of a mail."""
    mail = message_from_bytes(accepted.source, policy=default)
    assert isinstance(mail, EmailMessage)
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part
        yield part.get_content()


async def join(city: City, start: datetime, mail: str, **person: Any) -> dict[str, Any]:
    """Join the waiting list for a day at Mitte."""
    body = wait(start, stations=["mitte"], person={"mail": mail, **person})
    answer = await city.client.post(f"{API}/waiting", json=body)
    assert answer.status_code == 201, answer.text
    joined: dict[str, Any] = answer.json()
    return joined


async def answer(city: City, path: str, action: str) -> str:
    """Press a button on the page of an offer: where it leads."""
    sent = await city.client.post(path, data={"action": action, "einmal": f"one press to {action}".replace(" ", "-")})
    assert sent.status_code == 303, sent.text
    return str(sent.headers["location"])
