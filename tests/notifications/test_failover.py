"""Two SMS gateways: the second carries while the first cannot, and nobody is told twice."""

import json
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.processes import free_port
from services.notifications.sending.domain import (
    FIRST_SKIP,
    LONGEST_SKIP,
    Answer,
    Result,
    Standing,
    another_can,
    gateway_for,
)
from services.notifications.settings import FIRST, SECOND, Settings
from shared.tools import Tools
from tests.notifications.facts import MONDAY_NOON, booked, person, received
from tests.notifications.kit import Post
from tests.notifications.reports import proof
from tests.support.wait import eventually

NOW = MONDAY_NOON
DROP = "+4915228817308"
AWAY, BUSY, DOWN = Result(Answer.AWAY, error="away"), Result(Answer.TOO_FAST), Result(Answer.NOT_NOW)
SKIPPED = Standing(3, NOW + FIRST_SKIP, "away")


@pytest.mark.parametrize(
    ("answers", "skipped_for"),
    [
        ([], None),
        ([Result(Answer.ACCEPTED)], None),
        ([AWAY], FIRST_SKIP),
        ([BUSY], FIRST_SKIP),
        ([Result(Answer.TOO_FAST, wait=timedelta(minutes=9))], timedelta(minutes=9)),
        ([DOWN, DOWN], None),
        ([DOWN, DOWN, DOWN], FIRST_SKIP),
        ([DOWN, DOWN, Result(Answer.REFUSED), DOWN], None),
        ([Result(Answer.NONE)] * 3, FIRST_SKIP),
        ([AWAY, Result(Answer.ACCEPTED)], None),
        ([AWAY, AWAY, AWAY], FIRST_SKIP),
    ],
)
def test_a_gateway_that_cannot_take_messages_is_skipped_for_a_while(
    answers: list[Result], skipped_for: timedelta | None
) -> None:
    standing = Standing()
    for answer in answers:
        standing = standing.after(answer, NOW)
    assert standing.skipped_until == (None if skipped_for is None else NOW + skipped_for)


@given(st.integers(1, 40))
def test_each_failure_after_a_skip_makes_the_next_one_longer(times: int) -> None:
    standing, now = Standing(), NOW
    for _ in range(times):
        standing = standing.after(DOWN if standing.setbacks else AWAY, now)
        assert standing.skipped_until
        skip, now = standing.skipped_until - now, standing.skipped_until
        assert not standing.is_skipped(now)
    assert skip == min(LONGEST_SKIP, FIRST_SKIP * 2 ** (times - 1))


def test_the_first_that_is_not_skipped_is_used_else_the_one_whose_turn_comes_soonest() -> None:
    longer = Standing(4, NOW + 2 * FIRST_SKIP, "away")
    assert gateway_for({FIRST: Standing(2), SECOND: Standing()}, NOW) == FIRST
    assert gateway_for({FIRST: SKIPPED, SECOND: Standing()}, NOW) == SECOND
    assert gateway_for({FIRST: longer, SECOND: SKIPPED}, NOW) == SECOND
    assert gateway_for({FIRST: SKIPPED, SECOND: Standing()}, NOW + FIRST_SKIP) == FIRST
    assert gateway_for({FIRST: SKIPPED}, NOW) == FIRST
    assert another_can({FIRST: SKIPPED, SECOND: Standing()}, FIRST, NOW)
    assert not another_can({FIRST: SKIPPED, SECOND: longer}, FIRST, NOW)
    assert not another_can({FIRST: SKIPPED}, FIRST, NOW)


async def book(post: Post, phone: str = "+4915228817300") -> UUID:
    fact = booked(person(None, phone), channels=["sms"])
    await post.take(received(fact))
    return fact.id


async def gateways(post: Post, matter: UUID) -> list[tuple[str | None, str | None]]:
    """Which gateway each attempt to confirm went to, and what came of it."""
    return [(each.gateway, each.result) for each in (await post.confirmation(matter)).attempts]


def is_skipped(tools: Tools) -> bool:
    """What the metrics say of the first gateway at the moment."""
    name = "nahbar_notifications_gateway_skipped"
    return tools.metrics.registry.get_sample_value(name, {"gateway": FIRST}) == 1


