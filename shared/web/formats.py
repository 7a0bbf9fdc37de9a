"""Dates, times, money and phone numbers as people read them; the filters of templates.

Filters whose result keeps its order inside a right-to-left text return `<bdi class="nb-num">`.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import phonenumbers
import segno
from babel.dates import format_date, format_skeleton, get_day_names
from babel.numbers import format_currency, format_decimal
from markupsafe import Markup

from shared.clock import BERLIN
from shared.web.i18n import GERMAN, Language


def number(text: object) -> Markup:
    """A number, code or time that must not turn round in a right-to-left text."""
    return Markup('<bdi class="nb-num">{}</bdi>').format(text)


def own_name(language: Language) -> Markup:
    """The name of a language in its own spelling, marked as being in it."""
    return Markup('<bdi lang="{}" dir="{}">{}</bdi>').format(language.code, language.direction, language.name)


def hhmm(moment: datetime) -> str:
    """The time of day in Berlin, "09:20" in every language."""
    return moment.astimezone(BERLIN).strftime("%H:%M")


def phone_text(phone: str) -> str:
    """An E.164 number as it is dialled in Germany: "0203 94000"; foreign ones with their country code."""
    parsed = phonenumbers.parse(phone, "DE")
    national = parsed.country_code == 49
    style = phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def money_text(cents: int, language: Language) -> str:
    """Euros as a language writes them: "37,00 €"."""
    return format_currency(Decimal(cents) / 100, "EUR", locale=language.locale)


def qr_code(address: str) -> str:
    """An address as a QR code, black on white whatever the colours of the page, to be the source of a picture."""
    return segno.make(address, error="m").svg_data_uri(scale=4, border=2, dark="#000", light="#fff")


def filters(language: Language) -> dict[str, Callable[..., Any]]:
    """The filters of a language's templates.

    - `date`: "Dienstag, 24. November 2026"; `day`: "Di., 24. Nov." for lists and tables
    - `weekday`: "Dienstag" from 1
    - `time`: "09:20" isolated; `hhmm`: the same as plain text, for attributes and translated sentences
    - `later`: a moment some minutes later
    - `decimal`: "1,55" from a number; `money`: "12,50 €" from cents
    - `phone`: "0203 94000" isolated; `num`: any code, isolated
    - `german`: proper names and city data that exist in German only, marked as German
    """

    def long_date(day: date) -> str:
        return format_date(_in_berlin(day), "full", language.locale)

    def short_date(day: date) -> str:
        return format_skeleton("MMMEd", _at_midnight(day), locale=language.locale)

    def money(cents: int) -> Markup:
        return number(money_text(cents, language))

    def decimal(value: float) -> Markup:
        return number(format_decimal(value, "0.00", language.locale))

    def german(text: str) -> Markup | str:
        return text if language == GERMAN else Markup('<bdi lang="de">{}</bdi>').format(text)

    return {
        "date": long_date,
        "day": short_date,
        "weekday": get_day_names("wide", locale=language.locale).__getitem__,
        "time": lambda moment: number(hhmm(moment)),
        "hhmm": hhmm,
        "later": lambda moment, minutes: moment + timedelta(minutes=minutes),
        "decimal": decimal,
        "money": money,
        "phone": lambda phone: number(phone_text(phone)),
        "num": number,
        "german": german,
    }


def _in_berlin(day: date) -> date:
    return day.astimezone(BERLIN).date() if isinstance(day, datetime) else day


def _at_midnight(day: date) -> datetime:
    calendar_day = _in_berlin(day)
    return datetime(calendar_day.year, calendar_day.month, calendar_day.day, tzinfo=BERLIN)
