"""Logs and traces: nothing of a person in a log line, malformed trace context replaced."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared import telemetry
from shared.telemetry import configure_logging, current_traceparent, enter_trace, mask

TOKEN = "AZnwoAAAcACAAAAAAAAAAQABq83vEjRWeJq83vEjRWeJqA"


@pytest.fixture(autouse=True)
def own_trace() -> Iterator[None]:
    """A trace that ends with the test."""
    before = telemetry._traceparent.set(None)
    yield
    telemetry._traceparent.reset(before)


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("sent to anna.muster+x@mail.example.org today", "sent to *** today"),
        ("dial +49 152 28817386 now", "dial *** now"),
        (f"GET /appointments/m/{TOKEN}/cancel 200", "GET /appointments/m/***/cancel 200"),
        (f"GET /appointments/api/v1/appointments/{TOKEN} 200", "GET /appointments/api/v1/appointments/*** 200"),
        (f"POST /en/notifications/unsubscribe/{TOKEN} 200", "POST /en/notifications/unsubscribe/*** 200"),
        (f"PUT /notifications/api/v1/subscriptions/{TOKEN}", "PUT /notifications/api/v1/subscriptions/***"),
        (f"/subscription-requests/{TOKEN}/confirmation", "/subscription-requests/***/confirmation"),
        (f"GET /appointments/waiting/{TOKEN}/leave 200", "GET /appointments/waiting/***/leave 200"),
        (
            f"see https://duisburg.example/en/appointments/ticket/{TOKEN}.",
            "see https://duisburg.example/en/appointments/ticket/***.",
        ),
        (f"token={TOKEN}", "token=***"),
        (f"/m/{TOKEN[:40]} /m/{TOKEN}x", "/m/*** /m/***"),
    ],
)
def test_addresses_numbers_and_tokens_are_masked(line: str, masked: str) -> None:
    assert mask(line) == masked


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-23T08:00:00Z 127.0.0.1 200",
        f"matter 0198f3c2-1111-7000-8000-00000000000a by {64 * 'a'}",
        "/matters/0198f3c2-1111-7000-8000-00000000000a/messages",
        "asyncpg.exceptions.IdleInTransactionSessionTimeoutError",
        "/tests/test_a_module_whose_name_is_longer_than_a_token_is.py",
    ],
)
def test_what_is_no_secret_can_be_read(line: str) -> None:
    assert mask(line) == line


def test_every_log_line_is_masked_json(capsys: pytest.CaptureFixture[str], own_logging: None) -> None:
    configure_logging("info")
    enter_trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    structlog.get_logger().warning("refused", detail="anna@example.org")
    logging.getLogger("library").warning("refused %s", "anna@example.org")
    try:
        raise ValueError("anna@example.org")
    except ValueError:
        structlog.get_logger().error("failed", exc_info=True)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert len(lines) == 3
    assert "anna" not in json.dumps(lines)
    assert lines[0]["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


@given(st.text(max_size=60))
def test_a_malformed_trace_context_starts_a_new_trace(text: str) -> None:
    assert enter_trace(text) == current_traceparent() != text


def test_a_trace_is_continued() -> None:
    given_trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
    assert enter_trace(given_trace) == given_trace
