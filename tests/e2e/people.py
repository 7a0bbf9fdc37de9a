"""People with a language and a way to reach them, and what they are told: nothing else, nobody else, each once."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from deploy.local.far_ends.records import Channel
from services.notifications.writing.templates import TRANSLATIONS
from shared.web.i18n import message_language, translations
from tests.e2e.kit import City
from tests.e2e.subscribers import subscribe, texts


@dataclass(frozen=True)
class Citizen:
    """Somebody who is told on one channel, in one language; a phone number of the simulator ends in 5x: all arrives."""

    channel: Channel
    address: str
    language: str

    @property
    def where(self) -> tuple[Channel, str]:
        """What messages to them are found by."""
        return self.channel, self.address

    @property
    def details(self) -> dict[str, Any]:
        """What they say of themselves when they book."""
        contact = "mail" if self.channel is Channel.MAIL else "phone"
        return {"name": "Kim Muster", contact: self.address, "channels": [self.channel], "language": self.language}

    async def subscribe(self, city: City, *districts: int, quarters: tuple[int, ...] = (), **wishes: Any) -> None:
        """Subscribe to news of the Bürgermobil in districts and quarters, and confirm it."""
        wanted: dict[str, Any] = {"topics": ["buergermobil"], "language": self.language, **wishes}
        await subscribe(city, self.where, districts=districts, quarters=quarters, **wanted)


def by_mail(name: str, language: str) -> Citizen:
    return Citizen(Channel.MAIL, f"delivered+{name}@simulator.stadt.example", language)


def by_sms(number: int, language: str) -> Citizen:
    return Citizen(Channel.SMS, f"+49176040690{number}", language)


@dataclass(frozen=True)
class Words:
    """Texts a message is known by, as they stand in its templates: one of a mail, one of an SMS."""

    mail: str
    sms: str


CONFIRMED = Words("Ihr Termin ist gebucht", "Termin %(number)s: %(day)s %(start)s, %(place)s %(url)s")
DELAYED = Words(
    "Das Bürgermobil kommt später",
    "Bürgermobil kommt später: %(number)s, %(day)s %(expected)s statt %(start)s %(url)s",
)
MOVED = Words("Ihr Termin ist verlegt", "Verlegt: %(number)s, %(day)s %(start)s, %(place)s %(url)s")
ASKED = Words(
    "Passt Ihnen diese Zeit stattdessen?",
    "Termin %(number)s fällt aus. Neu: %(day)s %(start)s, %(place)s? Antwort bis %(until_day)s %(until)s: %(url)s",
)
CANCELLED = Words("Ihr Termin ist abgesagt", "Abgesagt: %(number)s, %(day)s %(start)s, %(place)s %(url)s")
WAITS = Words(
    "Zurzeit ist kein anderer passender Termin frei. Sie stehen deshalb jetzt auf der Warteliste."
    " Wir schreiben Ihnen, sobald etwas frei wird.",
    "Abgesagt: %(number)s, %(day)s %(start)s. Sie stehen auf der Warteliste. %(url)s",
)
FREED = Words(
    "Ein Termin ist frei geworden",
    "Frei: %(day)s %(start)s, %(place)s. Antwort bis %(until_day)s %(until)s %(url)s",
)
NEWS = Words("Das Bürgermobil kommt zu Ihnen", "Bürgermobil: %(day)s, %(start)s bis %(end)s, %(place)s %(url)s")
CHANGED_NEWS = Words(
    "Das Bürgermobil kommt anders als geplant",
    "Bürgermobil geändert: %(day)s, %(start)s bis %(end)s, %(place)s %(url)s",
)
CANCELLED_NEWS = Words(
    "Das Bürgermobil kommt nicht", "Bürgermobil fällt aus: %(day)s, %(start)s bis %(end)s, %(place)s %(url)s"
)


class Told:
    """What everybody has been told so far, counted."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._expected: Counter[tuple[str, str]] = city.received()

    async def of(self, words: Words, *citizens: Citizen) -> None:
        """These people are told this, each once in their language, and nobody is told anything else."""
        await self.all_of({words: citizens})

    async def all_of(self, told: dict[Words, tuple[Citizen, ...]]) -> None:
        """The same of several things that happen at once."""
        self._expected.update(citizen.where for citizens in told.values() for citizen in citizens)
        await self._city.until_received(dict(self._expected))
        for words, citizens in told.items():
            for citizen in citizens:
                assert said_to(citizen, words) in newest(self._city, citizen)

    async def nothing_more(self) -> None:
        """Nobody is told anything."""
        await self.all_of({})


def newest(city: City, citizen: Citizen) -> str:
    """The newest message somebody got, in one line."""
    newest = [each for each in city.accepted() if (each.channel, each.recipient) == citizen.where][-1]
    return " ".join(texts(newest).split())


def said_to(citizen: Citizen, words: Words) -> str:
    """How a message says it in somebody's language: the longest part of its text without values."""
    german = words.mail if citizen.channel is Channel.MAIL else words.sms
    said = translations(message_language(citizen.language), [TRANSLATIONS]).gettext(german)
    return " ".join(max(re.split(r"%\(\w+\)s", said), key=len).split())
