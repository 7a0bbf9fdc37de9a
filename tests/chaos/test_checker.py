"""The checker on histories made by hand: a good one passes, and each way to break a rule is found."""

from dataclasses import replace

import pytest

from tests.chaos.checker import check
from tests.chaos.history import (
    Attempt,
    Ended,
    Fault,
)
from tests.chaos.stories import BROKEN, Change, changed, good, logged

PREFIX = "de.nahbar.appointments."


def test_a_good_history_breaks_nothing() -> None:
    assert check(good()) == {}


def test_a_hold_need_not_outlast_a_move_of_the_clock() -> None:
    history = good()
    refused = changed(history.operations, 3, ended=Ended.REFUSED)
    found = check(replace(history, operations=refused, clock_moves=[0.5]))
    assert "I1" not in found


def test_what_was_read_again_and_published_again_breaks_nothing() -> None:
    history = good()
    again = [logged(row, 100 + offset) for offset, row in enumerate(history.committed)]
    assert check(replace(history, log=[*history.log, *again])) == {}


@pytest.mark.parametrize(("rule", "words", "change"), BROKEN, ids=[f"{rule} {words}" for rule, words, _ in BROKEN])
def test_a_broken_rule_is_found(rule: str, words: str, change: Change) -> None:
    found = check(change(good()))
    assert any(words in violation for violation in found.get(rule, [])), found


@pytest.mark.parametrize(
    ("channel", "conduct", "victim", "began", "excused"),
    [
        ("mail", "drop", "kafka", 100, True),
        ("mail", "delivered", "mail", 101, True),
        ("mail", "delivered", "notifications-2", 101, True),
        ("mail", "delivered", "postgres", 95, True),
        ("mail", "delivered", "web", 101, False),
        ("mail", "delivered", "kafka", 101, False),
        ("mail", "delivered", "mail", 103, False),
        ("mail", "delivered", "mail", 90, False),
        ("mail", "no-receipt", "kafka", 101, False),
        ("sms", "no-receipt", "kafka", 101, True),
        ("sms", "delivered", "web", 101, True),
    ],
)
def test_doubt_needs_a_fault_or_a_far_end_that_never_answers(
    channel: str, conduct: str, victim: str, began: float, excused: bool
) -> None:
    history = good()
    doubtful = changed(history.messages, 0, state="unknown", channel=channel, conduct=conduct)
    fault = Fault("kill -9", victim, began, began + 6)
    found = check(replace(history, messages=doubtful, faults=[fault])).get("I10", [])
    assert any("no fault cut it off" in each for each in found) != excused


@pytest.mark.parametrize(("began", "excused"), [(104, True), (110, False)])
def test_who_was_cut_off_may_have_been_so_until_the_latest_answer(began: float, excused: bool) -> None:
    history = good()
    doubtful = changed(history.messages, 0, state="unknown", attempts=(Attempt(100, None),))
    fault = Fault("kill -9", "notifications-1", began, began + 6)
    found = check(replace(history, messages=doubtful, faults=[fault])).get("I10", [])
    assert any("no fault cut it off" in each for each in found) != excused


def test_a_failure_the_far_end_reported_is_no_lie() -> None:
    history = good()
    failed = changed(history.messages, 0, state="failed")
    bounced = changed(history.arrived, 0, bad_news=True)
    assert "I10" not in check(replace(history, messages=failed, arrived=bounced))
