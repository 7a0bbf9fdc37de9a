"""An SMS that asks: only what was sent, to this number, about the appointment as it is now, can be answered."""

from typing import Any

import pytest
from sqlalchemy import text

from services.notifications.replies.usecases import receive_reply
from services.notifications.telling.usecases import FORGET_CONTACT, forget_contact
from shared.act import acting
from shared.due import Claim
from shared.events.appointments import AppointmentFact
from shared.tools import Tools
from tests.notifications.facts import booked, person, received
from tests.notifications.kit import Post
from tests.notifications.replies import ANNA, EVENING_BEFORE, by_sms, replies

_SENT = text("""
    update messages set state = :state, attempts = :attempts
    where channel = 'sms' and notice in (select id from notices where matter = :matter and purpose = 'reminder')
""")


async def reminded(
    post: Post, tools: Tools, fact: AppointmentFact, state: str = "delivered", attempts: int = 1
) -> AppointmentFact:
    """An appointment whose reminder was sent as an SMS, and how that ended."""
    await post.take(received(fact))
    async with tools.db.transaction() as conn:
        await conn.execute(_SENT, {"matter": fact.id, "state": state, "attempts": attempts})
    post.move_clock(EVENING_BEFORE)
    return fact


async def answer(tools: Tools, words: str = "2", sender: str = ANNA) -> None:
    async with acting(tools) as act:
        await receive_reply(act, sender, words)


async def still_booked(post: Post) -> list[Any]:
    """The answers that an appointment still stands."""
    return await post.rows("select id from notices where purpose = 'still-booked'")


@pytest.mark.parametrize(
    ("state", "attempts", "asks"),
    [
        ("sending", 1, True),
        ("checking", 1, True),
        ("accepted", 1, True),
        ("delivered", 1, True),
        ("unknown", 1, True),
        ("waiting", 0, False),
        ("waiting", 1, False),
        ("failed", 1, False),
        ("delivered", 0, False),
    ],
)
async def test_an_sms_asks_from_when_it_may_have_arrived(
    post: Post, tools: Tools, state: str, attempts: int, asks: bool
) -> None:
    await reminded(post, tools, by_sms(), state, attempts)
    await answer(tools)
    assert len(await replies(post)) == asks


async def test_the_answer_of_one_is_not_that_of_another_nor_of_who_got_a_mail(post: Post, tools: Tools) -> None:
    mine = await reminded(post, tools, by_sms())
    await reminded(post, tools, by_sms("+4915228817320"))
    await reminded(post, tools, booked(person("delivered", ANNA), channels=["mail"]))
    await answer(tools)
    [reply] = await replies(post)
    assert reply.about
    assert reply.about.id == mine.id
    before = await post.rows("select id, state from messages where state = 'delivered'")
    await answer(tools)
    assert len(await replies(post)) == 1
    assert await post.rows("select id, state from messages where state = 'delivered'") == before


async def test_of_mail_and_sms_the_sms_asks(post: Post, tools: Tools) -> None:
    await reminded(post, tools, booked(person("delivered", ANNA), channels=["mail", "sms"]), state="accepted")
    await answer(tools)
    [row] = await post.rows("select channel from messages where state = 'delivered'")
    assert row.channel == "sms"
    assert len(await replies(post)) == 1


async def test_what_is_not_understood_is_answered_once_and_not_where_the_person_is_forgotten(
    post: Post, tools: Tools
) -> None:
    fact = await reminded(post, tools, by_sms())
    for _ in range(2):
        await answer(tools, "Was?")
    [told] = await still_booked(post)
    assert len(await post.rows("select 1 from due_work where kind = 'send' and due_at <= :now", now=EVENING_BEFORE)) > 0
    async with acting(tools) as act:
        await act.conn.execute(text("delete from notices where id = :id"), {"id": told.id})
        addresses = text("select addresses from notices where matter = :id limit 1")
        kept = (await act.conn.execute(addresses, {"id": fact.id})).scalar_one()
        await forget_contact(act, Claim(FORGET_CONTACT, str(fact.id), 1, told.id))
        put_back = text("update notices set addresses = cast(:kept as jsonb)")
        await act.conn.execute(put_back, {"kept": f'{{"sms": "{kept["sms"]}"}}'})
    await answer(tools, "Was?")
    assert await still_booked(post) == []
