"""Work that comes when what it was about is over, and what happens to one message: the others stay as they are."""

from datetime import datetime, timedelta
from typing import Any
from unittest.mock import Mock
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.notifications.delivery.domain import LOOK_UP, SEND, Spared, State
from services.notifications.delivery.spared import spare
from services.notifications.delivery.usecases import NoticeBatch
from services.notifications.purposes import Purpose
from services.notifications.sending.carrier import Job
from services.notifications.sending.domain import Answer, Result
from services.notifications.sending.usecases import LookingUp, Question, Sending, give_up_receipt
from services.notifications.settings import FIRST, SECOND, Patience
from services.notifications.telling.usecases import FORGET_CONTACT, forget_contact
from shared.act import acting
from shared.clock import BERLIN
from shared.due import Claim, Urgency
from shared.tools import Tools
from tests.notifications.facts import MOBILE, THURSDAY, booked, person, received
from tests.notifications.kit import NOBODY, Post
from tests.support.locks import wait_not_long

TWO = Sending(Mock(), Patience(), [FIRST, SECOND])
"""Claims and records with two gateways, but carries nothing."""
ASKING: Any = LookingUp(None)  # type: ignore[arg-type]
"""Picks what to ask, but asks nobody."""
MORNING = datetime(2026, 11, 26, 8, tzinfo=BERLIN)
NIGHT_BEFORE = MORNING - timedelta(hours=10)
ANSWERED = (Result(Answer.DELIVERED), Result(Answer.REFUSED, error="permanent 550"), None)


def claim(key: UUID, kind: str = SEND) -> Claim:
    return Claim(kind, str(key), 1, uuid4())


def job(message: UUID, attempt: int = 1) -> Job:
    """An attempt somebody else began."""
    return Job(message, attempt, "mail", Purpose.CONFIRMATION, Urgency.DIRECT, booked(), THURSDAY, THURSDAY)


async def confirming(post: Post, channel: str = "mail") -> UUID:
    """The message that confirms a new booking."""
    fact = booked(person("delivered"), channels=[channel])
    await post.take(received(fact))
    return (await post.confirmation(fact.id)).message


async def set_state(tools: Tools, message: UUID, state: State, gateway: str | None = None) -> None:
    values = {"id": message, "state": state, "gateway": gateway}
    async with tools.db.transaction() as conn:
        await conn.execute(text("update messages set state = :state, gateway = :gateway where id = :id"), values)


async def begin(tools: Tools, *messages: UUID) -> set[str]:
    """Claim messages; those that are to be sent now."""
    async with acting(tools) as act:
        return set(await NOBODY.begin(act, [claim(each) for each in messages]))


async def finish(tools: Tools, *results: tuple[Job, Result]) -> None:
    async with acting(tools) as act:
        await NOBODY.finish(act, results)


async def kept(post: Post) -> dict[str, list[Any]]:
    """All that is kept of what is told."""
    tables = ("notices", "messages", "attempts")
    return {each: [row.kept for row in await post.rows(f"select to_jsonb(t) as kept from {each} t")] for each in tables}


async def entry_of(post: Post, message: UUID) -> dict[str, Any]:
    """What is kept of a message."""
    return next(each for each in (await kept(post))["messages"] if each["id"] == str(message))


async def test_only_what_waits_is_sent(post: Post, tools: Tools) -> None:
    message = await confirming(post)
    for state in set(State) - {State.WAITING, State.SENDING}:
        await set_state(tools, message, state)
        before = await kept(post)
        assert await begin(tools, message) == set(), state
        assert await kept(post) == before
    await set_state(tools, message, State.WAITING)
    assert await begin(tools, message) == {str(message)}


async def test_only_what_is_in_doubt_is_asked_about(post: Post, tools: Tools) -> None:
    message = await confirming(post, "sms")
    for state in State:
        await set_state(tools, message, state, "first")
        async with acting(tools) as act:
            asked = await ASKING.begin(act, [claim(message, LOOK_UP)])
        expected = {str(message): Question(message, "first", MOBILE)} if state is State.CHECKING else {}
        assert asked == expected


async def test_what_is_gone_meanwhile_holds_up_nothing(post: Post, tools: Tools) -> None:
    gone, message = uuid4(), await confirming(post)
    assert await begin(tools, gone, message) == {str(message)}
    await finish(tools, (job(gone), ANSWERED[0]), (job(message), ANSWERED[0]))
    assert (await entry_of(post, message))["state"] == "delivered"
    before = await kept(post)
    async with acting(tools) as act:
        assert await ASKING.begin(act, [claim(gone, LOOK_UP)]) == {}
        await ASKING.finish(act, [(Question(gone, "first", MOBILE), answer) for answer in ANSWERED])
        await give_up_receipt(act, claim(gone))
    assert await kept(post) == before


async def test_where_it_cannot_be_read_whom_to_ask_about_nobody_is_asked(post: Post, tools: Tools) -> None:
    message = await confirming(post, "sms")
    await set_state(tools, message, State.CHECKING, "first")
    async with acting(tools) as act:
        await act.conn.execute(text("update matters set fact = '{}'"))
        asked = await ASKING.begin(act, [claim(message, LOOK_UP)])
    assert asked == {str(message): Question(message, "first", None)}
    assert await ASKING.perform(tools, asked[str(message)]) is None


