"""Numbers people call matters by."""

import re
from uuid import UUID


def number_of(typed: str) -> str | None:
    """An appointment's number as people type it, with or without its hyphen; None for anything else."""
    digits = re.sub(r"[\s-]", "", typed)
    return f"{digits[:4]}-{digits[4:]}" if re.fullmatch(r"[0-9]{8}", digits) else None


def is_id(text: str) -> bool:
    """Whether a text is an id in its usual form; the key a stop of the Bürgermobil has as a station is one."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def number_from(letter: str, id: UUID) -> str:
    """What a matter is called by, such as N-3F2A-91BC: a letter for its kind, and the first digits of its id."""
    digits = id.hex[:8].upper()
    return f"{letter}-{digits[:4]}-{digits[4:]}"
