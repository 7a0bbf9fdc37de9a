"""Numbers of appointments, as people type them."""

import re


def number_of(typed: str) -> str | None:
    """An appointment's number as people type it, with or without its hyphen; None for anything else."""
    digits = re.sub(r"[\s-]", "", typed)
    return f"{digits[:4]}-{digits[4:]}" if re.fullmatch(r"[0-9]{8}", digits) else None
