"""What every mail carries besides its news: what it costs, whom to call, where to go, how to arrive, whose it is."""

from datetime import timedelta
from itertools import product

import pytest

from services.notifications.purposes import Purpose
from services.notifications.writing.sms import plain, segments
from services.notifications.writing.texts import Texts
from shared.arriving import CHECK_IN_BEFORE, LATE, ROOM_OPENS_BEFORE
from shared.city import City
from shared.events.appointments import AppointmentFact, BookedService, Place
from shared.web.i18n import MESSAGE_LANGUAGES, Language
from shared.web.i18n import language as page_language
from tests.notifications.facts import (
    MONDAY_NOON,
    booked,
    cancelled,
    missed,
    near,
    offered,
    person,
    rescheduled,
    seat_offered,
    waiting,
)
from tests.notifications.samples import fact_for
from tests.notifications.stops import booked_at, scheduled

CITY = City.load("duisburg")
PAGES = "https://duisburg.example"
TEXTS = Texts(CITY.model_copy(update={"reviews": {}}), PAGES)
PHONE = "0203 94000"
ARRIVING = {
    "de": ("am Bildschirm", "Sie verspäten sich?"),
    "de-simple": ("am Bildschirm", "Sie kommen später?"),
    "en": ("on the screen", "Running late?"),
    "tr": ("ekrana", "Gecikecek misiniz?"),
    "ar": ("على الشاشة", "هل ستتأخرون؟"),
}
FEE = {"de": "Gebühr", "de-simple": "Das kostet es", "en": "Fee", "tr": "Ücret", "ar": "الرسوم"}
NO_FEE = {"de": "keine", "de-simple": "nichts", "en": "none", "tr": "yok", "ar": "مجانًا"}

each_language = pytest.mark.parametrize("language", MESSAGE_LANGUAGES, ids=lambda language: language.code)


def letter(purpose: Purpose, fact: AppointmentFact, form: str = "plain") -> str:
    """The letter in the reader's language alone, as if somebody had read its translation."""
    mail = TEXTS.mail(purpose, fact, person())
    return mail.plain.partition("-----")[0] if form == "plain" else mail.html.partition('<div lang="de"')[0]


def service(key: str, quantity: int = 1) -> BookedService:
    found = next(each for each in CITY.services if each.key == key)
    return BookedService(key=key, names=found.names, minutes=found.minutes, quantity=quantity)


