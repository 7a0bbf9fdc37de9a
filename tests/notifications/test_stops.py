"""News of the Bürgermobil's stops: its hearers, and those that hear of their own appointment there instead."""

import json
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.notifications.news.digest import GATHERING, write_digests
from services.notifications.news.usecases import take_news
from services.notifications.subscribing.domain import Address
from services.notifications.subscribing.queries import Subscription
from shared.act import acting
from shared.due import Claim
from shared.events.appointments import DecidedBy
from shared.events.base import Received
from shared.events.mobile_office import StopFact, StopReason
from shared.events.personal import PersonalFact
from shared.tools import Tools
from tests.notifications.facts import (
    MONDAY_NOON,
    THURSDAY,
    as_news,
    cancelled,
    delayed,
    offered,
    person,
    received,
    rescheduled,
)
from tests.notifications.kit import Post
from tests.notifications.stops import (
    ALTMARKT,
    booked_at,
    scheduled,
    stop_cancelled,
    stop_delayed,
    stop_moved,
)
from tests.notifications.subscribers import at_five, body_of, hear, planned, subscribe

TOPICS = ("buergermobil",)
LANGUAGES = {"de": "kommt später", "en": "mobil (is )?late", "ar": "ستتأخر الحافلة"}
"""Three languages, with words of the delay."""
OF_STOPS = ("stops", "stop-changed", "stop-cancelled")


async def subscriber(post: Post, address: Address | str = "delivered", **changes: Any) -> Subscription:
    """Somebody who wants to hear of the Bürgermobil in Hamborn."""
    return await subscribe(post, address, **{"topics": TOPICS, **changes})


async def gathered(post: Post) -> None:
    """Write what was gathered for those who want news at once."""
    tools = Tools(post.settings)
    async with acting(tools) as act:
        await tools.due.cancel(act.conn, GATHERING, [""])
        await write_digests(act, Claim(GATHERING, "", 1, uuid4()))
    await tools.db.close()


async def announced(post: Post, *facts: StopFact) -> None:
    """Let stops be announced, and those who want it be told."""
    await hear(post, *facts)
    await gathered(post)
    await post.rows("update messages set state = 'delivered' where state = 'waiting' returning id")


async def told_of_stops(post: Post) -> dict[str, Sequence[str]]:
    """The news told of stops, by the key of the address, as they stand before they are sent."""
    rows = await post.rows(
        "select recipient, purpose from notices where purpose = any(:purposes) order by planned_at, purpose",
        purposes=list(OF_STOPS),
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.recipient, []).append(row.purpose)
    return dict(found)


def own_words(source: bytes) -> str:
    """The text of a mail in the reader's language, without the German one below."""
    return body_of(source).partition("-----")[0]


def caused(cause: Received[Any], fact: Any) -> Received[Any]:
    """A fact that follows from another one."""
    return Received(fact, uuid4(), cause.cause, MONDAY_NOON)


async def test_the_stops_of_a_week_come_in_one_message_to_those_of_the_district_or_the_quarter(post: Post) -> None:
    district = await subscriber(post, "delivered+1")
    quarter = await subscriber(post, "delivered+2", districts=(), quarters=(ALTMARKT.quarter,))
    await subscriber(post, "delivered+3", districts=(), quarters=(202,))
    await subscriber(post, "delivered+4", topics=("stations",))
    week = [scheduled(arrives_at=THURSDAY + timedelta(days=day)) for day in (0, 7, 14)]
    await hear(post, *week)
    assert await told_of_stops(post) == {}
    [due] = await post.rows("select due_at from due_work where kind = 'gathering'")
    assert due.due_at <= MONDAY_NOON + timedelta(minutes=6)
    await gathered(post)
    assert await told_of_stops(post) == {district.address: ["stops"], quarter.address: ["stops"]}
    async with post.running(), post.mail_server(), post.gateway():
        await post.until(district.id, "stops", mail="delivered")
        await post.until(quarter.id, "stops", mail="delivered")
    assert {message.source.count(b"Subject:") for message in post.received()} == {1}


