"""Logs without personal data, trace context, metrics, and the heartbeats behind the liveness check."""

import logging
import re
import secrets
import time
from collections.abc import MutableMapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.links import SHAPE

_traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\+\d[\d ()/-]{6,}\d")
_SECRET = re.compile(rf"(?<![\w-])(?=[\w-]*[A-Z])(?:(?<=/)[\w-]{{32,}}|{SHAPE})(?![\w-])", re.ASCII)
"""Tokens wherever they stand; in paths also those that were cut or lengthened, which no lower-case id looks like."""


def current_traceparent() -> str | None:
    """The W3C trace context of the request or record being handled."""
    return _traceparent.get()


def enter_trace(traceparent: str | None) -> str:
    """Continue a trace, or start one where the given context is missing or malformed (W3C Trace Context, 4.3)."""
    if not traceparent or not _TRACEPARENT.fullmatch(traceparent):
        traceparent = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    _traceparent.set(traceparent)
    return traceparent


def mask(value: str) -> str:
    """A text without mail addresses, phone numbers and the tokens of secret links."""
    return _SECRET.sub("***", _ADDRESS.sub("***", value))


def _without_personal_data(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if traceparent := _traceparent.get():
        event["trace_id"] = traceparent.split("-")[1]
    return {key: mask(value) if isinstance(value, str) else value for key, value in event.items()}


def configure_logging(level: str, file: Path | None = None) -> None:
    """Log JSON lines, masked; the standard library's records pass through the same mask.

    Args:
        file: where the lines are added; standard error without one.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_personal_data,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    handler = logging.FileHandler(file, delay=True) if file else logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in (
        "aiokafka",
        "faststream",
        "httpx",
        "httpcore",
        "mail.log",
        "uvicorn.access",
    ):
        logging.getLogger(noisy).setLevel(logging.ERROR)


class Heartbeat:
    """Beaten by a loop each time it goes round; the liveness check asks how long ago that was.

    Args:
        limit: seconds after which the loop counts as stuck.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._last = time.monotonic()

    def beat(self) -> None:
        self._last = time.monotonic()

    @property
    def alive(self) -> bool:
        return time.monotonic() - self._last < self.limit


class Metrics:
    """The Prometheus metrics of one service, in a registry of its own so that several run in one process."""

    def __init__(self, service: str) -> None:
        self.registry = registry = CollectorRegistry(auto_describe=True)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, namespace="nahbar", subsystem=service, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, labels, namespace="nahbar", subsystem=service, registry=registry)

        def histogram(name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
            return Histogram(
                name, text, labels, namespace="nahbar", subsystem=service, registry=registry, buckets=buckets
            )

        quick = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
        slow = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300)
        self.requests = histogram("http_request_seconds", "Time to answer", quick, "method", "route", "status")
        self.published = counter("outbox_published", "Facts Kafka has acknowledged")
        self.refused = counter("outbox_refused", "Outbox rows Kafka can never take")
        self.outbox_age = gauge("outbox_oldest_seconds", "Age of the oldest unpublished row")
        self.leading = gauge("relay_leading", "1 while this process is the active relay")
        self.handled = counter("facts_handled", "Facts applied", "type")
        self.duplicates = counter("facts_duplicate", "Facts that had been applied before")
        self.dead_letters = counter("dead_letters", "Records put aside", "reason")
        self.halted = gauge("consumer_halted", "1 while too many dead letters have stopped the consumer")
        self.stalled = gauge("consumer_stalled_seconds", "How long the consumer has not got on although there is more")
        self.fact_age = histogram("fact_age_seconds", "From publishing a fact until it was applied", slow)
        self.due_done = counter("due_work_done", "Due work finished", "kind")
        self.due_failed = counter("due_work_failed", "Tries of due work that failed", "kind")
        self.due_stuck = gauge("due_work_stuck", "Due work that gets no further, seen by every process", "kind")