async def test_what_a_gateway_knew_is_recorded(post: Post, tools: Tools) -> None:
    message = await confirming(post, "sms")
    await set_state(tools, message, State.CHECKING, "first")
    async with acting(tools) as act:
        await ASKING.finish(act, [(Question(message, "first", MOBILE), ANSWERED[0])])
    assert (await entry_of(post, message))["state"] == "delivered"


async def test_the_wait_for_a_receipt_ends_once(post: Post, tools: Tools) -> None:
    message = await confirming(post, "sms")
    for state, becomes in ((State.ACCEPTED, "unknown"), (State.DELIVERED, "delivered")):
        await set_state(tools, message, state, "first")
        async with acting(tools) as act:
            await give_up_receipt(act, claim(message))
        assert (await entry_of(post, message))["state"] == becomes


async def test_what_one_gateway_cannot_take_goes_to_the_other_at_once(post: Post, tools: Tools) -> None:
    message, away = await confirming(post, "sms"), Result(Answer.AWAY, error="away")
    for gateway, waits in ((FIRST, False), (SECOND, True)):
        async with acting(tools) as act:
            begun = await TWO.begin(act, [claim(message)])
        assert begun[str(message)].gateway == gateway
        async with acting(tools) as act:
            await TWO.finish(act, [(begun[str(message)], away)])
        later = "select w.due_at > m.changed_at as waits from due_work w, messages m where w.key = :key and m.id = :id"
        [work] = await post.rows(later, key=str(message), id=message)
        assert work.waits is waits


@pytest.mark.parametrize("gone", [True, False])
async def test_an_address_that_does_not_exist_is_spared(post: Post, tools: Tools, gone: bool) -> None:
    message = await confirming(post)
    await begin(tools, message)
    await finish(tools, (job(message), Result(Answer.REFUSED, error="permanent 550", address_gone=gone)))
    found = await post.rows("select reason from spared_addresses")
    assert [row.reason for row in found] == ([Spared.UNDELIVERABLE] if gone else [])


async def test_only_the_address_that_is_spared_is_spared(post: Post, tools: Tools) -> None:
    facts = [booked(person(name)) for name in ("one", "other")]
    await post.take(*map(received, facts))
    reminders = [next(each.message for each in await post.log(fact.id) if each.purpose == "reminder") for fact in facts]
    [row] = await post.rows("select addresses from notices where matter = :id limit 1", id=facts[0].id)
    async with acting(tools) as act:
        await spare(act, row.addresses["mail"], Spared.COMPLAINT)
    post.move_clock(MORNING - timedelta(hours=16))
    assert await begin(tools, *reminders) == {str(reminders[1])}
    assert (await entry_of(post, reminders[0]))["state"] == "suppressed"


async def test_what_is_not_begun_says_why(post: Post, tools: Tools) -> None:
    fact = booked(person("delivered"))
    await post.take(received(fact))
    confirmation = (await post.confirmation(fact.id)).message
    [reminder] = [each.message for each in await post.log(fact.id) if each.message != confirmation]
    assert await begin(tools, confirmation) == {str(confirmation)}
    post.move_clock(NIGHT_BEFORE)
    assert await begin(tools, confirmation, reminder) == set()
    assert (await entry_of(post, confirmation))["error"] == "interrupted"
    [put_off] = await post.rows("select due_at from due_work where key = :key", key=str(reminder))
    assert put_off.due_at == MORNING
    assert (await entry_of(post, reminder))["state"] == "waiting"
    post.move_clock(THURSDAY)
    assert await begin(tools, reminder) == set()
    assert (await entry_of(post, reminder))["state"] == "expired"


async def test_who_is_forgotten_is_told_nothing(post: Post, tools: Tools) -> None:
    fact = booked(person("delivered"))
    await post.take(received(fact))
    message = (await post.confirmation(fact.id)).message
    async with acting(tools) as act:
        await forget_contact(act, claim(fact.id, FORGET_CONTACT))
    assert await begin(tools, message) == set()
    entry = await entry_of(post, message)
    assert (entry["state"], entry["error"]) == ("suppressed", "forgotten")


async def test_what_happens_to_one_message_leaves_others_and_earlier_attempts_alone(post: Post, tools: Tools) -> None:
    mine, other = await confirming(post), await confirming(post)
    assert len(await begin(tools, mine, other)) == 2
    before = await kept(post)
    await finish(tools, (job(mine), Result(Answer.AWAY, error="away")))
    assert await begin(tools, mine) == {str(mine)}
    await finish(tools, (job(mine, 2), Result(Answer.DELIVERED)))
    after = await kept(post)
    changed = [each for table in after for each in after[table] if each not in before[table]]
    mine_too = [each for each in after["notices"] if each["outcome"]]
    assert len(mine_too) == 1
    assert {each.get("message") or each["id"] for each in changed} == {str(mine), mine_too[0]["id"]}
    attempts = [each for each in after["attempts"] if each["message"] == str(mine)]
    assert [each["result"] for each in sorted(attempts, key=lambda each: each["number"])] == ["away", "delivered"]


async def test_messages_of_others_are_not_waited_for(post: Post, tools: Tools) -> None:
    mine, other = await confirming(post), await confirming(post)
    async with tools.db.transaction() as busy, tools.db.transaction() as conn:
        await NoticeBatch.of_messages(busy, [other])
        await wait_not_long(conn)
        assert mine in await NoticeBatch.of_messages(conn, [mine])
