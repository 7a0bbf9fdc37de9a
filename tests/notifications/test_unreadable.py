"""What is kept and cannot be read, such as what a newer version kept, concerns itself alone, and staff see it."""

from email import message_from_bytes
from email.policy import default
from uuid import UUID, uuid4

import pytest

from services.notifications.news.digest import DIGEST, write_digests
from services.notifications.purposes import Purpose
from services.notifications.subscribing.queries import load_sent
from shared.act import acting
from shared.due import Claim
from shared.events.notifications import NotificationFailed
from shared.tools import Tools
from tests.notifications.asking import MAIL, asked_by_mail, pseudonym
from tests.notifications.facts import THURSDAY, booked, closed, person, received
from tests.notifications.kit import Post
from tests.notifications.reader import clerk, page
from tests.notifications.subscribers import at_five, hear, planned, subscribe
from tests.support.wait import eventually

NEWER = "type = 'de.nahbar.appointments.AppointmentTeleported'"
BROKEN = {
    "a type only a newer version knows": NEWER,
    "a fact of another shape": "fact = '{}'",
    "a contact that does not open": """fact = jsonb_set(fact, '{appointment,contact,box}', '"AAAA"')""",
}


async def spoil(post: Post, matter: UUID, change: str = NEWER) -> None:
    """Let a matter be as this version cannot read it."""
    assert await post.rows(f"update matters set {change} where id = :id returning id", id=matter)


async def write(post: Post) -> None:
    """Plan the digests again."""
    tools = Tools(post.settings)
    async with acting(tools) as act:
        await write_digests(act, Claim(DIGEST, "", 1, uuid4()))
    await tools.db.close()


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
async def test_a_message_that_cannot_be_read_fails_where_staff_see_it_and_the_others_go_out(
    post: Post, change: str
) -> None:
    bad, good = booked(person("delivered")), [booked(person(f"delivered+{number}")) for number in range(4)]
    await post.take(received(bad), *map(received, good))
    await spoil(post, bad.id, change)
    async with post.running() as tools, post.mail_server(), post.gateway():
        for fact in good:
            await post.until(fact.id, mail="delivered")
        await post.until(bad.id, mail="failed", sms="failed")
        async with clerk(tools) as client:
            assert "Ein Fehler bei uns. Die Technik weiß davon." in await page(client, "/failed")
            shown = await page(client, f"/log?matter={bad.id}")
            assert "nicht zugestellt" in shown
            assert "zurzeit nicht lesbar" in shown
    [told] = [fact for fact in await post.facts() if fact.notice.matter == bad.id]
    assert isinstance(told, NotificationFailed)
    assert told.notice.matter_service == "appointments"
    assert [str(each.outcome) for each in told.notice.tried] == ["failed", "failed"]
    tries = [each.result for entry in await post.log(bad.id) for each in entry.attempts]
    assert len(tries) == 2 * post.settings.retry_limit
    assert all(result and result.startswith("defect") for result in tries)


async def test_what_cannot_be_read_ends_when_it_is_over(post: Post) -> None:
    bad = booked(person("delivered"))
    await post.take(received(bad))
    await spoil(post, bad.id)
    post.move_clock(THURSDAY)
    async with post.running(serve=False):
        await post.until(bad.id, mail="expired")
        await post.until(bad.id, "reminder", mail="expired")


async def test_a_message_for_a_purpose_of_a_newer_version_waits_for_it_alone(post: Post) -> None:
    bad, good = booked(person("delivered")), [booked(person(f"delivered+{number}")) for number in range(4)]
    await post.take(received(bad), *map(received, good))
    key = str((await post.confirmation(bad.id)).message)
    change = "update notices set purpose = 'telepathy' where purpose = 'confirmation' and matter = :id returning id"
    await post.rows(change, id=bad.id)
    async with post.running(), post.mail_server(), post.gateway():
        for fact in good:
            await post.until(fact.id, mail="delivered")

        async def came_again() -> bool:
            [row] = await post.rows("select attempts from due_work where key = :key", key=key)
            return bool(row.attempts >= 2)

        await eventually(came_again)
        await post.rows("update notices set purpose = 'confirmation' where purpose = 'telepathy' returning 1")
        await post.until(bad.id, mail="delivered")


async def test_news_only_a_newer_version_can_read_waits_and_the_digest_tells_the_rest(post: Post) -> None:
    reader = await subscribe(post, digest=True)
    known, newer = closed(), closed()
    await hear(post, known, newer)
    await spoil(post, newer.id)
    await at_five(post)
    assert await planned(post, "digest") == {reader.address: 1}
    [waiting] = await post.rows("select matter from digest_items where notice is null")
    assert waiting.matter == newer.id
    await write(post)
    assert await planned(post, "digest") == {reader.address: 1}
    await spoil(post, newer.id, "type = 'de.nahbar.appointments.StationClosed'")
    await write(post)
    assert await planned(post, "digest") == {reader.address: 2}


async def test_a_digest_tells_what_of_it_can_be_read(post: Post) -> None:
    reader, other = await subscribe(post, "delivered+1", digest=True), await subscribe(post, "delivered+2")
    good, bad = closed(), closed()
    await hear(post, good, bad)
    await at_five(post)
    await spoil(post, bad.id, "fact = '{}'")
    async with post.running(), post.mail_server(), post.gateway():
        await post.until(reader.id, "digest", mail="delivered")
        await post.until(good.id, "closure", mail="delivered")
        await post.until(bad.id, "closure", mail="failed")
    tools = Tools(post.settings)
    async with tools.db.transaction() as conn:
        assert [each.fact.id for each in await load_sent(conn, other.address, [Purpose.CLOSURE])] == [good.id]
    await tools.db.close()


async def test_links_to_what_can_be_read_are_sent_beside_a_matter_that_cannot(open_post: Post) -> None:
    key = pseudonym(open_post, mail=MAIL)
    good, *bad = [booked(person_key=key, number=f"{each}111-1111") for each in range(1, 5)]
    await open_post.take(*map(received, [good, *bad]))
    for fact, change in zip(bad, BROKEN.values(), strict=True):
        await spoil(open_post, fact.id, change)
    request = await asked_by_mail(open_post)
    await open_post.until(request.id, "links", mail="delivered")
    [entry] = await open_post.log(request.id)
    [sent] = [each for each in open_post.received("mail") if each.reference == str(entry.message)]
    body = message_from_bytes(sent.source, policy=default).get_body(("plain",))
    assert body
    assert "1111-1111" in body.get_content()
