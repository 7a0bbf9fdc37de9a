"""What a report changes depends on what it is about: on any other message it changes nothing."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.notifications.delivery.domain import Spared, State
from services.notifications.reports.domain import MailReport, ReportKind
from services.notifications.reports.usecases import look_again, receive_mail_report, receive_receipt
from services.notifications.reports.webhooks import Receipt
from services.notifications.telling.usecases import FORGET_CONTACT, forget_contact
from shared.act import acting
from shared.due import Claim
from shared.tools import Tools
from tests.notifications.facts import booked, person, received
from tests.notifications.kit import Post

_SENT = text("update messages set state = :state, gateway = :gateway, reference = :reference where id = :id")


async def sent(
    post: Post, tools: Tools, channel: str = "sms", reference: str | None = "7", state: State = State.ACCEPTED
) -> UUID:
    """A message the first gateway, or the mail server, has."""
    fact = booked(person("delivered", "+4915228817309" if channel == "sms" else None), channels=[channel])
    await post.take(received(fact))
    id = (await post.confirmation(fact.id)).message
    async with tools.db.transaction() as conn:
        await conn.execute(_SENT, {"id": id, "state": state, "gateway": "first", "reference": reference})
    return id


async def states(post: Post) -> dict[UUID, str]:
    """How the messages stand that were sent; what takes their place waits."""
    return {row.id: row.state for row in await post.rows("select id, state from messages where state <> 'waiting'")}


async def again(post: Post) -> list[str]:
    """The receipts that are looked at once more."""
    return [row.key for row in await post.rows("select key from due_work where kind = 'receipt-again'")]


@pytest.mark.parametrize(
    ("receipt", "state", "later"),
    [
        (lambda id: Receipt("first", "DELIVERED", "7", id), "delivered", []),
        (lambda id: Receipt("first", "DELIVERED", "7"), "delivered", []),
        (lambda id: Receipt("first", "FAILED", "7"), "failed", []),
        (lambda id: Receipt("first", "TRANSMITTED", "7"), "accepted", []),
        (lambda id: Receipt("first", "DELIVERED", "8", id), "accepted", []),
        (lambda id: Receipt("second", "DELIVERED", "7", id), "accepted", []),
        (lambda id: Receipt("first", "DELIVERED", "7", uuid4()), "accepted", []),
        (lambda id: Receipt("second", "DELIVERED", "7"), "accepted", ["second DELIVERED 7"]),
        (lambda id: Receipt("first", "DELIVERED", "8"), "accepted", ["first DELIVERED 8"]),
        (lambda id: Receipt("first", "NONSENSE", "8"), "accepted", []),
    ],
)
async def test_a_receipt_is_about_the_message_a_gateway_knows_so(
    post: Post, tools: Tools, receipt: Callable[[UUID], Receipt], state: str, later: list[str]
) -> None:
    message, other = await sent(post, tools), await sent(post, tools, reference="9")
    async with acting(tools) as act:
        await receive_receipt(act, receipt(message))
    assert await states(post) == {message: state, other: "accepted"}
    assert await again(post) == later


async def test_a_receipt_is_looked_at_once_more_and_then_no_more(post: Post, tools: Tools) -> None:
    message = await sent(post, tools)
    async with acting(tools) as act:
        await look_again(act, Claim("receipt-again", "first DELIVERED 8", 1, uuid4()))
    assert (await states(post), await again(post)) == ({message: "accepted"}, [])
    async with acting(tools) as act:
        await look_again(act, Claim("receipt-again", "first DELIVERED 7", 1, uuid4()))
    assert await states(post) == {message: "delivered"}


async def test_a_reference_of_two_messages_names_neither(post: Post, tools: Tools) -> None:
    both = {await sent(post, tools): "accepted", await sent(post, tools): "accepted"}
    async with acting(tools) as act:
        await receive_receipt(act, Receipt("first", "DELIVERED", "7"))
    assert await states(post) == both


@pytest.mark.parametrize(
    ("kind", "status", "state", "spared"),
    [
        (ReportKind.FAILED, "5.1.1", "failed", [Spared.UNDELIVERABLE]),
        (ReportKind.FAILED, "5.2.2", "failed", []),
        (ReportKind.COMPLAINT, "", "delivered", [Spared.COMPLAINT]),
        (ReportKind.OTHER, "5.1.1", "delivered", []),
    ],
)
async def test_what_a_report_by_mail_says_of_the_message_and_of_the_address(
    post: Post, tools: Tools, kind: ReportKind, status: str, state: str, spared: list[Spared]
) -> None:
    message, other = [await sent(post, tools, "mail", None, State.DELIVERED) for _ in range(2)]
    for id in (uuid4(), message):
        async with acting(tools) as act:
            await receive_mail_report(act, id, MailReport(kind, status))
    assert await states(post) == {message: state, other: "delivered"}
    found: list[Any] = await post.rows("select reason from spared_addresses")
    assert [row.reason for row in found] == spared


@pytest.mark.parametrize("kind", [ReportKind.FAILED, ReportKind.COMPLAINT])
async def test_a_report_about_somebody_forgotten_spares_nobody(post: Post, tools: Tools, kind: ReportKind) -> None:
    message = await sent(post, tools, "mail", None, State.DELIVERED)
    [row] = await post.rows("select id from matters")
    async with acting(tools) as act:
        await forget_contact(act, Claim(FORGET_CONTACT, str(row.id), 1, uuid4()))
        await receive_mail_report(act, message, MailReport(kind, "5.1.1"))
    assert await post.rows("select reason from spared_addresses") == []
