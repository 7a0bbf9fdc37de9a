"""Reading records: whatever bytes one holds, it concerns itself alone."""

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.records import MOST_HEADERS, digest_of, headers_as_text, parse
from tests.shared.records import BODY, FACT, FACTS, GOOD, record


def without(name: str) -> Any:
    return [each for each in GOOD if each[0] != name]


@pytest.mark.parametrize(
    "odd",
    [[("n", None)], [("n\x00", b"\x00\xff")], [("n\\xff", b"")], [("", b"")], [("n", b"1"), ("n", b"2"), ("n", None)]],
)
def test_headers_that_mean_nothing_to_us_do_not_spoil_a_fact(odd: Any) -> None:
    for headers in (odd + GOOD, GOOD + odd):
        parsed = parse(record(headers), FACTS)
        assert parsed.received
        assert parsed.received.fact == FACT


@pytest.mark.parametrize("headers", [[], [("ce_type", None)], [("ce_type", b"de.nahbar.X"), ("n", None)]])
def test_other_types_are_passed_by_whatever_else_they_hold(headers: Any) -> None:
    parsed = parse(record(headers, b"\x00"), FACTS)
    assert (parsed.received, parsed.malformed) == (None, None)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([*without("ce_id"), ("ce_id", None)], "header 'ce_id' is missing"),
        ([*GOOD, ("ce_id", str(uuid4()).encode())], "header 'ce_id' stands more than once"),
        ([*GOOD, ("ce_time", None)], "header 'ce_time' stands more than once"),
        ([*GOOD, ("ce_cause", b"\x00")], "header 'ce_cause' stands more than once"),
        ([*GOOD, ("ce_type", b"de.nahbar.X")], "header 'ce_type' stands more than once"),
        ([*without("ce_cause"), ("ce_cause", b"\xff")], "ValueError"),
        ([*without("ce_time"), ("ce_time", b"1" * 400)], "ValidationError"),
    ],
)
def test_what_a_fact_needs_must_stand_there_once(headers: Any, reason: str) -> None:
    malformed = parse(record(headers), FACTS).malformed
    assert malformed
    assert malformed.startswith(reason)


def test_a_header_that_stands_twice_with_one_value_is_no_contradiction() -> None:
    assert parse(record(GOOD + GOOD), FACTS).received


def test_of_a_great_many_headers_those_of_cloudevents_are_found() -> None:
    many = [(f"n{number}", None) for number in range(1_000)]
    assert parse(record([*many, *GOOD]), FACTS).received
    assert len(headers_as_text([*many, *GOOD])) == MOST_HEADERS


def test_a_list_ends_to_be_read_at_its_first_wrong_value() -> None:
    body = BODY.replace(b'"tried":[]', b'"tried":[1,2,3]')
    assert parse(record(GOOD, body), FACTS).malformed == "ValidationError: notice.tried.0: model_type"


def test_a_tombstone_of_a_known_type_is_malformed() -> None:
    assert parse(record(GOOD, None), FACTS).malformed


@pytest.mark.parametrize("cause", [None, b""])
def test_a_fact_without_a_cause_is_its_own(cause: bytes | None) -> None:
    for headers in (without("ce_cause"), [*without("ce_cause"), ("ce_cause", cause)]):
        received = parse(record(headers), FACTS).received
        assert received
        assert received.cause == received.event_id


def test_a_defect_of_a_model_concerns_the_record_alone() -> None:
    class Defect:
        @staticmethod
        def model_validate_json(_: bytes) -> Any:
            raise RecursionError

    facts: Any = dict.fromkeys(FACTS, Defect)
    assert parse(record(GOOD), facts).malformed == "RecursionError"


_HEADERS = st.lists(
    st.tuples(st.sampled_from([name for name, _ in GOOD]) | st.text(), st.none() | st.binary(max_size=50)), max_size=8
)


@given(headers=_HEADERS, good=st.booleans(), value=st.none() | st.binary() | st.just(BODY))
def test_whatever_a_record_holds_it_can_be_read_and_kept(headers: Any, good: bool, value: bytes | None) -> None:
    odd = record([*GOOD, *headers] if good else headers, value)
    parse(odd, FACTS)
    assert "\\u0000" not in json.dumps(headers_as_text(odd.headers))
    assert len(digest_of(odd)) == 32


def test_records_that_share_a_place_are_told_apart_by_all_they_hold() -> None:
    others = [
        record(GOOD),
        record(GOOD, b"other"),
        record(GOOD, None),
        record(GOOD, timestamp=-1),
        record(GOOD, key=None),
        record([("n", None), *GOOD]),
        record([("n", b""), *GOOD]),
    ]
    assert len({digest_of(each) for each in others}) == len(others)
    assert digest_of(record(GOOD)) == digest_of(record(GOOD))
