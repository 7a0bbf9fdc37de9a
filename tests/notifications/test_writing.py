"""The words: every template in every language, segments, mails and their calendar parts."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from itertools import product
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from jinja2 import Environment, UndefinedError, meta

from services.notifications.telling.domain import Purpose
from services.notifications.writing.mail import MailWriter
from services.notifications.writing.sms import plain, segments
from services.notifications.writing.texts import TEMPLATES, Texts
from shared.events.appointments import AppointmentFact, DecidedBy
from tests.notifications.facts import MANAGE_URL, MONDAY_NOON, THURSDAY, booked, cancelled, person, rescheduled

KINDS = ("subject.txt", "txt", "html", "sms.txt")
LANGUAGES = ("de", "en")
TEXTS = Texts("Duisburg")
WRITER = MailWriter(TEXTS, "Bürger-Service Duisburg <termine@stadt.example>", "service@stadt.example")


def fact_for(purpose: Purpose, language: str, by: DecidedBy = DecidedBy.CITIZEN) -> AppointmentFact:
    before = booked(language=language)
    if purpose is Purpose.RESCHEDULING:
        return rescheduled(before, by)
    return cancelled(before, by, "Krankheit") if purpose is Purpose.CANCELLATION else before


def mail_for(purpose: Purpose, fact: AppointmentFact, name: str = "Ada Lovelace") -> EmailMessage:
    letter = WRITER.write(uuid4(), purpose, fact, person(name=name), MONDAY_NOON)
    mail = message_from_bytes(letter.content, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part
    return str(part.get_content())


def calendar(mail: EmailMessage) -> Calendar:
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    found = Calendar.from_ical(part.get_content())
    assert isinstance(found, Calendar)
    assert part["Content-Type"].params["method"] == found["METHOD"]
    return found


def placeholders(language: str, purpose: str, kind: str) -> set[str]:
    source = (TEMPLATES / language / f"{purpose}.{kind}").read_text()
    return meta.find_undeclared_variables(Environment(autoescape=True).parse(source)) - {"facts", "link"}


def test_the_languages_are_those_tested() -> None:
    assert TEXTS.languages == set(LANGUAGES)


@pytest.mark.parametrize(("purpose", "kind"), list(product(Purpose, KINDS)))
def test_every_language_says_the_same(purpose: Purpose, kind: str) -> None:
    assert placeholders("de", purpose, kind) == placeholders("en", purpose, kind) != set()


@pytest.mark.parametrize(("purpose", "language", "by"), list(product(Purpose, LANGUAGES, DecidedBy)))
def test_every_message_renders_with_what_the_reader_needs(purpose: Purpose, language: str, by: DecidedBy) -> None:
    fact = fact_for(purpose, language, by)
    mail = mail_for(purpose, fact)
    sms = plain(TEXTS.sms(purpose, fact, person()))
    for text in (body(mail, "plain"), body(mail, "html"), sms):
        for needed in ("4711-0815", "09:20", "Bürger-Service-Station Hamborn", MANAGE_URL):
            assert needed in text
    assert f'lang="{language}"' in body(mail, "html")
    assert "4711-0815" in mail["Subject"]
    assert ("Krankheit" in body(mail, "plain")) == (purpose is Purpose.CANCELLATION and by is not DecidedBy.CITIZEN)
    assert segments(sms) == 1


def test_what_to_bring_is_said_in_the_readers_language() -> None:
    assert "- previous identity card" in body(
        mail_for(Purpose.CONFIRMATION, fact_for(Purpose.CONFIRMATION, "en")), "plain"
    )
    assert "<li>bisheriger Ausweis</li>" in body(mail_for(Purpose.REMINDER, booked()), "html")


@pytest.mark.parametrize(
    ("asked", "written"), [("de", "de"), ("en-GB", "en"), ("tr", "de"), ("de-DE", "de"), ("", "de")]
)
def test_other_languages_fall_back(asked: str, written: str) -> None:
    assert TEXTS.language_of(booked(language=asked)) == written


def test_a_value_a_template_misses_is_an_error() -> None:
    template = TEXTS._environment.from_string("{{ missing }}")
    with pytest.raises(UndefinedError):
        template.render()


def test_names_are_escaped_and_cannot_add_headers() -> None:
    mail = mail_for(Purpose.CONFIRMATION, booked(), name='<b>Eve</b>\r\nBcc: all@stadt.example "x"')
    assert mail["Bcc"] is None
    assert "&lt;b&gt;Eve&lt;/b&gt;" in body(mail, "html")


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
    reminder = mail_for(Purpose.REMINDER, before)
    assert "text/calendar" not in {part.get_content_type() for part in reminder.walk()}


def test_html_works_without_anything_from_outside() -> None:
    html = body(mail_for(Purpose.CONFIRMATION, booked()), "html")
    assert re.findall(r"(?:src|href)=\"([^\"]+)\"", html) == [MANAGE_URL]
    assert "<script" not in html


GSM_ONE_SEPTET = (
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡§¿äöñüàÄÖÑÜ\n\r"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
GSM_TWO_SEPTETS = "^{}\\[~]|€"


@given(st.text(alphabet=GSM_ONE_SEPTET + GSM_TWO_SEPTETS, min_size=1, max_size=700))
def test_segments_of_the_phone_alphabet(text: str) -> None:
    assert segments(text) == _parts([2 if sign in GSM_TWO_SEPTETS else 1 for sign in text], 160, 153)


@given(st.text(min_size=1, max_size=300).map(lambda text: text + "я"))
def test_segments_of_other_alphabets(text: str) -> None:
    assert segments(text) == _parts([2 if ord(sign) > 0xFFFF else 1 for sign in text], 70, 67)


def _parts(units: list[int], alone: int, each: int) -> int:
    """Fill one part after the other; what takes two units is not split (3GPP TS 23.040)."""
    if sum(units) <= alone:
        return 1
    parts, room = 1, each
    for unit in units:
        if unit > room:
            parts, room = parts + 1, each
        room -= unit
    return parts


def test_typography_costs_no_segment() -> None:
    text = "„Termin“ – 9:20\u00a0Uhr…"
    assert plain(text) == '"Termin" - 9:20 Uhr...'
    assert segments(plain(text * 8)) == 1 + (len(plain(text * 8)) > 160)