async def test_who_wants_a_digest_hears_of_stops_there(post: Post) -> None:
    daily, at_once = await subscriber(post, "delivered+1", digest=True), await subscriber(post, "delivered+2")
    first, second = scheduled(), scheduled(arrives_at=THURSDAY + timedelta(days=1))
    await hear(post, first, second)
    await gathered(post)
    await hear(post, stop_moved(second))
    await at_five(post)
    assert await planned(post, "digest") == {daily.address: 1}
    assert await told_of_stops(post) == {at_once.address: ["stops", "stop-changed"]}
    items = await post.rows("select matter_version from digest_items where subscription = :id", id=daily.id)
    assert sorted(row.matter_version for row in items) == [1, 2], "what has changed is told as it is now"


async def test_a_change_is_told_to_the_district_and_a_cancellation_to_those_who_heard_of_the_stop(post: Post) -> None:
    first, stop = await subscriber(post, "delivered+1"), scheduled()
    await announced(post, stop)
    second = await subscriber(post, "delivered+2")
    moved = stop_moved(stop)
    await hear(post, moved)
    assert await told_of_stops(post) == {first.address: ["stops", "stop-changed"], second.address: ["stop-changed"]}
    await post.rows("update messages set state = 'delivered' returning id")
    await subscriber(post, "delivered+3")
    await hear(post, stop_cancelled(moved))
    told = await told_of_stops(post)
    assert {address: purposes[-1] for address, purposes in told.items()} == {
        first.address: "stop-cancelled",
        second.address: "stop-cancelled",
    }


async def test_a_stop_that_moves_to_another_district_is_told_in_both(post: Post) -> None:
    old, stop = await subscriber(post, "delivered+1"), scheduled()
    new = await subscriber(post, "delivered+2", districts=(100,))
    await announced(post, stop)
    await hear(post, stop_moved(stop, place=ALTMARKT.model_copy(update={"district": 100, "quarter": 101, "name": "X"})))
    assert await told_of_stops(post) == {old.address: ["stops", "stop-changed"], new.address: ["stop-changed"]}


async def test_nobody_hears_of_a_stop_cancelled_before_they_heard_of_it(post: Post) -> None:
    await subscriber(post)
    stop = scheduled()
    await hear(post, stop, stop_cancelled(stop))
    await gathered(post)
    assert await told_of_stops(post) == {}


async def test_a_delay_is_no_news_and_hides_none(post: Post) -> None:
    first, stop = await subscriber(post), scheduled()
    late = stop_delayed(stop)
    await announced(post, stop, late)
    moved = stop_moved(late)
    await hear(post, moved, stop_delayed(moved, 40))
    assert await told_of_stops(post) == {first.address: ["stops", "stop-changed"]}
    [row] = await post.rows("select type, version from matters where id = :id", id=stop.id)
    assert (row.type.rpartition(".")[2], row.version) == ("MobilStopRescheduled", 4)


async def test_a_change_that_was_missed_is_told_with_the_delay_that_follows(post: Post) -> None:
    first, stop = await subscriber(post), scheduled()
    await announced(post, stop)
    moved = stop_moved(stop)
    await hear(post, stop_delayed(moved), moved, stop)
    assert await told_of_stops(post) == {first.address: ["stops", "stop-changed"]}


async def test_facts_of_a_stop_that_come_twice_or_late_tell_nobody_twice(post: Post) -> None:
    first, stop = await subscriber(post), scheduled()
    moved = stop_moved(stop)
    history = [as_news(each) for each in (stop, moved, stop_cancelled(moved))]
    await announced(post, stop)
    await hear(post, *history, *history)
    await hear(post, history[2], history[0], history[1])
    assert await told_of_stops(post) == {first.address: ["stops", "stop-changed", "stop-cancelled"]}
    rows = await post.rows("select m.told_version from matters m where id = :id", id=stop.id)
    assert [row.told_version for row in rows] == [3]


@pytest.mark.parametrize("becomes", ["offered", "cancelled"])
@pytest.mark.parametrize("personal_first", [True, False])
async def test_who_has_an_appointment_hears_of_the_cancelled_stop_in_their_own_message_alone(
    post: Post, personal_first: bool, becomes: str
) -> None:
    await subscriber(post, "delivered+own")
    other, stop = await subscriber(post, "delivered+other"), scheduled()
    await announced(post, stop)
    own = booked_at(stop, person("delivered+own"))
    await post.take(received(own))
    news = as_news(stop_cancelled(stop))
    becomes_of = offered(own) if becomes == "offered" else cancelled(own, DecidedBy.CITY, "Motorschaden", uuid4())
    personal = caused(news, becomes_of)
    if personal_first:
        await post.take(personal)
        await hear(post, news)
    else:
        await hear(post, news)
        post.move_clock(MONDAY_NOON + timedelta(hours=1))
        await post.take(personal)
    assert await planned(post, "stop-cancelled") == {other.address: 1}
    assert len(await planned(post, "alternative" if becomes == "offered" else "cancellation")) == 1


