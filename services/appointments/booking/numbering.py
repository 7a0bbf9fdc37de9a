"""The numbers people call appointments by: all different, and none of them tells another."""

import hmac
from base64 import b64decode
from hashlib import blake2b, sha256
from typing import Annotated, Final

from fastapi import Path
from pydantic import AfterValidator, SecretStr

from shared.numbers import number_of
from shared.tools import Tools

NUMBERS: Final = 10**8
_HALF: Final = 10**4
_ROUNDS: Final = 10


class Numbering:
    """Spreads counts over all eight-digit numbers, one to one, in an order that only the secret tells.

    It is the Feistel network of FF1 (NIST SP 800-38G: two halves of four digits, ten rounds) with keyed BLAKE2b
    (RFC 7693) as the function of its rounds.

    Args:
        secret: base64, 32 bytes. With another one new numbers can meet old ones.
    """

    def __init__(self, secret: SecretStr) -> None:
        self._key = hmac.digest(b64decode(secret.get_secret_value()), b"appointment numbers", sha256)

    def number(self, count: int) -> str:
        """The number of a count, such as "4711-0815"; after 10^8 counts they come again."""
        first, second = divmod(count % NUMBERS, _HALF)
        for place in range(_ROUNDS):
            first, second = second, (first + self._mixed(place, second)) % _HALF
        return f"{first:04d}-{second:04d}"

    def count(self, number: str) -> int:
        """The count a number was made of: the opposite of `number`."""
        first, second = int(number[:4]), int(number[5:])
        for place in reversed(range(_ROUNDS)):
            first, second = (second - self._mixed(place, first)) % _HALF, first
        return first * _HALF + second

    def _mixed(self, place: int, half: int) -> int:
        mixed = blake2b(bytes([place, *half.to_bytes(2)]), key=self._key, digest_size=16)
        return int.from_bytes(mixed.digest()) % _HALF


def _number(typed: str) -> str:
    if (number := number_of(typed)) is None:
        raise ValueError("Give the number of an appointment, such as 4711-0815.")
    return number


AppointmentNumber = Annotated[str, Path(max_length=40), AfterValidator(_number)]
"""An appointment's number in a path, as it was typed."""


def numbering_of(tools: Tools) -> Numbering:
    """The numbering of a city: by the secret that is never changed."""
    return Numbering(tools.settings.platform.person_secret)
