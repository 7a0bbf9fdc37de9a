"""Rules of reports of barriers."""

from collections.abc import Mapping
from uuid import UUID

from shared import retention
from shared.events.barriers import HANDED_OVER_WITHIN
from shared.lines import says_something
from shared.numbers import number_from

LONGEST = 2000
KEPT = HANDED_OVER_WITHIN + max(retention.PERSON_AFTER_MATTER, retention.OUTBOX)
"""How long what somebody wrote is kept, sealed; the copy in the outbox stays longest."""


def barrier_number(id: UUID) -> str:
    """What a report is called by, such as B-3F2A-91BC."""
    return number_from("B", id)


def tidy(typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed, by field: no blanks around it, no fields that say nothing, no characters that cannot be shown."""
    shown = {
        field: "".join(each for each in text if each.isprintable() or each == "\n") for field, text in typed.items()
    }
    return {field: text.strip() for field, text in shown.items() if says_something(text)}


def wrong_fields(typed: Mapping[str, str]) -> list[str]:
    """The fields to correct: that without which nobody knows what to mend, and those that are too long."""
    missing = [] if "words" in tidy(typed) else ["words"]
    return missing + [field for field, text in typed.items() if len(text) > LONGEST]
