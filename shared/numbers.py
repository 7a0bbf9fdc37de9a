"""Numbers people call matters by."""

import re
import unicodedata
from uuid import UUID

_MORE_DASHES = frozenset("\u02d7\u2043\u2212\u2796\u30fc\uff70")
"""What looks like a dash, and is none to Unicode: minus signs, a bullet, the long vowel of Japanese."""


def number_of(typed: str) -> str | None:
    """An appointment's number as people type or paste it, with or without its hyphen; None for anything else."""
    digits = re.sub("[ -]", "", plain_digits(typed))
    return f"{digits[:4]}-{digits[4:]}" if re.fullmatch(r"[0-9]{8}", digits) else None


def plain_digits(typed: str) -> str:
    """A number as typed in any script, in plain characters: digits 0 to 9, "-" for each dash, single blanks.

    What only steers how text is shown is dropped, such as the marks of direction around numbers in Arabic texts.
    """
    return " ".join("".join(map(_plain, typed)).split())


def _plain(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind == "Nd":
        return str(unicodedata.decimal(letter))
    if kind == "Pd" or letter in _MORE_DASHES:
        return "-"
    if kind == "Cf":
        return ""
    return unicodedata.normalize("NFKC", letter) if kind[0] in "PSZ" else letter


def is_id(text: str) -> bool:
    """Whether a text is an id in its usual form; the key a stop of the Bürgermobil has as a station is one."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def id_number_of(typed: str) -> str | None:
    """A number such as N-3F2A-91BC as people type or paste it; None for anything else."""
    signs = re.sub("[ -]", "", plain_digits(unicodedata.normalize("NFKC", typed))).upper()
    return f"{signs[0]}-{signs[1:5]}-{signs[5:]}" if re.fullmatch("[A-Z][0-9A-F]{8}", signs) else None


def number_from(letter: str, id: UUID) -> str:
    """What a matter is called by, such as N-3F2A-91BC: a letter for its kind, and the first digits of its id."""
    digits = id.hex[:8].upper()
    return f"{letter}-{digits[:4]}-{digits[4:]}"
