"""Of two changes of a subscription at once the second finds what the first did; others find nothing changed."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.notifications.subscribing import usecases
from services.notifications.subscribing.domain import LIMIT
from services.notifications.subscribing.limits import note_asking
from services.notifications.subscribing.queries import Subscription, load_subscription
from services.notifications.subscribing.refusals import MessagesUsedUp, RequestOver, SubscriptionOver
from services.notifications.subscribing.usecases import FORGET_REQUEST
from services.notifications.telling.usecases import FORGET_MATTER
from shared import retention
from shared.act import Act, acting
from shared.due import Claim
from shared.events.notifications import SubscriptionConfirmed
from shared.origins import Origin
from shared.tools import Tools
from tests.notifications.kit import Post
from tests.notifications.subscribers import HAMBORN, mail, planned, subscribe, wishes
from tests.support.locks import waiting


async def alone(tools: Tools, do: Callable[[Act], Awaitable[Any]]) -> Any:
    """Do something in a transaction of its own."""
    async with acting(tools) as act:
        return await do(act)


async def states(post: Post) -> list[tuple[int, str]]:
    """What facts say of subscriptions, in order."""
    facts = [SubscriptionConfirmed.model_validate_json(row.body) for row in await post.rows("select body from outbox")]
    return sorted((fact.version, fact.subscription.status) for fact in facts)


async def request(tools: Tools, moves: UUID | None = None, name: str = "delivered+new") -> UUID:
    """Ask, and wait for a confirmation."""
    id: UUID | None = await alone(tools, lambda act: usecases.ask(act, mail(name), wishes(), moves=moves))
    assert id
    return id


async def test_a_request_confirmed_twice_at_once_is_told_once(post: Post, tools: Tools) -> None:
    id, now = await request(tools), tools.clock.now()
    async with tools.db.transaction() as conn:
        first = await usecases.confirm(Act(conn, tools, now), id)
        second = await waiting(tools, alone(tools, lambda act: usecases.confirm(act, id)))
    assert await second == first
    assert await states(post) == [(1, "confirmed")]


async def test_what_has_ended_meanwhile_ends_once_and_is_changed_no_more(post: Post, tools: Tools) -> None:
    found, now = await subscribe(post), tools.clock.now()
    changed = wishes(districts=(100,))
    async with tools.db.transaction() as conn:
        await usecases.end(Act(conn, tools, now), found.id)
        ending = await waiting(tools, alone(tools, lambda act: usecases.end(act, found.id)))
        change = alone(tools, lambda act: usecases.change(act, found.id, changed))
        changing = await waiting(tools, change)
    await ending
    with pytest.raises(SubscriptionOver):
        await changing
    assert await states(post) == [(1, "confirmed"), (2, "ended")]


async def test_an_address_confirmed_for_a_subscription_that_has_ended_meanwhile_begins_one(
    post: Post, tools: Tools
) -> None:
    old, now = await subscribe(post, "delivered+old"), tools.clock.now()
    id = await request(tools, moves=old.id)
    async with tools.db.transaction() as conn:
        await usecases.end(Act(conn, tools, now), old.id)
        second = await waiting(tools, alone(tools, lambda act: usecases.confirm(act, id)))
    begun: Subscription = await second
    assert (begun.version, begun.wishes.districts) == (1, (HAMBORN,))
    assert begun.id != old.id
    assert await states(post) == [(1, "confirmed"), (1, "confirmed"), (2, "ended")]


async def test_an_address_that_is_subscribed_meanwhile_is_moved_to_and_has_one_subscription(
    post: Post, tools: Tools
) -> None:
    old = await subscribe(post, "delivered+old")
    moving, new = await request(tools, moves=old.id), await request(tools)
    async with acting(tools) as act:
        begun = await usecases.confirm(act, new)
        second = await waiting(tools, alone(tools, lambda act: usecases.confirm(act, moving)))
    moved: Subscription = await second
    assert (moved.id, moved.address) == (old.id, begun.address)
    assert await alone(tools, lambda act: load_subscription(act.conn, begun.id)) is None
    assert await states(post) == [(1, "confirmed"), (1, "confirmed"), (2, "confirmed"), (2, "ended")]


async def test_requests_for_one_address_at_once_are_counted_one_after_the_other(post: Post, tools: Tools) -> None:
    now = tools.clock.now()
    for _ in range(LIMIT - 1):
        await request(tools)

    async def ask(act: Act) -> UUID | None:
        return await usecases.ask(act.at(now), mail("delivered+new"), wishes())

    async with tools.db.transaction() as conn:
        assert await ask(Act(conn, tools, now))
        second = await waiting(tools, alone(tools, ask))
    assert await second is None
    assert list((await planned(post, "subscription")).values()) == [LIMIT]


async def test_requests_from_one_network_at_once_are_counted_one_after_the_other(tools: Tools) -> None:
    now, network = tools.clock.now(), Origin(b"network", 2)
    await alone(tools, lambda act: note_asking(replace(act, origin=network)))
    async with tools.db.transaction() as conn:
        await note_asking(Act(conn, tools, now, origin=network))
        second = await waiting(tools, alone(tools, lambda act: note_asking(replace(act, origin=network))))
        await alone(tools, lambda act: note_asking(replace(act, origin=Origin(b"another", 1))))
        await alone(tools, lambda act: note_asking(replace(act, origin=Origin(None, 0))))
    with pytest.raises(MessagesUsedUp):
        await second


async def test_a_day_has_three_messages_to_confirm_or_with_a_link(post: Post, tools: Tools) -> None:
    await subscribe(post)
    for _ in range(3):
        await alone(tools, lambda act: usecases.ask_for_link(act, mail("delivered")))
    assert sum((await planned(post, "subscription", "subscription-link")).values()) == 3


async def test_what_one_confirms_forgets_or_ends_leaves_others_as_they_are(post: Post, tools: Tools) -> None:
    first, second, third = [await request(tools, name=f"delivered+{n}") for n in range(3)]
    mine = await alone(tools, lambda act: usecases.confirm(act, first))
    await alone(
        tools,
        lambda act: usecases.forget_request(act, Claim(FORGET_REQUEST, str(third), 1, uuid4())),
    )
    other = await alone(tools, lambda act: usecases.confirm(act, second))
    assert other.id != mine.id
    moving = await request(tools, moves=other.id, name="delivered+moved")
    other = await alone(tools, lambda act: usecases.confirm(act, moving))
    assert await alone(tools, lambda act: load_subscription(act.conn, mine.id)) == mine
    await alone(tools, lambda act: usecases.change(act, mine.id, wishes(language="tr")))
    await alone(tools, lambda act: usecases.end(act, mine.id))
    assert await alone(tools, lambda act: load_subscription(act.conn, other.id)) == other
    assert await alone(tools, lambda act: tools.people.load(act.conn, other.id))
    assert await alone(tools, lambda act: usecases.confirm(act, moving)) == other


async def test_what_has_moved_or_was_forgotten_is_confirmed_no_more(post: Post, tools: Tools) -> None:
    first = await request(tools)
    found = await alone(tools, lambda act: usecases.confirm(act, first))
    moving = await request(tools, moves=found.id, name="delivered+moved")
    await alone(tools, lambda act: usecases.confirm(act, moving))
    for over in (first, uuid4()):
        with pytest.raises(RequestOver):
            await alone(tools, partial(usecases.confirm, id=over))


async def test_the_end_of_a_subscription_is_known_as_long_as_the_ledger_is_kept(post: Post, tools: Tools) -> None:
    found = await subscribe(post)
    before = tools.clock.now()
    for address in (found.address, found.address, "nobody's"):
        await alone(tools, partial(usecases.end_at, address=address))
    assert await states(post) == [(1, "confirmed"), (2, "ended")]
    [known] = await post.rows("select version from matters where id = :id", id=found.id)
    assert known.version == 2
    [work] = await post.rows("select due_at from due_work where kind = :kind", kind=FORGET_MATTER)
    assert before <= work.due_at - retention.LEDGER <= tools.clock.now()
