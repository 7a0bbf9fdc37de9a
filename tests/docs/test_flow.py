"""`docs/flow.md` says what the code does."""

import re

from deploy.docs import rendered, who_is_told
from services.notifications.delivery.domain import FIRST_LOOK_UP, LOOK_UPS, RECEIPT_WAIT
from services.notifications.replies.usecases import ANSWER_USEFUL
from services.notifications.sending.domain import FIRST_SKIP, LONGEST_SKIP
from services.notifications.settings import Patience
from shared.events.registry import FACTS
from tests.docs.kit import ROOT

PAGE = (ROOT / "docs/flow.md").read_text()


def test_the_table_of_who_is_told_is_that_of_the_code() -> None:
    assert who_is_told() in PAGE
    assert rendered(PAGE.replace("| citizen |", "| nobody |")) == PAGE


def test_every_row_names_a_test_that_exists() -> None:
    named = re.findall(r"`(test_\w+)`", PAGE)
    rows = [line for line in PAGE.splitlines() if re.match(r"\|.*\|$", line) and "`test_" in line]
    written = "".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    missing = [name for name in named if f"def {name}(" not in written]
    assert missing == []
    assert len(rows) > 30


def test_every_table_of_arrivals_has_a_test_in_each_row() -> None:
    for table in re.findall(r"^\|[^\n]*\| Test \|\n\| --- .*?\n((?:\|.*\n)+)", PAGE, re.MULTILINE):
        for row in table.splitlines():
            assert re.search(r"\| `test_\w+` \|$", row), row


def test_every_fact_stands_in_the_flows() -> None:
    assert [fact.__name__ for fact in FACTS if fact.__name__ not in PAGE] == []


def test_the_deadlines_are_those_of_the_code() -> None:
    patience = Patience()
    seconds, minutes = int(patience.first.total_seconds()), int(patience.longest.total_seconds() / 60)
    assert f"retried after {seconds} s, doubling to {minutes} min, {patience.tries} times" in PAGE
    assert f"looked up {LOOK_UPS} times, from {int(FIRST_LOOK_UP.total_seconds())} s doubling" in PAGE
    skip, longest = int(FIRST_SKIP.total_seconds()), int(LONGEST_SKIP.total_seconds() / 60)
    assert f"skipped for {skip} s, doubling to {longest} min" in PAGE
    assert f'("still booked") | {int(ANSWER_USEFUL.total_seconds() / 3600)} hours |' in PAGE
    assert f"| {int(RECEIPT_WAIT.total_seconds() / 3600)} hours | `unknown` |" in PAGE