def minutes(length: timedelta) -> str:
    return str(length // timedelta(minutes=1))


@each_language
def test_a_mail_says_what_its_services_cost_together(language: Language) -> None:
    paid = [service("personalausweis", quantity=2), service("meldebescheinigung"), service("wohnsitz-anmelden")]
    unknown = [*paid, BookedService(key="other", names={"de": "Anderes"}, minutes=10)]
    label = FEE[language.code]
    amount, free, not_known = (
        letter(Purpose.CONFIRMATION, booked(services=services, language=language.code))
        for services in (paid, [service("wohnsitz-anmelden")], unknown)
    )
    assert f"{label}: " in amount
    assert "83,00" in amount or "83.00" in amount
    assert f"{label}: {NO_FEE[language.code]}\n" in free
    assert f"{label}: " not in not_known
    offer = seat_offered(waiting(services=paid, language=language.code))
    assert f"{label}: " in TEXTS.mail(Purpose.SEAT_OFFER, offer, person()).plain
    over = booked(services=paid, language=language.code)
    assert f"{label}: " not in letter(Purpose.CANCELLATION, cancelled(over)) + letter(Purpose.MISSED, missed(over))


@each_language
def test_who_comes_to_a_station_reads_how_to_arrive_and_until_when(language: Language) -> None:
    screen, late = ARRIVING[language.code]
    fact = booked(language=language.code)
    coming: list[tuple[Purpose, AppointmentFact]] = [
        (Purpose.CONFIRMATION, fact),
        (Purpose.REMINDER, fact),
        (Purpose.STILL_BOOKED, fact),
        (Purpose.RESCHEDULING, rescheduled(fact)),
    ]
    others: list[tuple[Purpose, AppointmentFact]] = [
        (Purpose.CANCELLATION, cancelled(fact)),
        (Purpose.MISSED, missed(fact)),
        (Purpose.ALTERNATIVE, offered(fact)),
    ]
    needed = (screen, late, minutes(CHECK_IN_BEFORE), minutes(LATE))
    assert [each for each in coming if not all(said in letter(*each) for said in needed)] == []
    assert [each for each in others if screen in letter(*each) or late in letter(*each)] == []


@each_language
def test_at_a_stop_and_by_video_there_is_no_screen(language: Language) -> None:
    screen, late = ARRIVING[language.code]
    place = Place(key="video", name="Videosprechstunde", district=0)
    at_stop = letter(Purpose.REMINDER, booked_at(scheduled(), language=language.code))
    by_video = letter(Purpose.REMINDER, booked(kind="video", place=place, language=language.code))
    for text in (at_stop, by_video):
        assert screen not in text
        assert late in text
        assert text.count(PHONE) == 3, "among the facts, where one is late, and at the end"
    assert minutes(ROOM_OPENS_BEFORE) in by_video
    assert by_video.count("09:40") == 2, "the room is open until the end"


@each_language
def test_an_old_fact_without_an_address_gets_that_of_the_citys_data(language: Language) -> None:
    station = next(each for each in CITY.stations if each.key == "hamborn")
    place = Place(key=station.key, name=station.name, district=station.district)
    fact = booked(place=place, language=language.code)
    assert f"{station.address}" in letter(Purpose.CONFIRMATION, fact)
    assert f"{station.address}" in str(TEXTS.calendar_entry(fact, person(), MONDAY_NOON)["location"])
    elsewhere = booked(place=place.model_copy(update={"key": "new"}), language=language.code)
    assert letter(Purpose.CONFIRMATION, elsewhere).count(PHONE) == 3, "that is whom to ask for it"


@each_language
def test_somebody_who_was_there_after_all_reads_whom_to_call(language: Language) -> None:
    fact = missed(booked(language=language.code))
    assert letter(Purpose.MISSED, fact).count(PHONE) == 3
    assert letter(Purpose.MISSED, fact, "html").count('href="tel:+4920394000"') == 2


@pytest.mark.parametrize(
    ("purpose", "language"),
    list(product(Purpose, MESSAGE_LANGUAGES)),
    ids=lambda value: getattr(value, "code", value),
)
def test_a_mail_says_at_its_end_whose_it_is_and_where_lost_links_come_from(
    purpose: Purpose, language: Language
) -> None:
    mail = TEXTS.mail(purpose, fact_for(purpose, language.code), person())
    site = PAGES + page_language(language.code).prefix
    own = mail.plain.partition("-----")[0]
    end = own[own.rindex("Bürger-Service") :]
    for text in (end, mail.html):
        assert PHONE in text
        assert [page for page in (f"{site}/impressum", f"{site}/datenschutz") if page not in text] == []
    lost = purpose.startswith(("sub", "stop", "clos", "digest", "turn", "hall", "barrier", "links"))
    assert (f"{site}/appointments/links" in end) == (not lost)


@each_language
def test_the_next_in_line_do_not_wait_for_nobody(language: Language) -> None:
    fact = near(language=language.code).model_copy(update={"ahead": 0})
    sms = plain(TEXTS.sms(Purpose.TURN, fact, person()))
    assert sms != plain(TEXTS.sms(Purpose.TURN, near(language=language.code), person()))
    assert segments(sms) <= (3 if language.code == "ar" else 1)
    assert ": 0\n" not in TEXTS.mail(Purpose.TURN, fact, person()).plain
    assert " 0 " not in sms
