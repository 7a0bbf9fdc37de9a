"""News: its hearers, once, whatever order facts come in; what overtakes it; the digest of a day."""

import re
from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from email import message_from_bytes
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.notifications.news import usecases as news
from services.notifications.news.domain import RULES, next_digest
from services.notifications.purposes import NEWS_PURPOSES, Purpose
from services.notifications.replies.usecases import receive_reply
from services.notifications.reports.domain import MailReport, ReportKind
from services.notifications.reports.usecases import receive_mail_report
from services.notifications.subscribing import usecases as subscribing
from services.notifications.subscribing.domain import Address, Topic
from shared import retention
from shared.act import Act, acting
from shared.calendar import is_quiet
from shared.clock import BERLIN
from shared.due import Claim
from shared.events.base import Received
from shared.tools import Tools
from tests.notifications.facts import MOBILE, MONDAY_NOON, as_news, booked, closed, person
from tests.notifications.kit import Post
from tests.notifications.subscribers import MARXLOH, at_five, body_of, hear, mail, planned, spread, subscribe
from tests.support.locks import wait_not_long, waiting
from tests.support.wait import eventually


async def eventually_equal(find: Callable[[], Awaitable[Any]], expected: Any) -> None:
    """Wait until something is found."""

    async def found() -> bool:
        return bool(await find() == expected)

    await eventually(found)


def test_the_purposes_of_news_are_those_of_its_rules_and_the_digest() -> None:
    told = {telling.purpose for rule in RULES for telling in rule.tellings}
    assert told | {Purpose.DIGEST} == NEWS_PURPOSES


def test_every_topic_has_news() -> None:
    assert {rule.topic for rule in RULES} == set(Topic)


@given(st.integers(0, 3 * 365 * 24 * 60))
def test_a_digest_goes_out_at_five_within_days_and_disturbs_nobody(minutes: int) -> None:
    now = MONDAY_NOON + timedelta(minutes=minutes)
    due = next_digest(now)
    assert due.astimezone(BERLIN).hour == 17
    assert not is_quiet(due)
    assert timedelta() < due - now < timedelta(days=5)


async def test_news_is_told_to_those_of_the_district_or_one_of_its_quarters(post: Post) -> None:
    district = await subscribe(post, "delivered+1")
    quarter = await subscribe(post, "delivered+2", districts=(), quarters=(MARXLOH,))
    await subscribe(post, "delivered+3", districts=(100,))
    await subscribe(post, "delivered+4", districts=(), quarters=(101,))
    await hear(post, closed())
    assert await planned(post) == {district.address: 1, quarter.address: 1}


async def test_facts_that_come_twice_or_late_tell_nobody_twice(post: Post) -> None:
    first = await subscribe(post)
    older = as_news(closed())
    newer = as_news(closed(older.fact.id, 2, last_day=date(2026, 12, 5)))
    await hear(post, newer, older, newer, older)
    assert await planned(post) == {first.address: 1}
    [row] = await post.rows("select matter_version from notices where purpose = 'closure'")
    assert row.matter_version == 2


async def test_what_people_would_not_notice_is_not_told_again(post: Post) -> None:
    first = await subscribe(post)
    fact = closed()
    await hear(post, fact, closed(fact.id, 2, reason="Wasserschaden im Keller"))
    assert await planned(post) == {first.address: 1}


async def test_a_fan_out_goes_on_where_it_stopped(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "CHUNK", 2)
    subscribed = [await subscribe(post, f"delivered+{n}") for n in range(5)]
    fact = as_news(closed())
    await hear(post, fact)
    assert await planned(post) == {each.address: 1 for each in subscribed}

    tools = Tools(post.settings)
    async with tools.db.transaction() as conn:  # all of it once more
        await news._BEGIN.run(conn, {"matter": fact.fact.id, "cause": fact.cause, "nobody": news.NOBODY})
    await tools.db.close()
    await spread(post, fact.fact.id)
    assert await planned(post) == {each.address: 1 for each in subscribed}


