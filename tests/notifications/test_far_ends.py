"""Every behaviour of the far ends, met by the real adapters over real sockets: the outcome, and no message twice."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from deploy.local.far_ends.behaviours import SIMULATOR_DOMAIN, Behaviour, conduct_of_address, conduct_of_number
from shared.events.notifications import NotificationDelivered, NotificationFailed, Outcome
from tests.notifications.facts import MONDAY_NOON, booked, person, received
from tests.notifications.kit import Post
from tests.support.wait import eventually

MAIL = {
    "delivered": {"mail": "delivered"},
    "perm-fail": {"mail": "failed", "sms": "delivered"},
    "temp-fail": {"mail": "failed", "sms": "delivered"},
    "flaky-2": {"mail": "delivered"},
    "bounce-later": {"mail": "failed", "sms": "delivered"},
    "full": {"mail": "failed", "sms": "delivered"},
    "throttle": {"mail": "delivered"},
    "slow": {"mail": "unknown", "sms": "delivered"},
    "drop": {"mail": "unknown", "sms": "delivered"},
    "no-receipt": {"mail": "delivered"},
    "dup-receipt": {"mail": "failed", "sms": "delivered"},
    "late-receipt": {"mail": "failed", "sms": "delivered"},
    "complaint": {"mail": "delivered"},
    "unsubscribe": {"mail": "delivered"},
}
SMS = {
    "+4915228817300": {"sms": "delivered"},
    "+4915228817302": {"sms": "failed", "mail": "delivered"},
    "+4915228817303": {"sms": "failed", "mail": "delivered"},
    "+4915228817312": {"sms": "delivered"},
    "+4915228817304": {"sms": "failed", "mail": "delivered"},
    "+4915228817305": {"sms": "failed", "mail": "delivered"},
    "+4915228817306": {"sms": "delivered"},
    "+4915228817307": {"sms": "delivered"},
    "+4915228817308": {"sms": "delivered"},
    "+4915228817309": {"sms": "accepted"},
    "+4915228817320": {"sms": "delivered"},
    "+4915228817321": {"sms": "delivered"},
    "+4915228817330": {"sms": "delivered"},
    "+4915228817331": {"sms": "delivered"},
    "+493023125000": {"sms": "failed", "mail": "delivered"},
}


def test_every_row_of_the_simulation_table_is_met() -> None:
    rows = set(Behaviour) - {Behaviour.LANDLINE}
    assert {conduct_of_address(f"{name}@{SIMULATOR_DOMAIN}").behaviour for name in MAIL} == rows
    assert {conduct_of_number(phone).behaviour for phone in SMS} == set(Behaviour)


async def test_a_booking_is_confirmed_by_mail_and_the_city_is_told(open_post: Post) -> None:
    fact = booked(person("delivered"))
    await open_post.take(received(fact))
    await open_post.until(fact.id, mail="delivered")
    [mail] = open_post.received()
    assert mail.reference == str((await open_post.confirmation(fact.id)).message)
    assert mail.recipient == "delivered@simulator.stadt.example"
    [told] = await open_post.facts()
    assert isinstance(told, NotificationDelivered)
    assert told.about
    assert (told.about.id, told.about.version, told.version) == (fact.id, 1, 1)
    assert [(tried.channel, tried.outcome) for tried in told.notice.tried] == [("mail", Outcome.DELIVERED)]


async def test_mail_behaviours(open_post: Post) -> None:
    facts = {name: booked(person(name, name=name), channels=["mail"]) for name in MAIL}
    await open_post.take(*map(received, facts.values()))

    async def found() -> dict[str, dict[str, str]]:
        return {name: await open_post.states(fact.id) for name, fact in facts.items()}

    await _until_equal(found, MAIL)
    assert {mail.times for mail in open_post.received()} == {1}
    tries = {name: await _tries(open_post, fact.id) for name, fact in facts.items()}
    assert tries["flaky-2"] == ["temporary 451 4.3.0", "temporary 451 4.3.0", "delivered"]
    assert tries["temp-fail"] == ["temporary 450 4.2.0"] * 5
    assert tries["full"] == ["temporary 452 4.2.2"] * 5
    assert set(tries["throttle"][:-1]) == {"throttled 421 4.7.0"}
    assert await _budget_used(open_post, facts["throttle"].id) == 0
    assert await _budget_used(open_post, facts["flaky-2"].id) == 2
    assert tries["drop"] == ["no answer SMTPServerDisconnected"]
    assert tries["slow"] == ["no answer SMTPReadTimeoutError"]
    spared = {row.reason for row in await open_post.rows("select reason from spared_addresses")}
    assert spared == {"undeliverable", "complaint"}
    assert (await open_post.ledger()).maybe_twice == []


async def test_sms_behaviours(open_post: Post) -> None:
    facts = {phone: booked(person("delivered", phone, name=phone), channels=["sms"]) for phone in SMS}
    await open_post.take(*map(received, facts.values()))

    async def found() -> dict[str, dict[str, str]]:
        return {phone: await open_post.states(fact.id) for phone, fact in facts.items()}

    await _until_equal(found, SMS)
    assert {sms.times for sms in open_post.received()} == {1}
    *refused, taken = await _tries(open_post, facts["+4915228817312"].id)
    assert refused == ["temporary 503", "temporary 503"]
    assert taken in ("accepted", "delivered"), "the receipt may be quicker than the answer"
    assert (await _tries(open_post, facts["+4915228817308"].id)) == ["no answer RemoteProtocolError"]
    assert (await open_post.ledger()).maybe_twice == []
    told = Counter(fact.notice.matter for fact in await open_post.facts() if fact.notice.purpose == "confirmation")
    assert {told[facts[f"+49152288173{digits}"].id] for digits in (20, 21)} == {1}, "one transition"

    async def stopped() -> bool:
        return [row.reason for row in await open_post.rows("select reason from spared_addresses")] == ["complaint"]

    await eventually(stopped)


async def test_a_missing_receipt_ends_the_wait_and_the_mail_takes_over(open_post: Post) -> None:
    fact = booked(person("delivered", "+4915228817309"), channels=["sms"], starts_at=MONDAY_NOON + timedelta(days=10))
    await open_post.take(received(fact))
    await open_post.until(fact.id, sms="accepted")
    assert (await open_post.ledger()).awaiting_receipt == 1
    open_post.move_clock(MONDAY_NOON + timedelta(hours=73))
    await open_post.until(fact.id, sms="unknown", mail="delivered")


async def test_a_bounce_after_delivery_is_told_and_so_is_the_fallback(open_post: Post) -> None:
    fact = booked(person("bounce-later"))
    await open_post.take(received(fact))
    await open_post.until(fact.id, mail="failed", sms="delivered")
    first, second = await open_post.facts()
    assert isinstance(first, NotificationDelivered)
    assert isinstance(second, NotificationDelivered)
    assert (first.version, second.version) == (1, 2)
    tried = [(each.channel, each.outcome, each.error) for each in second.notice.tried]
    assert sorted(tried) == [("mail", "failed", "bounced 5.1.1"), ("sms", "delivered", None)]


async def test_the_city_learns_that_nobody_was_reached(open_post: Post) -> None:
    nobody = booked(person(None, None))
    failing = booked(person("perm-fail", None))
    await open_post.take(received(nobody), received(failing))
    await open_post.until(nobody.id, none="no_channel")
    await open_post.until(failing.id, mail="failed")
    told = {fact.notice.matter: fact for fact in await open_post.facts() if fact.notice.purpose == "confirmation"}
    assert isinstance(told[nobody.id], NotificationFailed)
    assert isinstance(told[failing.id], NotificationFailed)
    assert [tried.error for tried in told[failing.id].notice.tried] == ["permanent 550 5.1.1"]


async def test_both_channels_chosen_both_used(open_post: Post) -> None:
    fact = booked(person("delivered"), channels=["mail", "sms"])
    await open_post.take(received(fact))
    await open_post.until(fact.id, mail="delivered", sms="delivered")
    assert len(open_post.received()) == 2
    assert len(await open_post.facts()) == 1


async def _until_equal(found: Callable[[], Awaitable[object]], expected: object) -> None:
    async def equal() -> bool:
        return await found() == expected

    try:
        await eventually(equal, timeout=30, every=0.2)
    except AssertionError:
        assert await found() == expected


async def _budget_used(post: Post, matter: UUID) -> int:
    """How many of the tries of its mail count."""
    message = (await post.confirmation(matter)).message
    [row] = await post.rows("select tries from messages where id = :id", id=message)
    return int(row.tries)


async def _tries(post: Post, matter: UUID) -> list[str | None]:
    return [attempt.result for attempt in (await post.confirmation(matter)).attempts]
