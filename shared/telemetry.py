"""Logs without personal data, trace context, metrics, and the heartbeats behind the liveness check."""

import logging
import re
import secrets
import time
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\+\d[\d ()/-]{6,}\d")
_SECRET_PATH = re.compile(r"/(m|book|offer|confirm|appointments|holds)/[A-Za-z0-9_-]{32,}")


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
    return _SECRET_PATH.sub(r"/\1/***", _ADDRESS.sub("***", value))


def _without_personal_data(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if traceparent := _traceparent.get():
        event["trace_id"] = traceparent.split("-")[1]
    return {key: mask(value) if isinstance(value, str) else value for key, value in event.items()}


def configure_logging(level: str) -> None:
    """Log JSON lines to standard error, masked; the standard library's records pass through the same mask."""
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
    handler = logging.StreamHandler()
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
    for noisy in ("aiokafka", "faststream", "httpx", "httpcore", "mail.log", "uvicorn.access"):
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
        self.registry = CollectorRegistry(auto_describe=True)
        prefix = {"namespace": "nahbar", "subsystem": service, "registry": self.registry}
        self.requests = Histogram(
            "http_request_seconds",
            "Time to answer a request",
            ["method", "route", "status"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
            **prefix,  # type: ignore[arg-type]
        )
        self.published = Counter("outbox_published_total", "Facts Kafka has acknowledged", **prefix)  # type: ignore[arg-type]
        self.refused = Counter("outbox_refused_total", "Outbox rows Kafka can never take", **prefix)  # type: ignore[arg-type]
        self.outbox_age = Gauge("outbox_oldest_seconds", "Age of the oldest unpublished row", **prefix)  # type: ignore[arg-type]
        self.leading = Gauge("relay_leading", "1 while this process is the active relay", **prefix)  # type: ignore[arg-type]
        self.handled = Counter("facts_handled_total", "Facts applied", ["type"], **prefix)  # type: ignore[arg-type]
        self.duplicates = Counter("facts_duplicate_total", "Facts that had been applied before", **prefix)  # type: ignore[arg-type]
        self.dead_letters = Counter("dead_letters_total", "Records put aside", ["reason"], **prefix)  # type: ignore[arg-type]
        self.halted = Gauge("consumer_halted", "1 while too many dead letters stopped the consumer", **prefix)  # type: ignore[arg-type]
        self.fact_age = Histogram(
            "fact_age_seconds",
            "From the moment a fact was recorded until it was applied",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300),
            **prefix,  # type: ignore[arg-type]
        )
        self.due_done = Counter("due_work_done_total", "Due work finished", ["kind"], **prefix)  # type: ignore[arg-type]
        self.due_failed = Counter("due_work_failed_total", "Tries of due work that failed", ["kind"], **prefix)  # type: ignore[arg-type]