async def test_who_heard_of_a_closure_hears_that_it_was_lifted(post: Post) -> None:
    heard = [await subscribe(post, "delivered+1"), await subscribe(post, "delivered+2", digest=True)]
    fact = closed()
    await hear(post, fact)
    await at_five(post)
    await post.rows("update messages set state = 'delivered' returning id")
    await subscribe(post, "delivered+3")
    await hear(post, closed(fact.id, 2, status="lifted"))
    await at_five(post)
    assert await planned(post, "closure-lifted") == {heard[0].address: 1}
    assert await planned(post, "digest") == {heard[1].address: 2}


async def test_nobody_hears_that_a_closure_was_lifted_of_which_nobody_had_heard(post: Post) -> None:
    await subscribe(post)
    fact = closed()
    await hear(post, fact, closed(fact.id, 2, status="lifted"))
    assert await planned(post, "closure-lifted") == {}
    async with post.running(), post.mail_server(), post.gateway():
        await post.until(fact.id, "closure", mail="superseded")
    assert post.received() == []


async def test_a_counter_or_some_hours_closed_are_no_news(post: Post) -> None:
    subscriber = await subscribe(post)
    counter, hours, whole = closed(counter="hamborn-1"), closed(from_time=time(13), until_time=time(16)), closed()
    await hear(post, counter, hours, whole)
    assert await planned(post, "closure") == {subscriber.address: 1}
    await hear(post, closed(counter.id, 2, status="lifted", counter="hamborn-1"))
    assert await planned(post, "closure-lifted") == {}
    await post.rows("update messages set state = 'delivered' returning id")
    await hear(post, closed(whole.id, 2, counter="hamborn-1"))
    assert await planned(post, "closure-lifted") == {subscriber.address: 1}


async def test_news_gives_way_to_a_message_about_ones_own_matter(post: Post) -> None:
    await subscribe(post, "delivered+own")
    other = await subscribe(post, "delivered+other")
    cause = uuid4()
    own = Received(booked(person("delivered+own")), cause, cause, MONDAY_NOON)
    fact = Received(closed(), cause, cause, MONDAY_NOON)
    await post.take(own)
    await hear(post, fact)
    assert await planned(post) == {other.address: 1}

    late = Received(booked(person("delivered+other")), cause, cause, MONDAY_NOON)
    await post.take(late)
    async with post.running(), post.mail_server(), post.gateway():
        await post.until(fact.fact.id, "closure", mail="superseded")


async def test_news_waits_while_it_is_quiet(post: Post) -> None:
    await subscribe(post)
    post.move_clock(datetime(2026, 11, 24, 20, 30, tzinfo=BERLIN))
    fact = closed()
    await hear(post, fact)
    async with post.running(), post.mail_server(), post.gateway():

        async def put_off() -> list[int]:
            rows = await post.rows("select due_at from due_work where kind = 'send' and urgency = 3")
            return [row.due_at.astimezone(BERLIN).hour for row in rows]

        await eventually_equal(put_off, [8])


async def test_news_of_the_day_comes_in_one_message(post: Post) -> None:
    first = await subscribe(post, digest=True)
    one, two = closed(), closed(first_day=date(2026, 12, 7), last_day=date(2026, 12, 8))
    await hear(post, one, two, one)
    assert await planned(post) == {}
    async with post.running(), post.mail_server(), post.gateway():
        await at_five(post)
        await post.until(first.id, "digest", mail="delivered")
    assert await planned(post) == {first.address: 1}
    [message] = [each for each in post.received() if b"List-Unsubscribe" in each.source]
    headers = message_from_bytes(message.source)
    assert headers.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"], "exactly so: RFC 8058"
    [address] = headers.get_all("List-Unsubscribe", [])
    assert re.fullmatch(r"<https?://[^<>\s?]+/notifications/unsubscribe/[^<>\s?]+>", address)
    text = body_of(message.source)
    assert "3. Dezember 2026" in text
    assert "Montag, 7. Dezember 2026 bis Dienstag, 8. Dezember 2026" in text


async def test_a_digest_leaves_out_what_is_over_or_overtaken(post: Post) -> None:
    subscription = await subscribe(post, digest=True)
    moved = closed()
    over = closed(first_day=MONDAY_NOON.date(), last_day=MONDAY_NOON.date())
    post.move_clock(MONDAY_NOON + timedelta(hours=6))
    await hear(post, over, moved, closed(moved.id, 2, last_day=date(2026, 12, 9)))
    await at_five(post)
    rows = await post.rows("select matter_version from digest_items where notice is not null")
    assert [row.matter_version for row in rows] == [2]
    await hear(post, closed(moved.id, 3, status="lifted"))
    async with post.running(), post.mail_server(), post.gateway():
        await post.until(subscription.id, "digest", mail="suppressed")


