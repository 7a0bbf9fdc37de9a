"""Numbers of appointments: all different, and none tells another."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter, ValidationError

from services.appointments.booking.numbering import NUMBERS, AppointmentNumber, Numbering
from shared.settings import development_secret

NUMBERING = Numbering(SecretStr(development_secret("one")))
OTHER = Numbering(SecretStr(development_secret("other")))
counts = st.integers(0, NUMBERS - 1)


@given(counts)
def test_every_number_is_reached_and_leads_back_to_its_count(count: int) -> None:
    number = NUMBERING.number(count)
    assert len(number) == 9
    assert number[4] == "-"
    assert NUMBERING.count(number) == count
    digits = f"{count:08d}"
    written = f"{digits[:4]}-{digits[4:]}"
    assert NUMBERING.number(NUMBERING.count(written)) == written


def test_a_number_tells_neither_the_next_one_nor_the_one_before() -> None:
    numbers = [int(NUMBERING.number(count).replace("-", "")) for count in range(2000)]
    assert len(set(numbers)) == 2000
    steps = {(later - earlier) % NUMBERS for earlier, later in pairwise(numbers)}
    assert len(steps) > 1950, "the way from one to the next is no rule"
    assert sum(number < NUMBERS // 2 for number in numbers) in range(850, 1150)


def test_another_secret_makes_other_numbers() -> None:
    assert sum(NUMBERING.number(count) == OTHER.number(count) for count in range(1000)) < 3


@pytest.mark.parametrize(
    "typed", ["4711-0815", "47110815", "\u20684711\u20130815\u2069", "\u0664\u0667\u0661\u0661 0815"]
)
def test_paths_take_a_number_however_it_was_typed(typed: str) -> None:
    assert TypeAdapter(AppointmentNumber).validate_python(typed) == "4711-0815"


@pytest.mark.parametrize("typed", ["", "4711", "4711-08155", "N-3F2A-91BC", "4711-081x", "\x004711-0815"])
def test_paths_take_nothing_else(typed: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(AppointmentNumber).validate_python(typed)
