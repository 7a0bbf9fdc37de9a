"""Messages in every language: each says what its reader needs, the right way round, and which text counts."""

import re
from datetime import date
from itertools import product
from xml.etree.ElementTree import Element

import pytest
from babel.messages.pofile import read_po
from jinja2 import UndefinedError

from services.notifications.news.domain import Circular
from services.notifications.purposes import Purpose
from services.notifications.writing.sms import plain, segments
from services.notifications.writing.templates import TRANSLATIONS
from services.notifications.writing.texts import MailText, Texts
from shared.city import City
from shared.events.appointments import AppointmentFact, BookedService, DecidedBy, KnownReason
from shared.events.mobile_office import StopReason
from shared.texts import Review
from shared.web.i18n import GERMAN, MESSAGE_LANGUAGES, Language, message_language
from shared.web.i18n import language as page_language
from tests.notifications.facts import MANAGE_URL, booked, cancelled, delayed, offer_ended, person, seat_offered, waiting
from tests.notifications.samples import SAMPLES, fact_for
from tests.notifications.stops import NAME, booked_at, scheduled, stop_moved
from tests.shared.web.html import parse, words

CITY = City.load("duisburg")
PAGES = "https://duisburg.example"
TEXTS = Texts(CITY, PAGES)
SEGMENTS = {"de": 1, "de-simple": 1, "en": 1, "tr": 1, "ar": 3}
WITH_REASON = {Purpose.RESCHEDULING, Purpose.CANCELLATION}
WITH_KNOWN_REASON = WITH_REASON | {Purpose.DELAY}
KNOWN = {*KnownReason, *StopReason}
NOT_CHECKED = {
    "de-simple": "Diesen Text in Einfacher Sprache hat noch niemand geprüft.",
    "en": "This translation has not been checked yet.",
    "tr": "Bu çeviri henüz kontrol edilmedi.",
    "ar": "لم تتم مراجعة هذه الترجمة بعد.",
}

each_message = pytest.mark.parametrize(
    ("purpose", "language"), list(product(Purpose, MESSAGE_LANGUAGES)), ids=lambda value: getattr(value, "code", value)
)


def mail_for(purpose: Purpose, language: Language, by: DecidedBy = DecidedBy.CITIZEN, texts: Texts = TEXTS) -> MailText:
    return texts.mail(purpose, fact_for(purpose, language.code, by), person())


def isolated(tree: Element) -> set[str]:
    return {words(each) for each in tree.iter("bdi")}


@each_message
@pytest.mark.parametrize("by", DecidedBy)
def test_every_mail_says_what_the_reader_needs(purpose: Purpose, language: Language, by: DecidedBy) -> None:
    mail = mail_for(purpose, language, by)
    tree = parse(mail.html)
    assert (tree.get("lang"), tree.get("dir")) == (language.code, language.direction)
    for text in (mail.plain, mail.html):
        assert [needed for needed in SAMPLES[purpose].needed if needed not in text] == []
        assert ("Krankheit" in text) == (purpose in WITH_REASON and by is not DecidedBy.CITIZEN)
    titled = SAMPLES[purpose].titled
    assert (SAMPLES[purpose].needed[0] if titled is None else titled) in mail.subject
    assert "\n\n\n" not in mail.plain


@each_message
def test_every_sms_says_it_in_few_segments(purpose: Purpose, language: Language) -> None:
    sms = plain(TEXTS.sms(purpose, fact_for(purpose, language.code), person()))
    assert [needed for needed in SAMPLES[purpose].short or SAMPLES[purpose].needed if needed not in sms] == []
    assert segments(sms) <= SEGMENTS[language.code] + (purpose is Purpose.ALTERNATIVE)


@pytest.mark.parametrize("language", MESSAGE_LANGUAGES, ids=lambda language: language.code)
def test_a_reminder_that_asks_takes_at_most_one_segment_more(language: Language) -> None:
    late = delayed(booked_at(scheduled(), language=language.code), 25)
    facts = [(Purpose.REMINDER, fact_for(Purpose.REMINDER, language.code)), (Purpose.DELAY, late)]
    for purpose, fact in (*facts, (Purpose.DELAY, delayed(late, 0))):
        quiet, asked = (plain(TEXTS.sms(purpose, fact, person(), asks=asks)) for asks in (False, True))
        assert [bool(re.search(r"\s2[\s.]", sms)) for sms in (quiet, asked)] == [False, True]
        assert asked.endswith(MANAGE_URL), "what to answer does not stand behind the link, as if it were part of it"
        assert segments(asked) <= SEGMENTS[language.code] + 1


