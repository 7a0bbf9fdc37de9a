"""Work that comes when what it was about is over, and what happens to one message: the others stay as they are."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from services.notifications.delivery.domain import LOOK_UP, SEND, State
from services.notifications.delivery.usecases import Hand
from services.notifications.sending.carrier import Job
from services.notifications.sending.domain import Answer, Result
from services.notifications.sending.usecases import LookingUp, Question, give_up_receipt
from services.notifications.telling.purposes import Purpose
from services.notifications.telling.usecases import FORGET_CONTACT, forget_contact
from shared.due import Claim, Urgency
from shared.tools import Tools
from tests.notifications.conftest import Post
from tests.notifications.facts import MOBILE, THURSDAY, booked, person, received
from tests.notifications.test_once import NOBODY
from tests.support.locks import wait_not_long

ASKING: Any = LookingUp(None)  # type: ignore[arg-type]
"""Picks what to ask, but asks nobody."""
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
    async with tools.db.transaction() as conn:
        return set(await NOBODY.begin(conn, tools, [claim(each) for each in messages]))


async def finish(tools: Tools, *results: tuple[Job, Result]) -> None:
    async with tools.db.transaction() as conn:
        await NOBODY.finish(conn, tools, results)


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
        async with tools.db.transaction() as conn:
            asked = await ASKING.begin(conn, tools, [claim(message, LOOK_UP)])
        expected = {str(message): Question(message, "first", MOBILE)} if state is State.CHECKING else {}
        assert asked == expected


async def test_what_is_gone_meanwhile_holds_up_nothing(post: Post, tools: Tools) -> None:
    gone, message = uuid4(), await confirming(post)
    assert await begin(tools, gone, message) == {str(message)}
    await finish(tools, (job(gone), ANSWERED[0]), (job(message), ANSWERED[0]))
    assert (await entry_of(post, message))["state"] == "delivered"
    before = await kept(post)
    async with tools.db.transaction() as conn:
        assert await ASKING.begin(conn, tools, [claim(gone, LOOK_UP)]) == {}
        await ASKING.finish(conn, tools, [(Question(gone, "first", MOBILE), answer) for answer in ANSWERED])
        await give_up_receipt(conn, tools, claim(gone))
    assert await kept(post) == before


async def test_who_is_forgotten_is_told_nothing(post: Post, tools: Tools) -> None:
    fact = booked(person("delivered"))
    await post.take(received(fact))
    message = (await post.confirmation(fact.id)).message
    async with tools.db.transaction() as conn:
        await forget_contact(conn, tools, claim(fact.id, FORGET_CONTACT))
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
        await Hand.of_messages(busy, [other])
        await wait_not_long(conn)
        assert mine in await Hand.of_messages(conn, [mine])
