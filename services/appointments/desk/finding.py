"""Rules of finding people by what they say of themselves: a number, a name, a phone number or a mail address."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Final, Generic, TypeVar

from shared.addresses import normal_address
from shared.numbers import number_of, plain_digits
from shared.people import Person

BACK: Final = timedelta(days=7)


AHEAD: Final = timedelta(days=28)
"""How far around today people are looked for: those who stand at a counter come soon, or were here lately."""


MOST_FOUND: Final = 50


MOST_SIGNS: Final = 120
"""How long a name can be (`booking.domain`), so what is looked for need not be longer."""


_FEWEST_DIGITS = 4


_ALIKE = 0.8


_PHONE = re.compile(r"\+?[0-9 ()/.-]+")


_LETTERS = str.maketrans({"ı": "i", "ø": "o", "ł": "l", "đ": "d", "æ": "a", "œ": "o"})


_TWO_FOR_ONE = (("ae", "a"), ("oe", "o"), ("ue", "u"))


_SOUNDS = (
    *(("sch", "s"), ("ph", "f"), ("th", "t"), ("dt", "t"), ("ck", "k"), ("tz", "z"), ("ch", "k")),
    *(("ai", "ei"), ("ay", "ei"), ("ey", "ei"), ("y", "i"), ("c", "k"), ("v", "f")),
)


Key = TypeVar("Key")


class By(StrEnum):
    """What somebody is looked for by; the audit log says this of a search, and no more."""

    NUMBER = "number"
    NAME = "name"
    PHONE = "phone"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed, in the form in which it is compared: a number, words, the last digits, an address."""

    by: By
    text: str


@dataclass(frozen=True, slots=True)
class Hits(Generic[Key]):
    """The people a search finds, and those that are only called alike."""

    exact: Sequence[Key]
    alike: Sequence[Key] = ()


def read_wanted(typed: str) -> Search | None:
    """What somebody looks for; None where it is too little to look for: two letters or four digits are the least."""
    if number := number_of(typed):
        return Search(By.NUMBER, number)
    if "@" in typed:
        return Search(By.MAIL, normal_address(typed.strip()))
    plain = plain_digits(typed)
    if _PHONE.fullmatch(plain):
        digits = last_digits(plain)
        return Search(By.PHONE, digits) if len(digits) >= _FEWEST_DIGITS else None
    words = words_of(typed)
    return Search(By.NAME, " ".join(words)) if max(map(len, words), default=0) > 1 else None


def last_digits(phone: str) -> str:
    """What all spellings of a phone number end with: its digits, without zeros in front."""
    return re.sub(r"\D", "", phone.replace("(0)", "")).lstrip("0")


def words_of(name: str) -> list[str]:
    """The words of a name as they are compared: small, without marks; "ü", "ue" and "u" are one."""
    marked = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    plain = "".join(sign for sign in marked if unicodedata.category(sign) not in ("Mn", "Me", "Cf"))
    return re.findall(r"\w+", _replaced(plain, _TWO_FOR_ONE))


def find_among(people: Mapping[Key, Person], wanted: Search) -> Hits[Key]:
    """The people a search finds among some, in their order; of names also those that sound or are spelt alike.

    A name is found by the beginnings of its words, in any order.
    """
    if wanted.by is By.MAIL:
        return Hits([key for key, each in people.items() if each.mail and normal_address(each.mail) == wanted.text])
    if wanted.by is not By.NAME:
        digits = last_digits(wanted.text)
        if len(digits) < _FEWEST_DIGITS:
            return Hits([])
        return Hits([key for key, each in people.items() if each.phone and each.phone.endswith(digits)])
    words = wanted.text.split()
    names = {key: words_of(each.name) for key, each in people.items()}
    exact = [key for key, name in names.items() if _all_begin(words, name)]
    sounds = {word: _sound(word) for name in names.values() for word in name}
    known = set(sounds.values())
    alike_words = [{_sound(word), *get_close_matches(_sound(word), known, n=10, cutoff=_ALIKE)} for word in words]
    found = set(exact)
    alike = [
        key
        for key, name in names.items()
        if key not in found
        and all(
            any(sounds[each] in near or each.startswith(word) for each in name)
            for word, near in zip(words, alike_words, strict=True)
        )
    ]
    return Hits(exact, alike)


def _all_begin(words: Sequence[str], name: Sequence[str]) -> bool:
    return all(any(each.startswith(word) for each in name) for word in words)


def _sound(word: str) -> str:
    """What a name sounds like to German ears: Meyer is Maier, and Schmidt is Schmitt."""
    return re.sub(r"(.)\1+", r"\1", _replaced(word, _SOUNDS))


def _replaced(text: str, pairs: Sequence[tuple[str, str]]) -> str:
    for old, new in pairs:
        text = text.replace(old, new)
    return text
