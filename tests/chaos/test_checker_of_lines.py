"""The rule of the line on histories made by hand: people who need one seat or two, and some are passed over."""

from collections.abc import Sequence

import pytest

from tests.chaos.checker import breaks, cases
from tests.chaos.history import Committed
from tests.chaos.stories import committed
from tests.chaos.stories_of_lines import BROKEN, FAIR, UNFAIR, told


def left(name: str) -> Committed:
    return committed(0, name, "WaitingListLeft", 2, says={})


@pytest.mark.parametrize("rows", FAIR.values(), ids=FAIR)
def test_nobody_is_passed_over(rows: Sequence[Committed]) -> None:
    assert breaks(told(*rows), "I19") == []


def test_who_is_passed_over_is_a_case_and_who_waits_for_something_else_is_none() -> None:
    assert cases(told(*FAIR["one seat is too few for two"]))["I19"] == 1
    assert cases(told(*FAIR["another day"]))["I19"] == 0


@pytest.mark.parametrize(("rule", "words", "rows"), BROKEN, ids=UNFAIR)
def test_a_broken_rule_is_found(rule: str, words: str, rows: Sequence[Committed]) -> None:
    [violation] = breaks(told(*rows), rule)
    assert words in violation
