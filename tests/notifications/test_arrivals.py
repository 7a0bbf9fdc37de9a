"""A fact arrives while its matter is in some state: the rows of `docs/flow.md` that no other test shows."""

from datetime import timedelta

from shared.events.notifications import NotificationDelivered
from tests.notifications.facts import MONDAY_NOON, booked, cancelled, person, received
from tests.notifications.kit import Post


async def test_a_cancellation_that_comes_first_is_told_and_its_booking_no_more(post: Post) -> None:
    fact = booked(person("delivered"))
    await post.take(received(cancelled(fact)), received(fact))
    assert [(entry.purpose, entry.state) for entry in await post.log(fact.id)] == [("cancellation", "waiting")]


async def test_a_confirmation_not_yet_sent_gives_way_to_the_cancellation(post: Post) -> None:
    fact = booked(person("delivered"))
    await post.take(received(fact))
    assert await post.states(fact.id) == {"mail": "waiting"}
    await post.take(received(cancelled(fact)))
    assert await post.states(fact.id) == {"mail": "superseded"}
    assert await post.states(fact.id, "cancellation") == {"mail": "waiting"}


async def test_a_confirmation_in_doubt_is_not_sent_elsewhere_once_the_appointment_is_cancelled(open_post: Post) -> None:
    fact = booked(person("delivered", "+4915228817309"), channels=["sms"], starts_at=MONDAY_NOON + timedelta(days=10))
    await open_post.take(received(fact))
    await open_post.until(fact.id, sms="accepted")
    await open_post.take(received(cancelled(fact)))
    await open_post.until(fact.id, "cancellation", sms="accepted")
    open_post.move_clock(MONDAY_NOON + timedelta(hours=73))
    await open_post.until(fact.id, sms="unknown", mail="superseded")


async def test_who_has_been_reminded_is_still_told_of_the_cancellation(open_post: Post) -> None:
    fact = booked(person("delivered"))
    await open_post.take(received(fact))
    open_post.move_clock(MONDAY_NOON + timedelta(days=2, hours=5))
    await open_post.until(fact.id, "reminder", mail="delivered")
    await open_post.take(received(cancelled(fact)))
    await open_post.until(fact.id, "cancellation", mail="delivered")
    assert await open_post.states(fact.id, "reminder") == {"mail": "delivered"}
    assert {type(told) for told in await open_post.facts()} == {NotificationDelivered}