@pytest.mark.parametrize("language", MESSAGE_LANGUAGES, ids=lambda language: language.code)
def test_a_withdrawn_offer_is_no_expired_one(language: Language) -> None:
    expired, withdrawn = (
        fact_for(Purpose.OFFER_ENDED, language.code, by) for by in (DecidedBy.CITIZEN, DecidedBy.CITY)
    )
    sms = plain(TEXTS.sms(Purpose.OFFER_ENDED, withdrawn, person()))
    assert sms != plain(TEXTS.sms(Purpose.OFFER_ENDED, expired, person()))
    assert [needed for needed in SAMPLES[Purpose.OFFER_ENDED].needed if needed not in sms] == []
    assert segments(sms) <= SEGMENTS[language.code]
    mails = [TEXTS.mail(Purpose.OFFER_ENDED, fact, person()) for fact in (expired, withdrawn)]
    assert len({mail.subject for mail in mails}) == 2
    assert ["jetzt am Ende der Reihe" in mail.plain for mail in mails] == [True, False]
    assert ["Ihren Platz in der Reihe haben Sie behalten" in mail.plain for mail in mails] == [False, True]


@pytest.mark.parametrize("language", MESSAGE_LANGUAGES, ids=lambda language: language.code)
@pytest.mark.parametrize("purpose", sorted(WITH_KNOWN_REASON))
def test_the_citys_fixed_reasons_are_told_in_every_language_and_all_others_in_german(
    purpose: Purpose, language: Language
) -> None:
    fact = fact_for(purpose, language.code, DecidedBy.CITY)
    assert isinstance(fact, AppointmentFact)
    said = set()
    for known in (*KNOWN, "newer", None):
        told = fact.model_copy(update={"reason": "Wasserschaden", "known_reason": known})
        mail = TEXTS.mail(purpose, told, person())
        own = mail.plain.partition(NOT_CHECKED.get(language.code, "\0"))[0]
        assert ("Wasserschaden" in own) == (known not in KNOWN)
        assert ('<bdi lang="de">Wasserschaden</bdi>' in mail.html) == (
            "Wasserschaden" in own and not language.code.startswith("de")
        )
        said.add(own)
    assert len(said) == len(KNOWN) + 1


@pytest.mark.parametrize("language", MESSAGE_LANGUAGES, ids=lambda language: language.code)
def test_what_is_offered_by_video_names_no_place(language: Language) -> None:
    fact = seat_offered(waiting(language=language.code, kind="video"))
    mail, sms = TEXTS.mail(Purpose.SEAT_OFFER, fact, person()), plain(TEXTS.sms(Purpose.SEAT_OFFER, fact, person()))
    assert [text for text in (mail.plain, mail.html, sms) if "Hamborn" in text or "Markt 1" in text] == []
    assert "per Video" in mail.plain
    assert segments(sms) <= SEGMENTS[language.code]


@pytest.mark.parametrize("language", MESSAGE_LANGUAGES, ids=lambda language: language.code)
def test_a_delay_is_told_with_both_times_and_so_is_its_end_and_the_reminder_mentions_it(language: Language) -> None:
    late = delayed(booked_at(scheduled(), language=language.code), 25)
    in_time = delayed(late, 0)
    sms = [plain(TEXTS.sms(Purpose.DELAY, fact, person())) for fact in (late, in_time)]
    assert max(map(segments, sms)) <= SEGMENTS[language.code]
    assert {"09:20", "09:45"} <= set(re.findall(r"\d\d:\d\d", sms[0]))
    assert re.findall(r"\d\d:\d\d", sms[1]) == ["09:20"]
    for purpose in (Purpose.DELAY, Purpose.REMINDER, Purpose.STILL_BOOKED):
        letter = TEXTS.mail(purpose, late, person()).plain.partition(NOT_CHECKED.get(language.code, "\0"))[0]
        assert [needed for needed in ("09:20", "09:45", NAME, "vor dem Eingang zur") if needed not in letter] == []
        assert "09:45" not in TEXTS.mail(purpose, in_time, person()).plain
    assert "(+25 min)" in TEXTS.sms(Purpose.REMINDER, late, person())


