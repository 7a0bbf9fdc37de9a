"""Texts of pages that stand in modules."""


def N_(text: str) -> str:  # noqa: N802
    """Mark a text for extraction where it is written; the template translates it."""
    return text
