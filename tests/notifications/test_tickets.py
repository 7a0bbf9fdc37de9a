"""A person waiting in the hall is told when it is nearly their turn, and not a moment longer."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.notifications.consumers import REACTIONS
from shared.act import acting
from shared.events.base import Received
from shared.events.tickets import TicketCalled, TicketClosed, TicketFact, TicketIssued, TicketNear, TicketOutcome
from shared.tools import Tools
from tests.notifications.facts import MONDAY_NOON, person, received, ticket
from tests.notifications.kit import Post

MOBILE = person(mail=None, name="")


def line(matter: UUID) -> dict[str, TicketFact]:
    """The facts of a ticket from beginning to end, by name."""
    waiting = ticket(matter, MOBILE, issued_at=MONDAY_NOON, closes_at=MONDAY_NOON + timedelta(hours=5))
    called = waiting.model_copy(update={"status": "called", "counter": 3, "calls": 1})
    closed = called.model_copy(update={"status": "closed", "outcome": TicketOutcome.SERVED, "contact": None})
    return {
        "issued": TicketIssued(id=matter, version=1, ticket=waiting),
        "near": TicketNear(id=matter, version=2, ticket=waiting, ahead=2),
        "called": TicketCalled(id=matter, version=3, ticket=called),
        "closed": TicketClosed(id=matter, version=4, ticket=closed),
        "sent home": TicketClosed(
            id=matter,
            version=4,
            ticket=waiting.model_copy(update={"status": "closed", "outcome": TicketOutcome.STATION_CLOSED}),
        ),
    }


async def told(post: Post, *names: str) -> list[tuple[str, str, str]]:
    """Let facts of a ticket arrive in this order: purpose, channel and state of what is told."""
    matter = uuid4()
    await post.take(*[received(line(matter)[name]) for name in names])
    return [(entry.purpose, entry.channel, entry.state) for entry in await post.log(matter)]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["issued"], []),
        (["issued", "near"], [("turn", "sms", "waiting")]),
        (["near"], [("turn", "sms", "waiting")]),
        (["near", "issued", "near"], [("turn", "sms", "waiting")]),
        (["issued", "near", "called"], [("turn", "sms", "superseded")]),
        (["issued", "near", "closed"], [("turn", "sms", "superseded")]),
        (["called", "near"], []),
        (["issued", "sent home"], [("hall-closed", "sms", "waiting")]),
        (["issued", "near", "sent home"], [("turn", "sms", "superseded"), ("hall-closed", "sms", "waiting")]),
        (["closed", "issued", "near", "called"], []),
    ],
)
async def test_it_is_told_once_and_only_until_the_call(post: Post, names: list[str], found: list[Any]) -> None:
    assert await told(post, *names) == found


async def test_the_sms_goes_out_at_once_even_late_in_the_evening(open_post: Post) -> None:
    evening = MONDAY_NOON + timedelta(hours=9)
    open_post.move_clock(evening)
    matter = uuid4()
    near = line(matter)["near"]
    late = near.ticket.model_copy(update={"closes_at": evening + timedelta(hours=1)})
    await open_post.take(received(near.model_copy(update={"ticket": late}), evening))
    await open_post.until(matter, "turn", sms="delivered")
    [sms] = open_post.received("sms")
    assert "A 017: Gleich sind Sie dran, nur noch 2 vor Ihnen." in json.loads(sms.source)["text"]


async def test_after_closing_time_it_is_too_late(open_post: Post) -> None:
    open_post.move_clock(MONDAY_NOON + timedelta(hours=6))
    matter = uuid4()
    await open_post.take(received(line(matter)["near"]))
    await open_post.until(matter, "turn", sms="expired")
    assert open_post.received() == []


async def test_tickets_of_nobody_we_know_leave_no_trace(post: Post) -> None:
    matter = uuid4()
    fact = TicketIssued(id=matter, version=1, ticket=ticket(matter, None))
    tools = Tools(post.settings)
    async with acting(tools) as act:
        reaction = REACTIONS[TicketIssued]
        await reaction(act, Received(fact, uuid4(), uuid4(), MONDAY_NOON))
    await tools.db.close()
    assert await post.rows("select id from matters") == []
