"""The pages of staff: people nothing reached, why somebody was told or not, and what every text looks like."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from services.notifications.delivery.domain import State
from services.notifications.desk.domain import masked_mail, masked_phone
from services.notifications.desk.samples import WORDINGS, samples_of
from services.notifications.desk.words import PURPOSES, STATES, reason_of
from services.notifications.news.circulars import TO_SUBSCRIBERS
from services.notifications.purposes import Purpose
from services.notifications.subscribing.domain import subscription_number
from services.notifications.subscribing.usecases import end
from services.notifications.writing.texts import Texts
from shared.act import acting
from shared.city import City
from shared.events.notifications import Outcome
from shared.tools import Tools
from shared.web.formats import phone_text
from shared.web.i18n import MESSAGE_LANGUAGES
from tests.notifications.facts import MOBILE, THURSDAY, booked, closed, person, received, rescheduled
from tests.notifications.kit import Post
from tests.notifications.reader import AREA, clerk, page
from tests.notifications.replies import remind, write
from tests.notifications.subscribers import hear, subscribe
from tests.shared.staff.kit import cookie_of, inputs, somebody
from tests.shared.web.html import parse, words


async def test_whom_nothing_reached_is_listed_with_the_reason_and_what_was_tried(post: Post) -> None:
    lost = booked(person("perm-fail", "+4915228817302"), number="1111-1111")
    late = booked(person(None, None), starts_at=THURSDAY + timedelta(days=1))
    reached = booked(person("delivered"), number="3333-3333")
    async with post.running() as tools, post.mail_server(), post.gateway(), clerk(tools) as client:
        assert "niemanden, den Sie noch rechtzeitig" in await page(client, "/failed")
        await post.take(received(lost), received(reached), received(late))
        await post.until(lost.id, mail="failed", sms="failed")
        await post.until(reached.id, mail="delivered")
        shown = await page(client, "/failed")
        assert shown.index("1111-1111") < shown.index("4711-0815")
        assert "3333-3333" not in shown
        for said in ("Bestätigung", "Diese Adresse gibt es nicht.", "Das Netz konnte die SMS nicht zustellen."):
            assert said in shown
        assert "kein Weg" in shown
        assert "/appointments/staff/unreached" in (await client.get(f"{AREA}/failed")).text
        await post.take(received(rescheduled(lost)))
        assert "1111-1111" not in await page(client, "/failed"), "the matter has moved on"


async def test_the_history_says_why_somebody_was_told_or_not(asking: Post) -> None:
    fact = booked(person(None, "+4915228817312"), channels=["sms"], language="tr")
    await remind(asking, fact)
    await write(asking, "2", "+4915228817312")
    tools = Tools(asking.settings)
    async with clerk(tools) as client:
        arabic = "\u0664\u0667\u0661\u0661\u20120815"
        for wanted in ("4711-0815", str(fact.id), " 4711-0815 ", "47110815", arabic, f"\u2068{fact.id}\u2069"):
            shown = await page(client, f"/log?matter={wanted}")
            for said in (
                "Bestätigung – zugestellt",
                "Erinnerung – zugestellt",
                "Die Gegenstelle nahm die Nachricht zu oft nicht an.",
                "erstes SMS-Gateway",
                "Türkçe",
                "… 312",
                "Antworten per SMS",
                "absagen",
            ):
                assert said in shown
            assert "Ada Lovelace" not in shown
            assert "28817312" not in shown.replace(" ", "")
        for unknown in ("9999-9999", str(uuid4()), "Ada", "'; drop table matters"):
            assert "Diese Nummer kennen wir nicht" in await page(client, f"/log?matter={unknown}")
        assert "Geben Sie eine Nummer ein" in await page(client, "/log")
    await tools.db.close()


async def test_a_subscribers_story_is_found_by_its_number_and_tells_nothing_of_appointments(post: Post) -> None:
    async with post.running() as tools, clerk(tools) as client:
        found = await subscribe(post, "anna")
        await hear(post, closed())
        await post.take(received(booked(person("anna"), number="3333-3333")))
        number = subscription_number(found.id)
        for wanted in (number, number.lower().replace("-", " "), f"\u2068{number}\u2069", str(found.id)):
            shown = await page(client, f"/log?matter={wanted}")
            for said in ("Hamborn", "bestätigt", "a…@", "Abo: Station geschlossen", "Sinnvoll bis"):
                assert said in shown
            assert "Bestätigung –" not in shown
        async with acting(tools) as act:
            await end(act, found.id)
        assert "beendet" in await page(client, f"/log?matter={number}")
        assert "a…@" not in await page(client, f"/log?matter={number}")
        assert "Diese Nummer kennen wir nicht" in await page(client, "/log?matter=N-0000-0000")


async def test_the_contact_is_shown_for_a_reason_that_is_written_down(post: Post) -> None:
    fact = booked(person("anna@stadt.example"))
    async with post.running() as tools, clerk(tools) as client:
        await post.take(received(fact))
        first = await client.get(f"{AREA}/log?matter=4711-0815")
        assert "a…@stadt.example" in first.text
        form = {"matter": str(fact.id), "sitzung": inputs(first.text)["sitzung"]}
        path = f"{AREA}/log/contact"
        missing = await client.post(path, data=form)
        assert missing.status_code == 422
        assert "Wählen Sie, wozu Sie den Kontakt brauchen." in missing.text
        assert (await client.post(path, data={**form, "sitzung": "", "reason": "call"})).status_code == 403
        assert await post.rows("select 1 from audit") == []
        shown = await client.post(path, data={**form, "reason": "call"})
        for said in ("Ada Lovelace", "anna@stadt.example", phone_text(MOBILE)):
            assert said in words(parse(shown.text))
        [deed] = await post.rows("select who, action, matter, details from audit")
        assert (deed.who, deed.action, deed.matter) == ("leitung", "contact_seen", fact.id)
        assert deed.details == {"number": "4711-0815", "reason": "call"}
        assert (await client.post(path, data={**form, "matter": str(uuid4()), "reason": "call"})).status_code == 404


async def test_who_serves_another_area_is_led_there(post: Post) -> None:
    for roles, leads in (({"appointments:staff"}, True), ({"notifications:staff"}, False)):
        async with post.running() as tools, clerk(tools, roles=frozenset(roles)) as client:
            answer = await client.get(f"{AREA}/")
            assert ('href="/appointments/staff/"' in answer.text) == leads


async def test_every_text_is_shown_in_every_language_with_its_parts_and_review(post: Post) -> None:
    async with post.running() as tools, clerk(tools) as client:
        table = await client.get(f"{AREA}/templates")
        links = re.findall(rf'href="({AREA}/templates/[^"]+)"', table.text)
        assert links == [f"{AREA}/templates/{purpose}" for purpose in Purpose for _ in WORDINGS[purpose]]
        assert "1 SMS-Teil" in words(parse(table.text))
        for purpose in Purpose:
            answer = await client.get(f"{AREA}/templates/{purpose}")
            tree = parse(answer.text)
            texts = [each for each in tree.iter("p") if each.get("class") == "nb-letter"]
            each_twice = 2 * len(WORDINGS[purpose])
            shown = [each.get("lang") for each in texts]
            assert shown == [language.code for language in MESSAGE_LANGUAGES for _ in range(each_twice)]
            greeted = "Erika Mustermann" in words(texts[1])
            assert greeted != (purpose in TO_SUBSCRIBERS | {Purpose.LINKS})
            assert "Das hat noch niemand geprüft." in words(tree)
        assert (await client.get(f"{AREA}/templates/nothing")).status_code == 404


@pytest.mark.parametrize("purpose", Purpose)
def test_every_wording_of_a_purpose_is_another_one(purpose: Purpose) -> None:
    for each in samples_of(Texts(City.load("duisburg"), "https://city.example"), purpose, "https://city.example"):
        assert len({(sample.sms, sample.mail.plain) for sample in each.wordings}) == len(WORDINGS[purpose])


async def test_pages_are_for_staff_of_notifications_alone(post: Post) -> None:
    async with post.running() as tools, clerk(tools, roles=frozenset({"appointments:staff"})) as client:
        for path in ("/failed", "/log", "/templates", "/templates/reminder"):
            assert (await client.get(AREA + path)).status_code == 403
            client.headers.pop("Cookie", None)
            sent = await client.get(AREA + path)
            assert (sent.status_code, sent.headers["Location"].partition("?")[0]) == (303, f"{AREA}/sign-in")
            client.headers["Cookie"] = cookie_of(tools, somebody(roles=frozenset({"appointments:staff"})))


def test_every_state_and_purpose_has_words() -> None:
    assert set(STATES) == {*State, *Outcome}
    assert set(PURPOSES) == set(Purpose)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (None, ""),
        ("bounced 5.1.1", "Diese Adresse gibt es nicht."),
        ("bounced 5.2.2", "Die Nachricht kam zurück."),
        ("permanent 550", "Die Gegenstelle hat die Nachricht abgelehnt."),
        ("no answer SMTPReadTimeoutError", "Die Gegenstelle hat nicht geantwortet."),
        ("no receipt", "Es kam keine Quittung."),
        ("away ConnectError", "Die Gegenstelle war nicht erreichbar."),
        ("something new", "something new"),
    ],
)
def test_what_went_wrong_in_a_sentence(error: str | None, said: str) -> None:
    assert reason_of(error) == said


def test_masked_addresses_show_too_little_to_use_them() -> None:
    assert masked_mail("anna.muster@stadt.example") == "a…@stadt.example"
    assert masked_mail("@") == "…@"
    assert masked_phone("+4915228817386") == "… 386"