@pytest.mark.parametrize("language", MESSAGE_LANGUAGES, ids=lambda language: language.code)
def test_whom_the_city_put_on_the_waiting_list_reads_so_in_the_cancellation(language: Language) -> None:
    first = booked_at(scheduled(), language=language.code)
    told = [cancelled(first, DecidedBy.CITY, "Motorschaden", entry) for entry in (None, first.id)]
    sms = [plain(TEXTS.sms(Purpose.CANCELLATION, fact, person())) for fact in told]
    assert sms[0] != sms[1]
    assert max(map(segments, sms)) <= SEGMENTS[language.code]
    assert ["Warteliste" in TEXTS.mail(Purpose.CANCELLATION, fact, person()).plain for fact in told] == [False, True]


@pytest.mark.parametrize("language", MESSAGE_LANGUAGES, ids=lambda language: language.code)
def test_an_offer_at_a_stop_that_does_not_take_place_speaks_of_no_station(language: Language) -> None:
    joined = waiting(language=language.code, places=[booked_at(scheduled()).appointment.place])
    fact = offer_ended(seat_offered(joined), "withdrawn")
    sms = plain(TEXTS.sms(Purpose.OFFER_ENDED, fact, person()))
    assert "Bürgermobil" in sms
    assert segments(sms) <= SEGMENTS[language.code]
    assert "schließen" not in TEXTS.mail(Purpose.OFFER_ENDED, fact, person()).plain


@pytest.mark.parametrize("language", MESSAGE_LANGUAGES, ids=lambda language: language.code)
def test_several_stops_come_in_one_message_with_the_way_to_each(language: Language) -> None:
    one, other = scheduled(), stop_moved(scheduled())
    circular = Circular((one, other), language.code, date(2026, 11, 23), MANAGE_URL)
    mail, sms = TEXTS.mail(Purpose.STOPS, circular, person()), plain(TEXTS.sms(Purpose.STOPS, circular, person()))
    pages = PAGES + page_language(language.code).prefix
    for stop in (one, other):
        assert f"{pages}/mobile_office/stops/{stop.id}" in mail.plain
    alone = Circular((one,), language.code, date(2026, 11, 23), MANAGE_URL)
    assert sms != plain(TEXTS.sms(Purpose.STOPS, alone, person()))
    assert segments(sms) <= SEGMENTS[language.code]


@pytest.mark.parametrize("language", MESSAGE_LANGUAGES, ids=lambda language: language.code)
def test_no_two_purposes_sound_the_same(language: Language) -> None:
    assert len({mail_for(purpose, language).subject for purpose in Purpose}) == len(Purpose)
    told = {TEXTS.sms(purpose, fact_for(purpose, language.code), person()) for purpose in Purpose}
    assert len(told) == len(Purpose)


@each_message
def test_what_nobody_reviewed_says_so_and_carries_the_german_text(purpose: Purpose, language: Language) -> None:
    mail, german = mail_for(purpose, language), mail_for(purpose, GERMAN)
    if language == GERMAN:
        assert not any(note in mail.plain for note in NOT_CHECKED.values())
        return
    assert not TEXTS.is_reviewed(language, purpose)
    before, _, after = mail.plain.partition(NOT_CHECKED[language.code])
    assert german.plain not in before
    assert after.endswith(german.plain)
    [below] = [each for each in parse(mail.html).iter("div") if each.get("lang") == "de"]
    assert below.get("dir") == "ltr"
    assert words(below) in words(parse(german.html))
    assert NOT_CHECKED[language.code] in mail.html


def test_what_somebody_reviewed_stands_alone() -> None:
    texts, turkish = Texts(CITY.model_copy(update={"reviews": {}}), PAGES), message_language("tr")
    texts._reviews["tr"][Purpose.REMINDER] = Review(by="Ada Lovelace", on=date(2026, 11, 1))
    mail = mail_for(Purpose.REMINDER, turkish, texts=texts)
    assert "Guten Tag" not in mail.plain + mail.html
    assert "Guten Tag" in mail_for(Purpose.CONFIRMATION, turkish, texts=texts).html


@pytest.mark.parametrize("language", MESSAGE_LANGUAGES, ids=lambda each: each.code)
def test_a_mail_names_the_services_and_what_to_bring_in_its_language(language: Language) -> None:
    services = [
        BookedService(key=each.key, names=each.names, bring=each.bring, minutes=each.minutes) for each in CITY.services
    ]
    fact = booked(services=services, language=language.code)
    plain = TEXTS.mail(Purpose.CONFIRMATION, fact, person()).plain.partition(NOT_CHECKED.get(language.code, "-----"))[0]
    for service in CITY.services:
        for said in (service.names[language.code], *service.bring[language.code]):
            assert said in plain


