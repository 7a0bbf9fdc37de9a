"""Every behaviour of the far ends, met by the real adapters over real sockets."""

from shared.events.notifications import NotificationDelivered
from tests.notifications.conftest import Post
from tests.notifications.facts import booked, person, received


async def test_a_booking_is_confirmed_by_mail(open_post: Post) -> None:
    fact = booked(person("delivered"))
    await open_post.take(received(fact))
    await open_post.until(fact.id, mail="delivered")
    [mail] = open_post.received()
    [entry] = [entry for entry in await open_post.log(fact.id) if entry.purpose == "confirmation"]
    assert mail.reference == str(entry.message)
    assert mail.recipient == "delivered@simulator.stadt.example"
    assert b"4711-0815" in mail.source
    [told] = await open_post.facts()
    assert isinstance(told, NotificationDelivered)
    assert told.about
    assert (told.about.id, told.about.version, told.version) == (fact.id, 1, 1)
    assert [(tried.channel, tried.outcome) for tried in told.notice.tried] == [("mail", "delivered")]
