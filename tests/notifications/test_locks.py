"""What is locked is locked in the order of `Lock`; a wrong one is refused while tests run."""

from dataclasses import replace

import pytest

from services.notifications.delivery.usecases import NoticeBatch
from services.notifications.subscribing.limits import note_asking
from services.notifications.subscribing.queries import load_subscription
from services.notifications.subscribing.usecases import end
from shared.act import acting
from shared.origins import Origin
from shared.tools import Tools
from tests.notifications.kit import Post
from tests.notifications.subscribers import subscribe


async def test_a_subscription_is_ended_once_the_notices_are_locked(post: Post, tools: Tools) -> None:
    found = await subscribe(post)
    async with acting(tools) as act:
        await NoticeBatch.of_matter(act.conn, found.id)
        await end(act, found.id)
        assert await load_subscription(act.conn, found.id) is None


async def test_notices_are_not_locked_after_a_subscription(post: Post, tools: Tools) -> None:
    found = await subscribe(post)
    async with acting(tools) as act:
        await load_subscription(act.conn, found.id, for_update=True)
        with pytest.raises(AssertionError, match=r"NOTICES.*after.*SUBSCRIPTION"):
            await NoticeBatch.of_matter(act.conn, found.id)


async def test_those_who_ask_are_not_counted_after_a_subscription_is_locked(post: Post, tools: Tools) -> None:
    found = await subscribe(post)
    async with acting(tools) as act:
        await load_subscription(act.conn, found.id, for_update=True)
        with pytest.raises(AssertionError, match=r"ORIGIN.*after.*SUBSCRIPTION"):
            await note_asking(replace(act, origin=Origin(b"network", address_limit=20)))