def test_names_of_services_nobody_has_read_carry_the_german_text_too() -> None:
    texts, turkish = Texts(CITY, PAGES), message_language("tr")
    for purpose in (Purpose.REMINDER, Purpose.BARRIER):
        texts._reviews["tr"][purpose] = Review(by="Ada Lovelace", on=date(2026, 11, 1))
    assert "Guten Tag" in mail_for(Purpose.REMINDER, turkish, texts=texts).html
    assert "Guten Tag" not in mail_for(Purpose.BARRIER, turkish, texts=texts).html


def test_every_language_and_purpose_has_a_state_of_review() -> None:
    others = {language.code for language in MESSAGE_LANGUAGES if language != GERMAN}
    assert {code: set(reviews) for code, reviews in TEXTS._reviews.items()} == {code: set(Purpose) for code in others}


@pytest.mark.parametrize("purpose", Purpose)
def test_nothing_turns_round_in_arabic(purpose: Purpose) -> None:
    mail = mail_for(purpose, message_language("ar"))
    letter = mail.html.partition('<div lang="de"')[0]
    sample = SAMPLES[purpose]
    greeted = {"Ada Lovelace"} if sample.greeted else set()
    assert {*sample.turning, *sample.names, *greeted} <= isolated(parse(mail.html))
    assert [name for name in sample.names if f'<bdi lang="de">{name}</bdi>' not in letter] == []
    assert not re.search(r"\b(left|right)\b", mail.html), "sides are logical"
    assert not re.search(r"[٠-٩]", mail.html + mail.plain + mail.subject), "digits are Latin"
    plain_letter = mail.plain.partition(NOT_CHECKED["ar"])[0]
    for turning in sample.turning:
        assert turning in plain_letter
        for text in (mail.subject, plain_letter):
            assert text.count(turning) == text.count(f"\u2068{turning}\u2069")


def test_days_are_those_of_the_language() -> None:
    subjects = {each.code: mail_for(Purpose.CONFIRMATION, each).subject for each in MESSAGE_LANGUAGES}
    assert "Donnerstag, 26. November 2026" in subjects["de"]
    assert "Donnerstag, 26. November 2026" in subjects["de-simple"]
    assert "Thursday, 26 November 2026" in subjects["en"]
    assert "26 Kasım 2026 Perşembe" in subjects["tr"]
    assert "الخميس، 26 نوفمبر 2026" in subjects["ar"]


def test_what_is_not_translated_is_marked_as_german() -> None:
    assert "<bdi" not in mail_for(Purpose.CONFIRMATION, GERMAN).html
    english = mail_for(Purpose.CONFIRMATION, message_language("en")).html
    assert '<td style="padding:4px 8px">Apply for an identity card</td>' in english
    turkish = mail_for(Purpose.CONFIRMATION, message_language("tr")).html
    assert '<bdi lang="de">Personalausweis beantragen</bdi>' in turkish
    assert '<li><bdi lang="de">bisheriger Ausweis</bdi></li>' in turkish


def test_one_service_or_several() -> None:
    one, other = (BookedService(key=key, names={"de": key}, minutes=10) for key in ("eins", "zwei"))
    said = {"de": ("Anliegen",) * 2, "de-simple": ("Thema", "Themen"), "en": ("Service", "Services")}
    said |= {"tr": ("Hizmet", "Hizmetler"), "ar": ("الخدمة", "الخدمتان")}
    for code, labels in said.items():
        for label, services in zip(labels, ([one], [one, other]), strict=True):
            mail = TEXTS.mail(Purpose.REMINDER, booked(language=code, services=services), person())
            assert f"\n{label}: " in mail.plain


def test_plain_language_has_one_sentence_a_line() -> None:
    catalogue = read_po((TRANSLATIONS / "de-simple.po").open("rb"))
    lines = [line for entry in catalogue if entry.id for line in str(entry.string).splitlines()]
    assert len(lines) > len(catalogue)
    assert [line for line in lines if re.search(r"[.!?] \S", line)] == []


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("de", "de"),
        ("en-GB", "en"),
        ("tr", "tr"),
        ("de-DE", "de"),
        ("de-simple", "de-simple"),
        ("kl", "de"),
        ("", "de"),
    ],
)
def test_other_languages_fall_back(asked: str, written: str) -> None:
    assert TEXTS.mail(Purpose.CONFIRMATION, booked(language=asked), person()).language == written


def test_a_value_a_template_misses_is_an_error() -> None:
    for environment in TEXTS._environments.values():
        with pytest.raises(UndefinedError):
            environment.from_string("{{ missing }}").render()
