"""What a form needs besides its fields: errors that say what to do, and a key against sending twice."""

import secrets
from collections.abc import Iterable

from shared.problems import FieldError


class FormErrors(dict[str, str]):
    """What is wrong, by the name of the field, in the order of the page; empty means nothing is.

    A message says what to do ("Geben Sie Ihren Namen ein."), in the language of the page.
    """

    @classmethod
    def of(cls, errors: Iterable[FieldError]) -> "FormErrors":
        """From the errors of a problem; the first message of a field counts."""
        collected = cls()
        for error in errors:
            collected.setdefault(error.field, error.message)
        return collected


def one_time_key() -> str:
    """A new value for the hidden field `einmal`.

    Two posts with the same key are one wish: the second is answered with the result of the first.
    """
    return secrets.token_urlsafe(18)