async def test_digests_are_forgotten_after_a_while(post: Post) -> None:
    await subscribe(post, digest=True)
    await hear(post, closed())
    await at_five(post)
    assert await planned(post, "digest")
    in_a_year = MONDAY_NOON + retention.LEDGER + timedelta(days=2)
    post.move_clock(in_a_year)
    await hear(post, closed(first_day=in_a_year.date(), last_day=in_a_year.date() + timedelta(days=9)))
    await at_five(post)
    assert list((await planned(post, "digest")).values()) == [1]


async def test_who_unsubscribes_hears_nothing_that_was_planned_already(post: Post) -> None:
    subscription = await subscribe(post)
    fact = closed()
    await hear(post, fact)
    tools = Tools(post.settings)
    async with acting(tools) as act:
        await subscribing.end(act, subscription.id)
    await tools.db.close()
    async with post.running(), post.mail_server(), post.gateway():
        await post.until(fact.id, "closure", mail="suppressed")


@pytest.mark.parametrize("address", [mail("complaint"), Address("sms", MOBILE)])
async def test_who_complains_is_unsubscribed(post: Post, address: Address) -> None:
    await subscribe(post, address)
    await hear(post, closed())
    [message] = await post.rows(
        "select m.id from messages m join notices n on n.id = m.notice where purpose = 'closure'"
    )
    tools = Tools(post.settings)
    async with acting(tools) as act:
        if address.channel == "mail":
            await receive_mail_report(act, message.id, MailReport(ReportKind.COMPLAINT))
        else:
            await receive_reply(act, MOBILE, " Stop ")
    await tools.db.close()
    assert await post.rows("select id from subscriptions") == []
    assert await post.rows("select matter from people") == []


async def test_news_is_no_fact_of_its_own(open_post: Post) -> None:
    await subscribe(open_post)
    fact = closed()
    await hear(open_post, fact)
    await open_post.until(fact.id, "closure", mail="delivered")
    types = [row.type for row in await open_post.rows("select type from outbox")]
    assert types == ["de.nahbar.notifications.SubscriptionConfirmed"]


async def test_news_that_changes_while_it_is_told_is_told_as_it_is_now_and_to_its_end(post: Post) -> None:
    await subscribe(post)
    tools, first = Tools(post.settings), closed()
    now = tools.clock.now()
    later = closed(first.id, version=2, last_day=first.closure.last_day + timedelta(days=1))

    async def spread_once() -> None:
        async with acting(tools) as act:
            await news.fan_out(act, Claim(news.FAN_OUT, str(first.id), 1, uuid4()))

    async with tools.db.transaction() as conn:
        await news.take_news(Act(conn, tools, now), as_news(first))
    async with tools.db.transaction() as conn:
        await news.take_news(Act(conn, tools, now), as_news(later))
        telling = await waiting(tools, spread_once())
    await telling
    await spread(post, first.id)
    told = await post.rows("select matter_version from notices where purpose = 'closure'")
    assert [row.matter_version for row in told] == [2]
    await tools.db.close()


async def test_news_that_changes_waits_for_its_fan_out_before_it_touches_it(post: Post, tools: Tools) -> None:
    """A fan-out has its work in hand before it locks its row; whoever schedules the work goes the same way."""
    await subscribe(post)
    told = closed()
    async with acting(tools) as act:
        await news.take_news(act, as_news(told, act.now))
    newer = closed(told.id, 2, last_day=told.closure.last_day + timedelta(days=1))
    async with acting(tools) as spreading:
        work = text("delete from due_work where kind = :kind and key = :key")
        await spreading.conn.execute(work, {"kind": news.FAN_OUT, "key": str(told.id)})

        async def hear_newer() -> None:
            async with acting(tools) as act:
                await news.take_news(act, as_news(newer, act.now))

        heard = await waiting(tools, hear_newer())
        await wait_not_long(spreading.conn)
        await news.fan_out(spreading, Claim(news.FAN_OUT, str(told.id), 1, uuid4()))
    await heard
