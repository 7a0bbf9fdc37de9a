"""One line of text as people type it: a name, a reason. What comes out can be shown, mailed and read aloud."""

import re
import unicodedata

_DROPPED = frozenset("\u00ad\u061c\u180e\u200b\u200e\u200f\u2060\ufeff")
"""Marks that come along when text is copied and change nothing: of direction, soft hyphens, blanks without width."""
_JOINERS = frozenset("\u200c\u200d")
"""Part of the spelling in Persian, Kurdish and the languages of India."""
_LOOK_EMPTY = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols without any ink."""
_LOST = "\ufffd"
_LINK = re.compile(r"://|\bhttps?:|\bmailto:|\bwww\.|@|\d(?:[ ()/.-]*\d){5}|\d+(?:\.\d+){3}", re.IGNORECASE)
_DOMAIN = re.compile(r"[^\W_][\w-]+\.[^\W_][\w-]+")
_TITLES = re.compile(r"\b(?:dr|prof|dipl|ing|med|dent|vet|phil|rer|nat|jur|pol|oec|habil|mag|st)\.", re.IGNORECASE)


def without_marks(typed: str, joiners: bool = True) -> str:
    """The text without characters that only steer how text is shown; with the joiners of its spelling, or without."""
    return "".join(
        letter for letter in typed if unicodedata.category(letter) != "Cf" or (joiners and letter in _JOINERS)
    )


def one_line(typed: str) -> str:
    """The text with single blanks, without marks that say nothing."""
    return " ".join("".join(letter for letter in typed if letter not in _DROPPED).split())


def is_legible(line: str) -> bool:
    """Whether every character can be shown: no controls, nothing that turns the direction of what follows.

    Nor U+FFFD, which stands where a letter was lost on the way.
    """
    return all((letter.isprintable() and letter != _LOST) or letter in _JOINERS for letter in line)


def leads_elsewhere(name: str) -> bool:
    """Whether there is something in a name that programs make a link of, or that somebody could call.

    Web and mail addresses, and numbers of six digits or more. "Dr.med.Anna" is a name.
    """
    plain = unicodedata.normalize("NFKC", name).replace("\u3002", ".")
    return _LINK.search(plain) is not None or _DOMAIN.search(_TITLES.sub("", plain)) is not None


def greeted(name: str) -> str:
    """A name as mails greet it: in one line; nothing where it leads elsewhere, for the city passes no messages on."""
    return "" if leads_elsewhere(name) else " ".join(name.split())


def says_something(line: str) -> bool:
    """Whether there is a letter or a digit that can be seen."""
    return any(unicodedata.category(letter)[0] in "LN" and letter not in _LOOK_EMPTY for letter in line)


def legible_line(typed: str) -> str:
    """One line that says something and can be shown; raises ValueError for any other text."""
    line = one_line(typed)
    if not is_legible(line) or not says_something(line):
        raise ValueError("Give a text of letters that can be shown, without control characters.")
    return line
