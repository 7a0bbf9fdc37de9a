"""Once and not twice, late rather than never: workers side by side, deaths in between, a mail server that is away."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import text

from services.notifications.delivery.domain import SEND, Event, News
from services.notifications.delivery.usecases import NoticeBatch
from services.notifications.purposes import Purpose
from services.notifications.reports.domain import MailReport, ReportKind
from services.notifications.reports.usecases import receive_mail_report
from services.notifications.sending.carrier import Job
from services.notifications.sending.domain import Answer, Result
from shared.act import Act, acting
from shared.clock import BERLIN
from shared.due import Claim, Urgency
from shared.events.appointments import DecidedBy
from shared.events.notifications import NotificationDelivered, NotificationFailed
from shared.runtime import Role
from shared.tools import Tools
from tests.notifications.facts import THURSDAY, booked, cancelled, person, received
from tests.notifications.kit import NOBODY, Post
from tests.support.wait import eventually

DUE = frozenset({Role.DUE})


async def claim_and_die(post: Post, matter: UUID) -> None:
    """What a worker has committed when it is killed between claim and send, once its lease has run out."""
    key = str((await post.confirmation(matter)).message)
    tools = Tools(post.settings)
    async with acting(tools) as act:
        assert set(await NOBODY.begin(act, [Claim(SEND, key, 1, uuid4())])) == {key}
        expired = text("update due_work set leased_until = now() - interval '1 second' where key = :key")
        await act.conn.execute(expired, {"key": key})
    await tools.db.close()


async def answer(post: Post, tools: Tools, matter: UUID, attempt: int, result: Result) -> None:
    """Let a worker record the answer to an attempt."""
    message = (await post.confirmation(matter)).message
    job = Job(message, attempt, "mail", Purpose.CONFIRMATION, Urgency.DIRECT, booked(), THURSDAY, THURSDAY)
    async with acting(tools) as act:
        await NOBODY.finish(act, [(job, result)])


async def test_a_mail_claimed_by_a_dead_worker_is_unknown_and_the_sms_tells_instead(post: Post) -> None:
    fact = booked(person("delivered"))
    await post.take(received(fact))
    await claim_and_die(post, fact.id)
    assert await post.states(fact.id) == {"mail": "sending"}
    async with post.running(), post.mail_server(), post.gateway():
        await post.until(fact.id, mail="unknown", sms="delivered")
    assert [message.channel for message in post.received()] == ["sms"]
    [attempt] = (await post.confirmation(fact.id)).attempts
    assert attempt.result == "interrupted"


async def test_an_sms_claimed_by_a_dead_worker_is_asked_for_and_never_sent_again(post: Post) -> None:
    fact = booked(person(None), channels=["sms"])
    await post.take(received(fact))
    await claim_and_die(post, fact.id)
    async with post.running(), post.mail_server(), post.gateway():
        await post.until(fact.id, sms="checking")
        await asyncio.sleep(3)
    assert post.received() == []


async def test_the_answer_of_a_worker_believed_dead_still_counts(post: Post) -> None:
    fact = booked(person("delivered", None))
    await post.take(received(fact))
    await claim_and_die(post, fact.id)
    async with post.running(DUE, serve=False) as tools:
        await post.until(fact.id, mail="unknown")
        await answer(post, tools, fact.id, 1, Result(Answer.DELIVERED))
    assert await post.states(fact.id) == {"mail": "delivered"}
    failed, delivered = await post.facts()
    assert isinstance(failed, NotificationFailed)
    assert isinstance(delivered, NotificationDelivered)


async def test_an_answer_to_an_earlier_attempt_changes_nothing(post: Post) -> None:
    fact = booked(person("delivered", None))
    await post.take(received(fact))
    async with post.running(DUE, serve=False) as tools:

        async def tried_again() -> bool:
            return len((await post.confirmation(fact.id)).attempts) > 1

        await eventually(tried_again)
        await answer(post, tools, fact.id, 1, Result(Answer.REFUSED, error="permanent 550"))
    assert (await post.states(fact.id))["mail"] in ("waiting", "sending")


async def test_two_workers_send_nothing_twice(post: Post) -> None:
    facts = [booked(person(f"citizen{number}@stadt.example", None)) for number in range(60)]
    await post.take(*map(received, facts))
    async with post.mail_server(), post.running(DUE, serve=False), post.running(DUE, serve=False):

        async def all_delivered() -> bool:
            return (await post.ledger()).messages.get("delivered") == len(facts)

        await eventually(all_delivered)
    mails = post.received("mail")
    assert len(mails) == len(facts)
    assert {mail.times for mail in mails} == {1}
    ledger = await post.ledger()
    assert (ledger.maybe_twice, ledger.overdue, ledger.due, ledger.later) == ([], 0, 0, len(facts))


async def test_while_the_mail_server_is_away_messages_wait_and_go_out_later(post: Post) -> None:
    fact = booked(person("delivered"))
    await post.take(received(fact))
    async with post.running(DUE, serve=False):

        async def tried_in_vain() -> bool:
            attempts = (await post.confirmation(fact.id)).attempts
            return len([each for each in attempts if each.result == "away SMTPConnectError"]) > 6

        await eventually(tried_in_vain)
        ledger = await post.ledger()
        assert (ledger.due, ledger.overdue) == (1, 0)
        assert ledger.oldest_due is not None
        async with post.mail_server():
            await post.until(fact.id, mail="delivered")
    assert [mail.times for mail in post.received()] == [1]


async def test_what_comes_too_late_is_not_sent_but_told(post: Post) -> None:
    fact = booked(person("delivered"))
    await post.take(received(fact))
    async with post.running(DUE, serve=False):
        await post.until(fact.id, mail="waiting")
        post.move_clock(THURSDAY)
        await post.until(fact.id, mail="expired")
        await post.until(fact.id, "reminder", mail="expired")
    told = {fact.notice.purpose: fact for fact in await post.facts()}
    assert isinstance(told["confirmation"], NotificationFailed)
    assert isinstance(told["reminder"], NotificationFailed)


async def test_the_share_handed_over_within_ten_seconds_is_measured_from_when_it_could_go_out(post: Post) -> None:
    night = datetime(2026, 11, 23, 23, tzinfo=BERLIN)
    quick, late = booked(person("delivered", None)), booked(person("delivered", None))
    move = cancelled(late, DecidedBy.CITY)
    async with post.mail_server(), post.running(DUE, serve=False) as tools:

        def handed_over(urgency: str, within: str) -> float | None:
            return tools.metrics.registry.get_sample_value(
                "nahbar_notifications_handover_seconds_bucket", {"channel": "mail", "urgency": urgency, "le": within}
            )

        await post.take(received(quick))
        await post.until(quick.id, mail="delivered")
        assert handed_over("direct", "10.0") == 1
        await post.take(received(move, night))
        post.move_clock(datetime(2026, 11, 24, 8, 0, 20, tzinfo=BERLIN))
        await post.until(late.id, "cancellation", mail="delivered")
        assert [handed_over("urgent", within) for within in ("10.0", "30.0")] == [0, 1]


async def test_the_reminder_comes_the_afternoon_before(open_post: Post) -> None:
    fact = booked(person("delivered"))
    await open_post.take(received(fact))
    await open_post.until(fact.id, mail="delivered")
    assert await open_post.states(fact.id, "reminder") == {"mail": "waiting"}
    open_post.move_clock(datetime(2026, 11, 25, 16, tzinfo=BERLIN))
    await open_post.until(fact.id, "reminder", mail="delivered")
    assert [b"Erinnerung" in mail.source for mail in open_post.received()] == [False, True]


async def test_a_reminder_that_missed_the_afternoon_waits_for_the_morning(open_post: Post) -> None:
    fact = booked(person("delivered"))
    await open_post.take(received(fact))
    await open_post.until(fact.id, mail="delivered")
    open_post.move_clock(datetime(2026, 11, 25, 21, tzinfo=BERLIN))

    async def put_off() -> bool:
        due = await open_post.rows("select due_at from due_work where kind = 'send'")
        return [row.due_at for row in due] == [datetime(2026, 11, 26, 8, tzinfo=BERLIN)]

    await eventually(put_off)
    open_post.move_clock(datetime(2026, 11, 26, 8, tzinfo=BERLIN))
    await open_post.until(fact.id, "reminder", mail="delivered")


async def test_reminders_spare_an_address_that_failed_and_take_the_other_channel(open_post: Post) -> None:
    fact = booked(person("perm-fail"))
    await open_post.take(received(fact))
    await open_post.until(fact.id, mail="failed", sms="delivered")
    open_post.move_clock(datetime(2026, 11, 25, 16, tzinfo=BERLIN))
    await open_post.until(fact.id, "reminder", mail="failed", sms="delivered")
    assert len(open_post.received("sms")) == 2


async def test_who_complained_gets_no_reminder_on_that_channel(open_post: Post) -> None:
    fact = booked(person("complaint"))
    await open_post.take(received(fact))

    async def complained() -> bool:
        return bool(await open_post.rows("select 1 from spared_addresses"))

    await eventually(complained)
    open_post.move_clock(datetime(2026, 11, 25, 16, tzinfo=BERLIN))
    await open_post.until(fact.id, "reminder", mail="suppressed")
    assert len(open_post.received()) == 1


async def test_a_cancellation_supersedes_what_still_waits(open_post: Post) -> None:
    before = booked(person("delivered"))
    await open_post.take(received(before))
    await open_post.until(before.id, mail="delivered")
    await open_post.take(received(cancelled(before, DecidedBy.CITY, "Wasserschaden")))
    await open_post.until(before.id, "cancellation", mail="delivered")
    assert await open_post.states(before.id, "reminder") == {"mail": "superseded"}
    open_post.move_clock(THURSDAY - timedelta(hours=2))
    await asyncio.sleep(1.5)
    assert len(open_post.received()) == 2
    assert [fact.notice.purpose for fact in await open_post.facts()] == ["confirmation", "cancellation"]


async def test_a_message_that_comes_back_after_the_matter_moved_on_is_superseded(post: Post) -> None:
    before = booked(person("delivered"))
    await post.take(received(before))
    await claim_and_die(post, before.id)
    await post.take(received(cancelled(before)))
    assert await post.states(before.id) == {"mail": "sending"}
    async with post.running(), post.mail_server(), post.gateway():
        await post.until(before.id, mail="unknown", sms="superseded")
        await post.until(before.id, "cancellation", mail="delivered")


async def test_contacts_are_forgotten_after_the_matter_and_the_rest_much_later(open_post: Post) -> None:
    fact = booked(person("delivered"))
    await open_post.take(received(fact))
    await open_post.until(fact.id, mail="delivered")
    open_post.move_clock(THURSDAY + timedelta(days=14, hours=1))

    async def forgotten() -> bool:
        [row] = await open_post.rows("select fact #> '{appointment,contact}' as contact from matters")
        return row.contact is None

    await eventually(forgotten)
    assert len(await open_post.log(fact.id)) == 2
    open_post.move_clock(THURSDAY + timedelta(days=14 + 397))

    async def gone() -> bool:
        return await open_post.log(fact.id) == []

    await eventually(gone)


async def test_two_reports_at_once_make_one_fallback(open_post: Post) -> None:
    fact = booked(person("delivered"))
    await open_post.take(received(fact))
    await open_post.until(fact.id, mail="delivered")
    message = (await open_post.confirmation(fact.id)).message
    tools = Tools(open_post.settings)

    async def bounce() -> None:
        async with acting(tools) as act:
            await receive_mail_report(act, message, MailReport(ReportKind.FAILED, "5.1.1"))

    await asyncio.gather(*(bounce() for _ in range(8)))
    await tools.db.close()
    await open_post.until(fact.id, mail="failed", sms="delivered")
    assert len(open_post.received("sms")) == 1
    assert [told.version for told in await open_post.facts()] == [1, 2]


async def test_who_waits_for_a_notice_sees_the_message_added_meanwhile(post: Post) -> None:
    fact = booked(person("delivered"))
    await post.take(received(fact))
    await claim_and_die(post, fact.id)
    message = (await post.confirmation(fact.id)).message
    tools = Tools(post.settings)

    async def later() -> set[str]:
        async with tools.db.transaction() as conn:
            batch = await NoticeBatch.of_messages(conn, [message])
            return {each.channel for each in batch.notice_of(message).messages}

    async with tools.db.transaction() as conn:
        batch = await NoticeBatch.of_messages(conn, [message])
        waiting = asyncio.create_task(later())
        await asyncio.sleep(0.3)
        batch.apply(message, News(Event.LOST), THURSDAY - timedelta(days=2))
        await batch.save(Act(conn, tools, THURSDAY - timedelta(days=2)))
    assert await waiting == {"mail", "sms"}
    await tools.db.close()
