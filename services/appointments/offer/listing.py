"""The list of services as people look for it: by life situation, from A to Z, or by a word."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from services.appointments.offer.domain import Service

MOST_ASKED = 6
"""How many of the services stand first; the city's data begin with those that are asked for most."""
_WORD = re.compile(r"\w{3,}")


@dataclass(frozen=True, slots=True)
class Section:
    """Services under a heading: the key of a life situation, or None where they need none."""

    situation: str | None
    services: Sequence[Service]


def by_situation(services: Sequence[Service], situations: Iterable[str]) -> list[Section]:
    """The services asked for most, then the others by life situation, in the order of the situations."""
    others = services[MOST_ASKED:]
    sections = [Section(key, [each for each in others if each.situation == key]) for key in situations]
    return [Section(None, services[:MOST_ASKED]), *(each for each in sections if each.services)]


def a_to_z(services: Iterable[Service], language: str) -> list[Service]:
    """The services by their names in a language; umlauts stand with their vowels."""
    return sorted(services, key=lambda each: _plain(_name(each, language)))


def search(services: Iterable[Service], wanted: str) -> list[Service]:
    """The services with all words of a search in their names, whatever the language."""
    words = _plain(wanted).split()
    return [each for each in services if all(word in _plain(" ".join(each.names.values())) for word in words)]


def nearest_words(services: Iterable[Service], wanted: str, language: str) -> list[str]:
    """Words of the names in a language that are spelled most like a search without a hit."""
    known = {_plain(word): word for each in services for word in _WORD.findall(_name(each, language))}
    found = [near for word in _plain(wanted).split() for near in get_close_matches(word, known, n=3, cutoff=0.6)]
    return [known[each] for each in dict.fromkeys(found)]


def _name(service: Service, language: str) -> str:
    return service.names.get(language, service.names["de"])


def _plain(text: str) -> str:
    """Letters as they are typed in a hurry: small, without dots on vowels."""
    return text.casefold().translate(str.maketrans("äöü", "aou"))
