"""Mails: their headers, their calendar parts, what stands in them."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from uuid import uuid4

import pytest
from icalendar import Calendar

from services.notifications.purposes import Purpose
from services.notifications.writing.mail import MailWriter
from services.notifications.writing.texts import Texts
from shared.city import City
from shared.events.appointments import AppointmentFact, Place
from shared.web.i18n import MESSAGE_LANGUAGES, Language
from tests.notifications.facts import (
    MANAGE_URL,
    MONDAY_NOON,
    THURSDAY,
    booked,
    cancelled,
    delayed,
    offered,
    person,
    rescheduled,
)
from tests.notifications.stops import NAME, booked_at, scheduled

CITY = City.load("duisburg")
TEXTS = Texts(CITY, "https://duisburg.example")
WRITER = MailWriter(TEXTS, "Bürger-Service Duisburg <termine@stadt.example>", "service@stadt.example")


def mail_for(purpose: Purpose, fact: AppointmentFact, name: str = "Ada Lovelace") -> EmailMessage:
    letter = WRITER.write(uuid4(), purpose, fact, person(name=name), MONDAY_NOON)
    mail = message_from_bytes(letter.content, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part
    return str(part.get_content())


def personal_links(html: str) -> list[str]:
    return re.findall(rf"href=\"({MANAGE_URL}[^\"]*)\"", html)


def calendar(mail: EmailMessage) -> Calendar:
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    found = Calendar.from_ical(part.get_content())
    assert isinstance(found, Calendar)
    assert part["Content-Type"].params["method"] == found["METHOD"]
    return found


def test_what_to_bring_is_said_in_the_readers_language() -> None:
    assert "- previous identity card" in body(mail_for(Purpose.CONFIRMATION, booked(language="en")), "plain")
    assert "<li>bisheriger Ausweis</li>" in body(mail_for(Purpose.REMINDER, booked()), "html")


def test_names_are_escaped_and_cannot_add_headers() -> None:
    mail = mail_for(Purpose.CONFIRMATION, booked(), name='<b>Eve</b>\r\nBcc: everybody "x"')
    assert mail["Bcc"] is None
    assert "&lt;b&gt;Eve&lt;/b&gt;" in body(mail, "html")


def test_a_subject_may_turn_round_but_not_break() -> None:
    mail = mail_for(Purpose.CONFIRMATION, booked(language="ar"))
    assert "\u20684711-0815\u2069" in mail["Subject"]
    assert mail["Subject"].startswith("موعدكم")
    with pytest.raises(ValueError, match="Subject"):
        mail_for(Purpose.CONFIRMATION, booked(number="4711\nBcc: all@stadt.example"))


def test_a_mail_names_its_message_and_wants_no_automatic_answers() -> None:
    message = uuid4()
    letter = WRITER.write(message, Purpose.CONFIRMATION, booked(), person("umlaut@büro.example"), MONDAY_NOON)
    mail = message_from_bytes(letter.content, policy=default)
    assert mail["Message-ID"] == f"<{message}@stadt.example>"
    assert mail["X-Nahbar-Message"] == str(message)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Reply-To"] == "service@stadt.example"
    assert letter.recipient == "umlaut@xn--bro-hoa.example"
    assert mail["From"].addresses[0].display_name == "Bürger-Service Duisburg"
    assert max(map(len, letter.content.splitlines())) < 998


def test_the_calendar_entry_is_put_in_moved_and_taken_out_again() -> None:
    before = booked()
    moved = rescheduled(before)
    put_in = calendar(mail_for(Purpose.CONFIRMATION, before))
    changed = calendar(mail_for(Purpose.RESCHEDULING, moved))
    taken_out = calendar(mail_for(Purpose.CANCELLATION, cancelled(moved)))
    assert [each["METHOD"] for each in (put_in, changed, taken_out)] == ["REQUEST", "REQUEST", "CANCEL"]
    entries = [each.events[0] for each in (put_in, changed, taken_out)]
    assert {entry["UID"] for entry in entries} == {str(before.id)}
    assert [entry["SEQUENCE"] for entry in entries] == [0, 1, 2]
    assert [entry["STATUS"] for entry in entries] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert [entry.start for entry in entries] == [THURSDAY, THURSDAY + timedelta(days=1), THURSDAY + timedelta(days=1)]
    entry = entries[0]
    assert entry["DTSTART"].to_ical() == b"20261126T082000Z"
    assert entry["LOCATION"] == "Bürger-Service-Station Hamborn, Markt 1"
    assert entry["DESCRIPTION"] == f"4711-0815\n{MANAGE_URL}\n0203 94000"
    assert {entry["SUMMARY"] for entry in entries} == {"Personalausweis beantragen"}
    reminder = mail_for(Purpose.REMINDER, before)
    assert "text/calendar" not in {part.get_content_type() for part in reminder.walk()}


def test_an_alternative_stands_in_the_calendar_as_tentative() -> None:
    first = booked()
    asked = offered(first)
    mail = mail_for(Purpose.ALTERNATIVE, asked)
    [entry] = calendar(mail).events
    assert (calendar(mail)["METHOD"], entry["STATUS"], entry["SEQUENCE"]) == ("REQUEST", "TENTATIVE", 1)
    assert entry.start == THURSDAY + timedelta(days=2)
    text = body(mail, "plain")
    for said in ("Wasserschaden", "Donnerstag, 26. November 2026, 09:20 Uhr", "bis Mittwoch, 25. November 2026, 12:00"):
        assert said in text


def test_a_late_bürgermobil_moves_the_calendar_entry_to_when_it_is_expected() -> None:
    first = booked_at(scheduled())
    late = delayed(first, 20)
    entries = [
        calendar(mail_for(purpose, fact)).events[0]
        for purpose, fact in (
            (Purpose.CONFIRMATION, first),
            (Purpose.DELAY, late),
            (Purpose.CANCELLATION, cancelled(late)),
            (Purpose.DELAY, delayed(late, 0)),
        )
    ]
    assert [entry.start - THURSDAY for entry in entries] == [timedelta(minutes=late) for late in (0, 20, 20, 0)]
    assert [entry.end - entry.start for entry in entries] == [timedelta(minutes=20)] * 4
    assert [entry["SEQUENCE"] for entry in entries] == [0, 1, 2, 2]
    assert {entry["LOCATION"] for entry in entries} == {f"{NAME}, vor dem Eingang zur Markthalle"}


@pytest.mark.parametrize("language", MESSAGE_LANGUAGES, ids=lambda language: language.code)
def test_a_mail_says_which_language_it_is_in(language: Language) -> None:
    assert mail_for(Purpose.CONFIRMATION, booked(language=language.code))["Content-Language"] == language.code


def test_html_works_without_anything_from_outside() -> None:
    html = body(mail_for(Purpose.CONFIRMATION, booked()), "html")
    assert "src=" not in html
    targets = re.findall(r"href=\"([^\"]+)\"", html)
    assert MANAGE_URL in targets
    assert [each for each in targets if not each.startswith(("https://duisburg.example/", "tel:+49"))] == []
    assert "<script" not in html


def test_a_reminder_leads_to_the_one_question_whether_to_cancel() -> None:
    html = body(mail_for(Purpose.REMINDER, booked()), "html")
    assert personal_links(html) == [f"{MANAGE_URL}/cancel", MANAGE_URL]
    without = person().model_copy(update={"cancel_url": None})
    letter = WRITER.write(uuid4(), Purpose.REMINDER, booked(), without, MONDAY_NOON)
    mail = message_from_bytes(letter.content, policy=default)
    assert isinstance(mail, EmailMessage)
    assert personal_links(body(mail, "html")) == [MANAGE_URL]


@pytest.mark.parametrize("language", MESSAGE_LANGUAGES, ids=lambda language: language.code)
def test_an_appointment_by_video_names_no_street_but_says_how_to_take_part(language: Language) -> None:
    by_video = {"de": "per Video", "de-simple": "mit Video", "en": "by video", "tr": "görüntülü", "ar": "عبر الفيديو"}
    said = by_video[language.code]
    place = Place(key="video", name="Videosprechstunde", district=0, address="Markt 1")
    fact = booked(kind="video", place=place, language=language.code)
    for purpose, told in (
        (Purpose.CONFIRMATION, fact),
        (Purpose.REMINDER, fact),
        (Purpose.RESCHEDULING, rescheduled(fact)),
        (Purpose.CANCELLATION, cancelled(fact)),
    ):
        mail = mail_for(purpose, told)
        letter = body(mail, "plain").partition("-----")[0]
        assert said in letter
        assert "Markt 1" not in letter
        assert said in TEXTS.sms(purpose, told, person())
        if purpose is not Purpose.REMINDER:
            assert calendar(mail).events[0]["LOCATION"] == "Video"
    at_a_counter = mail_for(Purpose.CONFIRMATION, booked(language=language.code))
    assert said not in body(at_a_counter, "plain").partition("-----")[0]