async def test_who_has_cancelled_their_own_appointment_hears_the_news(post: Post) -> None:
    subscribed, stop = await subscriber(post, "delivered+own"), scheduled()
    await announced(post, stop)
    own = booked_at(stop, person("delivered+own"))
    await post.take(received(own), received(cancelled(own)))
    await hear(post, stop_cancelled(stop))
    assert await planned(post, "stop-cancelled") == {subscribed.address: 1}


@pytest.mark.parametrize("digest", [True, False])
async def test_an_appointment_known_of_only_when_the_news_is_due_counts_too(post: Post, digest: bool) -> None:
    """By SMS, with a mail address beside it: it is the address the news would go to that counts."""
    phone = "+4915228817311"
    subscribed, stop = await subscriber(post, Address("sms", phone), digest=digest), scheduled()
    await announced(post, stop)
    if digest:
        await at_five(post)
        await post.rows("update messages set state = 'delivered' where state = 'waiting' returning id")
    moved = stop_moved(stop)
    await hear(post, moved)
    await post.take(received(booked_at(moved, person("delivered+both", phone))))
    if digest:
        await at_five(post)
        assert await planned(post, "digest") == {subscribed.address: 1}, "the one of the day before"
        return
    async with post.running(), post.mail_server(), post.gateway():
        await post.until(stop.id, "stop-changed", sms="superseded")


@pytest.mark.parametrize("channel", ["mail", "sms"])
async def test_each_step_reaches_each_person_once_in_their_language(post: Post, channel: str) -> None:
    """Booked, delayed, moved and called off, each fact twice and the older ones again."""
    stop = scheduled()
    first = [
        booked_at(stop, person(f"delivered+{code}", f"+49152288173{number}0"), language=code, channels=[channel])
        for number, code in enumerate(LANGUAGES)
    ]
    late = [delayed(fact, 20, StopReason.TRAFFIC) for fact in first]
    moved = [rescheduled(fact, DecidedBy.CITY, "Markttag", delay_minutes=0) for fact in late]
    gone = [cancelled(fact, DecidedBy.CITY, "Motorschaden", uuid4()) for fact in moved]
    subscribed = await subscriber(post, "delivered+subscribed")
    await announced(post, stop)
    earlier: list[Received[Any]] = []
    async with post.running(), post.mail_server(), post.gateway():
        steps: dict[str, Sequence[PersonalFact]] = {
            "confirmation": first,
            "delay": late,
            "rescheduling": moved,
            "cancellation": gone,
        }
        for purpose, facts in steps.items():
            now = [received(fact) for fact in facts]
            await post.take(*now, *earlier, *now)
            earlier += now
            for fact in facts:
                await post.until(fact.id, purpose, timeout=20, **{channel: "delivered"})
        await hear(post, stop_cancelled(stop))
        await post.until(stop.id, "stop-cancelled", mail="delivered")
    assert await planned(post, "stop-cancelled") == {subscribed.address: 1}
    assert {message.times for message in post.received()} == {1}
    assert len(post.received()) == len(steps) * len(LANGUAGES) + 1
    told = [message.source for message in post.received(channel)]
    texts = [own_words(source) if channel == "mail" else json.loads(source)["text"] for source in told]
    for words in LANGUAGES.values():
        assert sum(re.search(words, text) is not None for text in texts) == 1


async def test_news_of_what_has_changed_waits_for_the_messages_to_those_concerned(post: Post) -> None:
    await subscriber(post)
    stop = scheduled()
    await announced(post, stop)
    tools = Tools(post.settings)
    for fact in (moved := stop_moved(stop), stop_cancelled(moved)):
        async with acting(tools) as act:
            await take_news(act, as_news(fact))
        [due] = await post.rows("select due_at from due_work where kind = 'fan-out'")
        assert timedelta(minutes=1) < due.due_at - tools.clock.now() < timedelta(minutes=3)
    await tools.db.close()
