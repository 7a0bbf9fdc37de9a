"""The search in the list of services: the words people use, typed in a hurry, in any of the languages.

A word finds a service by its name, by other words for it, by its life situation, or by what one brings to it; in this
order hits are shown. A word that is a name or another word for a service as it stands means that, not longer words it
begins ("Perso" is no "Personen"); otherwise those it begins count too. Typing errors are counted as optimal string
alignment: a letter too much, too few or wrong is one, and so are two letters that are swapped.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import chain
from typing import Final

from rapidfuzz.distance import OSA

from services.appointments.offer.domain import Service

_WORD: Final = re.compile(r"\w+")
_SMALL: Final = frozenset(
    {
        "a",
        "an",
        "and",
        "das",
        "dem",
        "den",
        "der",
        "die",
        "ein",
        "eine",
        "einen",
        "einer",
        "for",
        "fur",
        "ich",
        "im",
        "in",
        "meine",
        "meinen",
        "mein",
        "mit",
        "mochte",
        "muss",
        "my",
        "of",
        "oder",
        "or",
        "the",
        "to",
        "und",
        "von",
        "will",
        "zu",
        "zum",
        "zur",
    }
)
"""Words that say nothing of a service, folded."""
_ENDING: Final = 3
"""How many letters more than a known word one may have and still be it: heiraten, Kinder."""
_PART: Final = 4
"""The fewest letters of a known word that counts at the beginning or the end of a longer one: Umzugsmeldung."""


class Source(IntEnum):
    """Where a service has a word; what is first counts most."""

    NAME = 0
    OTHER_WORD = 1
    SITUATION = 2
    DOCUMENT = 3


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the city says of its services besides what the offer has.

    Args:
        words: other words for a service, by its key and by language.
        situations: the names of life situations, by key and language.
    """

    words: Mapping[str, Mapping[str, Sequence[str]]]
    situations: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, each service once.

    `hits` have all its words; `documents` too, but some only among what to bring. `near` stand in where nothing does.
    """

    hits: list[Service]
    documents: list[Service]
    near: list[Service]

    @property
    def services(self) -> list[Service]:
        """All of them."""
        return [*self.hits, *self.documents, *self.near]


def search(services: Iterable[Service], vocabulary: Vocabulary, wanted: str) -> Found:
    """The services a search finds, the best first and the more asked for among equals.

    Where nothing has all words, near services have words that are spelled much like the wanted ones, or stand at their
    beginning or end; if none has all words so, those with any of them.
    """
    typed = [each for each in _folded(wanted) if each not in _SMALL]
    if not typed:
        return Found([], [], [])
    known = [(each, _words_of(each, vocabulary)) for each in services]
    wanted_as_they_stand = {word for word in typed if any(_is_called(word, words) for _, words in known)}
    exact = [(each, sources) for each, words in known if (sources := _sources(typed, wanted_as_they_stand, words))]
    exact.sort(key=lambda found: sorted(found[1], reverse=True))
    return Found(
        hits=[each for each, sources in exact if Source.DOCUMENT not in sources],
        documents=[each for each, sources in exact if Source.DOCUMENT in sources],
        near=[] if exact else _near(typed, known),
    )


def fold(text: str) -> str:
    """Letters as they are typed in a hurry: small, without marks, an umlaut with or without its "e", ss for ß."""
    letters = unicodedata.normalize("NFKD", text.casefold().replace("ı", "i"))
    plain = "".join(each for each in letters if not unicodedata.combining(each))
    return plain.replace("ae", "a").replace("oe", "o").replace("ue", "u")


_Words = Mapping[Source, frozenset[str]]
"""The folded words of a service, by where it has them."""


def _words_of(service: Service, vocabulary: Vocabulary) -> _Words:
    texts: Mapping[Source, Iterable[str]] = {
        Source.NAME: service.names.values(),
        Source.OTHER_WORD: chain.from_iterable(vocabulary.words.get(service.key, {}).values()),
        Source.SITUATION: vocabulary.situations.get(service.situation, {}).values(),
        Source.DOCUMENT: chain.from_iterable(service.bring.values()),
    }
    return {source: frozenset(chain.from_iterable(map(_folded, said))) - _SMALL for source, said in texts.items()}


@lru_cache(maxsize=8192)
def _folded(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(fold(text)))


def _sources(typed: Sequence[str], as_they_stand: Set[str], words: _Words) -> list[Source]:
    """Where a service has each of some words; nothing where it lacks one."""
    found = []
    for word in typed:
        matches = _is if word in as_they_stand else _begins
        found.append(next((source for source in Source if any(matches(word, each) for each in words[source])), None))
    return [each for each in found if each is not None] if None not in found else []


def _is_called(typed: str, words: _Words) -> bool:
    """Whether a service has a word in its name, or as another word for it."""
    return typed in words[Source.NAME] or typed in words[Source.OTHER_WORD]


def _near(typed: Sequence[str], known: Iterable[tuple[Service, _Words]]) -> list[Service]:
    """The services with words like some others: those with most of their letters first."""
    alike = [(each, [_likeness(word, words) for word in typed]) for each, words in known]
    found = [pair for pair in alike if all(pair[1])] or [pair for pair in alike if any(pair[1])]
    found.sort(key=lambda pair: -sum(pair[1]))
    return [each for each, _ in found]


def _likeness(typed: str, words: _Words) -> float:
    """How many letters a service has in common with a typed word, a little less where it counts less; 0 for none."""
    found = [
        min(len(typed), len(each)) - source / 10
        for source in Source
        for each in words[source]
        if _is_like(typed, each, parts=source is not Source.DOCUMENT)
    ]
    return max(found, default=0)


def _is(typed: str, known: str) -> bool:
    """Whether a word is a known one, or the same with an ending."""
    ending = len(typed) - len(known)
    return typed == known or (len(known) >= _PART and typed.startswith(known) and 0 < ending <= _ENDING)


def _begins(typed: str, known: str) -> bool:
    """Whether a word is a known one, or its beginning."""
    return _is(typed, known) or (len(typed) > 2 and known.startswith(typed))


def _is_like(typed: str, known: str, parts: bool) -> bool:
    """Whether a word is spelled much like a known one, or, if `parts` count, begins or ends with it."""
    if _begins(typed, known) or (parts and len(known) >= _PART and (typed.startswith(known) or typed.endswith(known))):
        return True
    errors = min(len(typed) // 4, 2)
    return bool(errors) and OSA.distance(typed, known, score_cutoff=errors) <= errors
