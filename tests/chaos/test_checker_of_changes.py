"""The checker on a history of moves, waiting, numbers called and a closure; and each way to break a rule."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.checker import check
from tests.chaos.history import (
    Ended,
    History,
)
from tests.chaos.stories import DAYS_BEFORE, without
from tests.chaos.stories_of_changes import BROKEN, CLOSURE, asked, fact, good, saying, seat, state, without_notice


def test_a_good_history_breaks_nothing() -> None:
    assert check(good()) == {}


@pytest.mark.parametrize(("rule", "words", "change"), BROKEN, ids=[f"{rule} {words}" for rule, words, _ in BROKEN])
def test_a_broken_rule_is_found(rule: str, words: str, change: Callable[[History], History]) -> None:
    found = check(change(good()))
    assert any(words in violation for violation in found.get(rule, [])), found


def test_a_hold_that_was_changed_may_be_over_before_the_new_one_is() -> None:
    history = asked(good(), "confirm", ended=Ended.REFUSED)
    unclear = asked(history, "change", ended=Ended.UNKNOWN)
    assert "I1" not in check(unclear)


def test_the_same_time_offered_again_until_later_is_not_told_again() -> None:
    same = {"appointment": state("mitte", 0, "offered"), "about": {"id": str(CLOSURE)}}
    again = saying(good(), "AlternativeOffered", says=same)
    booked = saying(again, "AppointmentBooked", 2, says=same)
    assert "I9" not in check(without_notice(booked, "alternative"))
    assert "I9" in check(without_notice(again, "alternative"))


def test_what_was_only_offered_can_be_had_by_others_from_its_deadline_on() -> None:
    history = good()
    late = saying(history, "SeatOffered", until=DAYS_BEFORE, seats=seat("walsum-3", 1))
    assert "I3" not in check(replace(late, committed=without(late.committed, fact(late, "SeatOfferEnded"))))
