"""Texts that stand in modules, and who has read those that were translated."""

from datetime import date

from pydantic import BaseModel, ConfigDict


def N_(text: str) -> str:  # noqa: N802
    """Mark a text for extraction where it is written; the template translates it."""
    return text


class Review(BaseModel):
    """Somebody has checked translated texts: their name, and the day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str
    on: date
