"""Rules of subscribing: what can be wished for, and when a confirmation is too late."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from shared.addresses import checked_mail, checked_phone
from shared.city import City
from shared.numbers import number_from
from shared.web.i18n import MESSAGE_LANGUAGES

CONFIRM_WITHIN = timedelta(hours=48)
LIMIT = 3
LIMIT_WINDOW = timedelta(hours=24)
"""At most three messages to confirm something, or with a new link, per address and day, whoever asks for them."""


class Topic(StrEnum):
    """What news can be about; each has a rule in `news/domain.py` that gives it something to say."""

    STATIONS = "stations"
    BUERGERMOBIL = "buergermobil"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody wants to hear: news of these topics in these districts and quarters, by number.

    A district named means all of it. A quarter named means what concerns the quarter, or its district
    as a whole, such as the station.
    """

    districts: tuple[int, ...]
    quarters: tuple[int, ...]
    topics: tuple[str, ...]
    language: str
    digest: bool


@dataclass(frozen=True, slots=True)
class Address:
    """Where to: a mail address, or a mobile number in E.164."""

    channel: str
    value: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a field: a code the pages and the API have words for."""

    field: str
    code: str


def check_wishes(wishes: Wishes, city: City) -> list[Wrong]:
    """What keeps wishes from being taken: unknown values, or nothing wished for."""
    districts = {district.number for district in city.districts}
    quarters = {quarter.number for district in city.districts for quarter in district.quarters}
    wrong: list[Wrong] = []
    if not wishes.districts and not wishes.quarters:
        wrong.append(Wrong("districts", "districts_missing"))
    elif not set(wishes.districts) <= districts or not set(wishes.quarters) <= quarters:
        wrong.append(Wrong("districts", "districts_unknown"))
    if not wishes.topics:
        wrong.append(Wrong("topics", "topics_missing"))
    elif not set(wishes.topics) <= set(Topic):
        wrong.append(Wrong("topics", "topics_unknown"))
    if wishes.language not in {language.code for language in MESSAGE_LANGUAGES}:
        wrong.append(Wrong("language", "language_unknown"))
    return wrong


def check_address(channel: str, mail: str, phone: str) -> Address | Wrong:
    """The address of the chosen channel, or what is wrong with it; what was typed for the other does not count."""
    if channel == "mail":
        address = checked_mail(mail)
        return Address("mail", address) if address else Wrong("mail", "mail_unusable")
    if channel == "sms":
        number, wrong = checked_phone(phone, for_sms=True)
        return Address("sms", number) if number else Wrong("phone", wrong or "phone_unusable")
    return Wrong("channel", "channel_missing")


def tidy(wishes: Wishes) -> Wishes:
    """The same wishes as they are kept: sorted, each once."""
    return replace(
        wishes,
        districts=tuple(sorted(set(wishes.districts))),
        quarters=tuple(sorted(set(wishes.quarters))),
        topics=tuple(sorted(set(wishes.topics))),
    )


class Places(Protocol):
    """Districts and quarters wished for, by number."""

    @property
    def districts(self) -> Sequence[int]: ...

    @property
    def quarters(self) -> Sequence[int]: ...


def place_names(city: City, places: Places) -> list[str]:
    """The names of the districts and quarters wished for."""
    named = [each.name for each in city.districts if each.number in places.districts]
    return named + [
        quarter.name for each in city.districts for quarter in each.quarters if quarter.number in places.quarters
    ]


def subscription_number(id: UUID) -> str:
    """What people call their subscription by, such as N-3F2A-91BC."""
    return number_from("N", id)


def can_be_confirmed(asked_at: datetime, now: datetime) -> bool:
    """Whether a request may still be confirmed, to the second."""
    return now < asked_at + CONFIRM_WITHIN
