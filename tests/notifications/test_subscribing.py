"""Subscribing as JSON: nothing counts before it is confirmed, nobody learns who is subscribed, ending is final."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.services import create
from services.notifications.subscribing import usecases
from services.notifications.subscribing.domain import CONFIRM_WITHIN, LIMIT
from services.notifications.subscribing.facts import CONFIRM, PREFERENCES
from services.notifications.subscribing.usecases import FORGET_REQUEST, forget_request
from shared.act import acting
from shared.due import Claim
from shared.events.notifications import SubscriptionConfirmed
from shared.runtime import Role
from shared.tools import Tools
from tests.notifications.facts import MONDAY_NOON, closed
from tests.notifications.kit import Post
from tests.notifications.subscribers import HAMBORN, hear, mail, planned, subscribe
from tests.support.browsing import Browsing

API = "/notifications/api/v1"
WANTED = {"channel": "mail", "mail": "Anna@Example.org", "districts": [HAMBORN], "topics": ["stations"]}


@pytest.fixture
async def app(post: Post) -> AsyncIterator[Any]:
    """The application, answering and nothing else."""
    app = create(post.settings.model_copy(update={"bounce_port": None}), frozenset({Role.HTTP}))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with Browsing(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
def tools(app: Any) -> Tools:
    found: Tools = app.state.tools
    return found


async def ask(client: httpx.AsyncClient, status: int = 202, **changes: Any) -> httpx.Response:
    answer = await client.post(f"{API}/subscription-requests", json=WANTED | changes)
    assert answer.status_code == status, answer.text
    return answer


async def confirm(client: httpx.AsyncClient, post: Post, tools: Tools, status: int = 200) -> dict[str, Any]:
    """Confirm the newest request, as by its link."""
    rows = await post.rows("select id from subscription_requests order by asked_at desc, id limit 1")
    token = tools.links.token(CONFIRM, rows[0].id, 1)
    answer = await client.post(f"{API}/subscription-requests/{token}/confirmation")
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def subscription_facts(post: Post) -> list[SubscriptionConfirmed]:
    """The facts of subscriptions recorded, in order."""
    rows = await post.rows("select body from outbox order by id")
    return [SubscriptionConfirmed.model_validate_json(row.body) for row in rows]


async def test_a_subscription_counts_from_its_confirmation(client: httpx.AsyncClient, post: Post, tools: Tools) -> None:
    await ask(client, language="tr", digest=True)
    assert await planned(post, "subscription") != {}
    assert await post.rows("select id from subscriptions") == []
    found = await confirm(client, post, tools)
    assert (found["districts"], found["language"], found["digest"]) == ([HAMBORN], "tr", True)
    assert await confirm(client, post, tools) == found, "twice"
    assert (await client.get(f"{API}/subscriptions/{found['token']}")).json() == found
    assert [fact.subscription.status for fact in await subscription_facts(post)] == ["confirmed"]


async def test_nobody_learns_whether_an_address_is_known(client: httpx.AsyncClient, post: Post, tools: Tools) -> None:
    first = await ask(client)
    await confirm(client, post, tools)
    again = await ask(client, mail=" anna@example.org ")
    other = await ask(client, mail="berta@example.org")
    assert {(each.status_code, each.content) for each in (first, again, other)} == {(202, b"")}
    links = [
        await client.post(f"{API}/subscription-links", json={"channel": "mail", "mail": address})
        for address in ("anna@example.org", "nobody@example.org")
    ]
    assert {(each.status_code, each.content) for each in links} == {(202, b"")}
    assert sum((await planned(post, "subscription-link")).values()) == 1


async def test_a_wish_for_a_known_address_changes_nothing_until_it_is_confirmed(
    client: httpx.AsyncClient, post: Post, tools: Tools
) -> None:
    await ask(client)
    before = await confirm(client, post, tools)
    post.move_clock(MONDAY_NOON + timedelta(hours=1))
    await ask(client, districts=[100], language="en")
    assert (await client.get(f"{API}/subscriptions/{before['token']}")).json() == before
    after = await confirm(client, post, tools)
    assert (after["token"], after["districts"], after["language"]) == (before["token"], [100], "en")


async def test_a_request_is_over_after_two_days_and_forgotten(
    client: httpx.AsyncClient, post: Post, tools: Tools
) -> None:
    await ask(client)
    [asked] = await post.rows("select asked_at from subscription_requests")
    post.move_clock(asked.asked_at + CONFIRM_WITHIN)
    refused = await confirm(client, post, tools, status=410)
    assert refused["type"] == "urn:nahbar:problem:request-over"
    [due] = await post.rows("select key, due_at from due_work where kind = :kind", kind=FORGET_REQUEST)
    assert due.due_at <= tools.clock.now()
    async with acting(tools) as act:
        await forget_request(act, Claim(FORGET_REQUEST, due.key, 1, uuid4()))
    assert await post.rows("select matter from people") == []
    assert await post.rows("select id from subscription_requests") == []


async def test_an_address_gets_few_messages_a_day(client: httpx.AsyncClient, post: Post, tools: Tools) -> None:
    for _ in range(LIMIT + 2):
        await ask(client)
    assert list((await planned(post, "subscription")).values()) == [LIMIT]
    post.move_clock(MONDAY_NOON + timedelta(hours=25))
    await ask(client)
    assert list((await planned(post, "subscription")).values()) == [LIMIT + 1]


async def test_a_connection_asks_for_few_messages_an_hour_whomever_they_go_to(
    app: Any, client: httpx.AsyncClient, post: Post
) -> None:
    app.state.origins = replace(app.state.origins, address_limit=3)
    for n in range(2):
        await ask(client, mail=f"{n}@example.org")
    link = {"channel": "sms", "phone": "0152 28817386"}
    assert (await client.post(f"{API}/subscription-links", json=link)).status_code == 202
    for refused in (await ask(client, 429), await client.post(f"{API}/subscription-links", json=link)):
        assert refused.status_code == 429
        assert refused.json()["type"] == "urn:nahbar:problem:messages-used-up"
        assert 3590 < int(refused.headers["retry-after"]) <= 3600
    elsewhere = httpx.ASGITransport(app, client=("198.51.100.7", 1))
    async with Browsing(transport=elsewhere, base_url="http://test") as other:
        await ask(other)
    post.move_clock(MONDAY_NOON + timedelta(hours=1, seconds=10))
    await ask(client, mail="late@example.org")


async def test_a_key_makes_one_request_of_two(client: httpx.AsyncClient, post: Post) -> None:
    for _ in range(2):
        await client.post(f"{API}/subscription-requests", json=WANTED, headers={"Idempotency-Key": "once-only"})
    assert list((await planned(post, "subscription")).values()) == [1]


async def test_preferences_change_and_end(client: httpx.AsyncClient, post: Post, tools: Tools) -> None:
    found = await subscribe(post)
    token = tools.links.token(PREFERENCES, found.id, 1)
    wanted = {"districts": [], "quarters": [202, 202, 101], "topics": ["stations"], "language": "en", "digest": False}
    for _ in range(2):
        changed = await client.put(f"{API}/subscriptions/{token}", json=wanted)
        assert (changed.json()["quarters"], changed.json()["language"]) == ([101, 202], "en")
    assert (await client.delete(f"{API}/subscriptions/{token}")).status_code == 204
    assert (await client.get(f"{API}/subscriptions/{token}")).status_code == 410
    assert await post.rows("select matter from people") == []
    facts = await subscription_facts(post)
    assert [(fact.version, fact.subscription.status) for fact in facts] == [
        (1, "confirmed"), (2, "confirmed"), (3, "ended"),
    ]  # fmt: skip
    await hear(post, closed())
    assert await planned(post) == {}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mail": "no address"}, "mail"),
        ({"channel": "sms", "phone": "0203 94000"}, "phone"),
        ({"channel": "sms", "phone": "0152/28817386 ext 5"}, "phone"),
        ({"channel": "letter"}, "channel"),
        ({"districts": []}, "districts"),
        ({"districts": [4711]}, "districts"),
        ({"quarters": [9999]}, "districts"),
        ({"topics": []}, "topics"),
        ({"topics": ["weather"]}, "topics.0"),
        ({"language": "kl"}, "language"),
    ],
)
async def test_what_cannot_be_wished_for_is_refused(
    client: httpx.AsyncClient, changes: dict[str, Any], field: str
) -> None:
    refused = await ask(client, 422, **changes)
    assert [each["field"] for each in refused.json()["errors"]] == [field]


async def test_an_address_moves_when_the_new_one_confirms(client: httpx.AsyncClient, post: Post, tools: Tools) -> None:
    found, other = await subscribe(post, "delivered+old"), await subscribe(post, "delivered+new", districts=(100,))
    post.move_clock(MONDAY_NOON + timedelta(hours=1))
    async with acting(tools) as act:
        await usecases.ask(act, mail("delivered+new"), found.wishes, moves=found.id)
    await confirm(client, post, tools)
    [row] = await post.rows("select id, address, generation, districts from subscriptions")
    assert (row.id, row.address, row.generation, row.districts) == (found.id, other.address, 2, [HAMBORN])
    old = tools.links.token(PREFERENCES, found.id, 1)
    assert (await client.get(f"{API}/subscriptions/{old}")).status_code == 410