async def test_the_second_gateway_carries_while_the_first_refuses_connections(two_gateways: Post) -> None:
    post = two_gateways
    post.settings = post.settings.model_copy(update={"sms_url": f"http://127.0.0.1:{free_port()}/sms"})
    async with post.running() as tools, post.gateway():
        one = await book(post)
        await post.until(one, sms="delivered")
        post.move_clock(MONDAY_NOON)
        other = await book(post)
        await post.until(other, sms="delivered")
        post.move_clock(MONDAY_NOON + timedelta(minutes=10))
        await eventually(lambda: not is_skipped(tools))
        post.move_clock(MONDAY_NOON)
        await eventually(lambda: is_skipped(tools))
    assert await gateways(post, one) == [(FIRST, "away ConnectError"), (SECOND, "accepted")]
    assert await gateways(post, other) == [(SECOND, "accepted")]
    assert (await post.confirmation(one)).gateway == SECOND
    first, second = (await post.ledger()).gateways
    assert (first.name, first.messages, first.skipped, first.reason) == (FIRST, 0, True, "away ConnectError")
    assert (second.name, second.messages, second.skipped) == (SECOND, 2, False)
    assert len(post.received("second_sms")) == len(post.received()) == 2
    assert (await post.ledger()).maybe_twice == []


@pytest.mark.parametrize(("status", "tries"), [(503, 3), (429, 1)])
async def test_the_first_gateway_is_used_again_as_soon_as_it_can(two_gateways: Post, status: int, tries: int) -> None:
    post = two_gateways
    async with post.running(), post.gateway():
        await post.outage(status)
        one = await book(post)
        await post.until(one, sms="delivered")
        assert [name for name, _ in await gateways(post, one)] == [FIRST] * tries + [SECOND]
        await post.outage(200)
        post.move_clock(MONDAY_NOON + timedelta(minutes=10))
        other = await book(post)
        await post.until(other, sms="delivered")
    assert await gateways(post, other) == [(FIRST, "accepted")]
    assert [entry.skipped for entry in (await post.ledger()).gateways] == [False, False]


async def test_what_the_first_gateway_may_have_taken_is_asked_there_and_never_sent_by_the_second(
    two_gateways: Post,
) -> None:
    post = two_gateways
    matters = [await book(post, DROP) for _ in range(4)]
    async with post.running(), post.gateway():
        for matter in matters:
            await post.until(matter, sms="delivered")
    assert {tuple(await gateways(post, matter)) for matter in matters} == {((FIRST, "no answer RemoteProtocolError"),)}
    assert [sms.times for sms in post.received()] == [1] * 4
    assert post.received("second_sms") == []
    [standing] = await post.rows("select setbacks, skipped_until from gateways")
    assert standing.setbacks == 3, "three without an answer are too many"
    assert standing.skipped_until
    assert (await post.ledger()).maybe_twice == []


async def test_only_the_gateway_that_has_a_message_can_report_on_it(two_gateways: Post) -> None:
    post = two_gateways
    key = post.settings.sms_webhook_key
    async with post.running(), post.gateway(), httpx.AsyncClient() as client:
        matter = await book(post, "+4915228817309")
        await post.until(matter, sms="accepted")
        [sms] = post.received()
        data = {"msg_id": str(sms.number), "status": "DELIVERED"}
        body = json.dumps({"webhook_event": "dlr", "data": data}).encode()
        for url, state in (
            (post.settings.second_sms_webhook_url, "accepted"),
            (post.settings.sms_webhook_url, "delivered"),
        ):
            headers = {"Content-Type": "application/json", **proof(body, url, key)}
            assert (await client.post(url, content=body, headers=headers)).status_code == 204
            assert await post.states(matter) == {"sms": state}


async def test_a_gateway_nobody_set_up_cannot_report(open_post: Post) -> None:
    body = b'{"webhook_event": "sms_mo", "data": {"id": "1", "sender": "4915228817300", "text": "STOP"}}'
    url = f"{open_post.settings.sms_webhook_url}/second"
    headers = {"Content-Type": "application/json", **proof(body, url, open_post.settings.sms_webhook_key)}
    async with httpx.AsyncClient() as client:
        assert (await client.post(url, content=body, headers=headers)).status_code == 404


def test_a_second_gateway_needs_keys_of_its_own() -> None:
    with pytest.raises(ValueError, match="NOTIFICATIONS_SECOND_SMS_KEY"):
        Settings(second_sms_url="https://sms.example")


def test_a_skip_that_is_over_counts_no_more() -> None:
    standings = {FIRST: Standing(), SECOND: Standing(3, MONDAY_NOON - timedelta(seconds=1))}
    assert gateway_for(standings, MONDAY_NOON) == FIRST
