"""People lost their links and ask for them: which are sent, to whom, and that nothing else shows."""

import json
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from services.notifications.links.domain import same_address
from tests.notifications.asking import MAIL, ask, asked_by_mail, pseudonym
from tests.notifications.facts import (
    MOBILE,
    MONDAY_NOON,
    booked,
    cancelled,
    left,
    links_requested,
    person,
    received,
    seat_offered,
    waiting,
)
from tests.notifications.kit import Post


async def test_the_links_of_all_that_is_open_go_to_the_address_in_the_language_asked_for(open_post: Post) -> None:
    key = pseudonym(open_post, mail=MAIL)
    site = open_post.settings.platform.public_url
    holder = person(MAIL).model_copy(update={"manage_url": f"{site}/appointments/m/german"})
    appointment, joined = booked(holder, person_key=key, number="1111-1111"), waiting(person_key=key)
    offer = seat_offered(waiting(person_key=key))
    over = [cancelled(booked(person_key=key, number="2222-2222")), left(waiting(person_key=key), "left")]
    past = booked(person_key=key, number="3333-3333", starts_at=MONDAY_NOON - timedelta(days=3))
    other = booked(person_key=pseudonym(open_post, mail="other@example.org"), number="4444-4444")
    await open_post.take(*map(received, [appointment, joined, offer, *over, past, other]))
    request = await asked_by_mail(open_post, language="en")
    await open_post.until(request.id, "links", mail="delivered")
    [entry] = await open_post.log(request.id)
    [sent] = [each for each in open_post.received("mail") if each.reference == str(entry.message)]
    body = message_from_bytes(sent.source, policy=default).get_body(("plain",))
    assert body
    english = body.get_content().partition("-----")[0]
    assert "Appointment 1111-1111: Thursday, 26 November 2026, 09:20" in english
    assert "Offer: Thursday, 26 November 2026, 09:20 (answer by Monday, 23 November 2026, 14:00)" in english
    assert "Waiting list: Apply for an identity card" in english
    assert not any(number in english for number in ("2222", "3333", "4444"))
    assert english.count("https://") == 2
    assert f"{site}/en/appointments/m/german" in english, "the page is in the language of the mail"


async def test_a_number_given_beside_a_mail_address_finds_them_too(open_post: Post) -> None:
    await open_post.take(received(booked(person_key=pseudonym(open_post, mail=MAIL))))
    request = links_requested(
        person(mail=None, name=""), channels=["sms"], person_key=pseudonym(open_post, phone=MOBILE)
    )
    await ask(open_post, request)
    await open_post.until(request.id, "links", sms="delivered")
    [sent] = open_post.received("sms")
    assert json.loads(sent.source)["text"].startswith("Ihre Links:\nDo., 26.11. 09:20 https://")


@pytest.mark.parametrize(
    ("asked", "known", "same"),
    [
        ("Anna@example.org", "anna@example.org", True),
        ("strasse@example.org", "straße@example.org", False),
        ("other@example.org", "anna@example.org", False),
        (None, "anna@example.org", True),
    ],
)
def test_links_go_to_the_very_address_they_belong_to(asked: str | None, known: str, same: bool) -> None:
    """The owner of an address that only looks alike gets nothing."""
    request = person(asked, None if asked else MOBILE)
    assert same_address(request, person(known)) == same


async def test_where_nothing_is_open_nothing_is_sent_and_nothing_kept(post: Post) -> None:
    await asked_by_mail(post)
    assert await post.rows("select id from matters") == []
    assert await post.rows("select key from due_work where key <> ''") == []


async def test_a_request_that_comes_twice_is_answered_once_and_one_that_comes_late_not_at_all(open_post: Post) -> None:
    await open_post.take(received(booked(person_key=pseudonym(open_post, mail=MAIL))))
    late = await asked_by_mail(open_post, asked_at=MONDAY_NOON - timedelta(hours=1))
    request = await asked_by_mail(open_post)
    await ask(open_post, request)
    await open_post.until(request.id, "links", mail="delivered")
    await open_post.until(late.id, "links", mail="expired")
    assert len(await open_post.rows("select id from notices where purpose = 'links'")) == 2
    facts = [fact for fact in await open_post.facts() if fact.notice.purpose == "links"]
    assert facts == [], "no service waits to hear whether they arrived"


async def test_what_was_cancelled_before_the_message_goes_out_is_left_out(post: Post) -> None:
    key = pseudonym(post, mail=MAIL)
    only = booked(person_key=key)
    await post.take(received(only))
    request = await asked_by_mail(post)
    await post.take(received(cancelled(only)))
    async with post.running(), post.mail_server():
        await post.until(request.id, "links", mail="suppressed")
