"""One line of text as people type it: a name, a reason. What comes out can be shown, mailed and read aloud."""

import unicodedata

_DROPPED = frozenset("\u00ad\u061c\u180e\u200b\u200e\u200f\u2060\ufeff")
"""Marks that come along when text is copied and change nothing: of direction, soft hyphens, blanks without width."""
_JOINERS = frozenset("\u200c\u200d")
"""Part of the spelling in Persian, Kurdish and the languages of India."""
_LOOK_EMPTY = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols without any ink."""


def one_line(typed: str) -> str:
    """The text with single blanks, without marks that say nothing."""
    return " ".join("".join(letter for letter in typed if letter not in _DROPPED).split())


def is_legible(line: str) -> bool:
    """Whether every character can be shown: no controls, nothing that turns the direction of what follows."""
    return all(letter.isprintable() or letter in _JOINERS for letter in line)


def says_something(line: str) -> bool:
    """Whether there is a letter or a digit that can be seen."""
    return any(unicodedata.category(letter)[0] in "LN" and letter not in _LOOK_EMPTY for letter in line)


def legible_line(typed: str) -> str:
    """One line that says something and can be shown; raises ValueError for any other text."""
    line = one_line(typed)
    if not is_legible(line) or not says_something(line):
        raise ValueError("Give a text of letters that can be shown, without control characters.")
    return line
