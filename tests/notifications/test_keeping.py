"""How long things are kept: persons until a while after the matter, what was told for long, then nothing."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from services.notifications.delivery.domain import Spared
from services.notifications.reports.domain import MailReport, ReportKind
from services.notifications.reports.usecases import receive_mail_report
from services.notifications.tables import metadata
from services.notifications.telling.usecases import FORGET_CONTACT, FORGET_MATTER, forget_contact, forget_matter
from shared import retention
from shared.act import acting
from shared.due import Claim
from shared.events.appointments import DecidedBy
from shared.kernel_tables import kernel_tables
from shared.tools import Tools
from tests.notifications.facts import THURSDAY, booked, cancelled, person, received, rescheduled
from tests.notifications.kit import Post
from tests.notifications.replies import EVENING_BEFORE, write
from tests.support.wait import eventually

PERSON_ENDS = THURSDAY + timedelta(days=1) + retention.PERSON_AFTER_MATTER + timedelta(hours=1)
NOBODYS = {"gateways"}
"""Tables without a word about anybody or anything told: they need no end."""
SUBSCRIBERS = {"subscriptions", "subscription_requests", "fan_outs", "digest_items"}
"""Tables of what people subscribed to; how they end is shown with the subscriptions."""


def own_tables() -> set[str]:
    """The tables of this service; the kernel's are housekeeping's business."""
    kernel = type(metadata)()
    kernel_tables(kernel)
    return set(metadata.tables) - set(kernel.tables) - NOBODYS - SUBSCRIBERS


async def test_every_table_comes_to_an_end_and_persons_much_earlier(post: Post) -> None:
    sms = "+4915228817331"
    moved = booked(person("bounce-later", None), person_key="the key")
    answered = booked(person(None, sms), channels=["sms"], person_key="the key")
    async with post.running(), post.mail_server(), post.gateway():
        await post.take(received(moved), received(answered))
        await post.until(moved.id, mail="failed")
        await post.until(answered.id, sms="delivered")
        await post.take(received(rescheduled(moved, DecidedBy.CITY)))
        post.move_clock(EVENING_BEFORE)
        await post.until(answered.id, "reminder", sms="suppressed")
        await post.rows("update messages set attempts = 1, state = 'accepted' where state = 'suppressed' returning id")
        await write(post, "2", sms)
        await post.rows(
            f"insert into takings (origin, at) values ('network', '{EVENING_BEFORE.isoformat()}') returning at"
        )
        assert [table for table in sorted(own_tables()) if not await post.rows(f"select 1 from {table}")] == []

        post.move_clock(PERSON_ENDS)

        async def without_persons() -> bool:
            kept = await post.rows("select person_key || fact::text as text from matters")
            told = await post.rows("select recipient || addresses::text as text from notices")
            return {row.text for row in told} == {"{}"} and not any("the key" in row.text for row in kept)

        await eventually(without_persons)
        assert len(await post.log(answered.id)) == 2
        assert not [row for row in await post.rows("select fact::text from matters") if '"box"' in row.fact]

        for kept in (retention.LEDGER, retention.OBJECTION):
            post.move_clock(PERSON_ENDS + kept + timedelta(days=1))

        async def nothing_left() -> bool:
            return not [table for table in own_tables() if await post.rows(f"select 1 from {table}")]

        await eventually(nothing_left)


async def test_what_arrives_about_a_forgotten_person_does_no_harm(post: Post) -> None:
    fact = booked(person("delivered"))
    async with post.running() as tools, post.mail_server():
        await post.take(received(fact))
        await post.until(fact.id, mail="delivered")
        message = (await post.confirmation(fact.id)).message
        post.move_clock(PERSON_ENDS)

        async def forgotten() -> bool:
            return not await post.rows("select 1 from notices where recipient <> ''")

        await eventually(forgotten)
        for report in (MailReport(ReportKind.COMPLAINT), MailReport(ReportKind.FAILED, "5.1.1")):
            async with acting(tools) as act:
                await receive_mail_report(act, message, report)
        await post.take(received(cancelled(fact)))
    assert await post.states(fact.id) == {"mail": "failed"}
    assert await post.rows("select 1 from spared_addresses") == []
    assert Spared.COMPLAINT not in str(await post.log(fact.id))


async def test_what_ends_of_one_matter_stays_of_the_others(post: Post) -> None:
    one, other = booked(person("delivered")), booked(person("delivered+other"))
    await post.take(received(one), received(other), received(cancelled(one)))
    newest = {row.id: row.told_version for row in await post.rows("select id, told_version from matters")}
    assert newest == {one.id: 2, other.id: 1}
    assert {row.state for row in await states(post, other.id)} == {"waiting"}
    kept = await of_matter(post, other.id)
    assert kept[0].person_key
    assert kept[0].recipient
    tools = Tools(post.settings)
    for forget, kind in ((forget_contact, FORGET_CONTACT), (forget_matter, FORGET_MATTER)):
        async with acting(tools) as act:
            await forget(act, Claim(kind, str(one.id), 1, uuid4()))
        assert await of_matter(post, other.id) == kept
    assert await of_matter(post, one.id) == []
    await tools.db.close()


async def of_matter(post: Post, matter: UUID) -> list[Any]:
    """What is known of a matter and of the notices about it."""
    return await post.rows(
        "select m.*, n.recipient, n.addresses from matters m join notices n on n.matter = m.id where m.id = :id"
        " order by n.id",
        id=matter,
    )


async def states(post: Post, matter: UUID) -> list[Any]:
    """How the messages about a matter stand."""
    return await post.rows(
        "select state from messages where notice in (select id from notices where matter = :id)", id=matter
    )
