"""Records as Kafka hands them over: whatever bytes one holds, reading it concerns it alone."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from aiokafka import ConsumerRecord
from pydantic import AwareDatetime, TypeAdapter

from shared.events.base import Fact, Received
from shared.failures import without_input

Record: TypeAlias = ConsumerRecord
Header: TypeAlias = str | list[str | None] | None
"""Text, or null, or several where a name stands more than once with different values."""

MOST_HEADERS = 200
"""As many headers of a record are looked at; those of CloudEvents come first."""

_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


class Malformed(ValueError):
    """A record that claims to be a known fact but cannot be read as one."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A record with the fact in it, or the reason why it cannot be read; neither where its type is of no concern."""

    record: Record
    received: Received[Fact] | None = None
    malformed: str | None = None


def parse(record: Record, facts: Mapping[str, type[Fact]]) -> Parsed:
    """Read a record; nothing in it makes this raise."""
    try:
        return Parsed(record, read_fact(headers_as_text(record.headers), record.value, facts))
    except Malformed as error:
        return Parsed(record, malformed=str(error))
    except Exception as error:
        return Parsed(record, malformed=without_input(error))


def as_text(value: bytes | str) -> str:
    """Text that any database takes, whatever it was."""
    value = value.decode(errors="replace") if isinstance(value, bytes) else value
    return value.replace("\x00", "\ufffd")


def headers_as_text(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, Header]:
    """Headers of a record as text that any database takes, whatever bytes they hold."""
    first = headers if len(headers) <= MOST_HEADERS else sorted(headers, key=_is_foreign)[:MOST_HEADERS]
    found: dict[str, list[str | None]] = {}
    for name, value in first:
        values = found.setdefault(as_text(name), [])
        text = None if value is None else as_text(value)
        if text not in values:
            values.append(text)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def _is_foreign(header: tuple[str, bytes | None]) -> bool:
    return not header[0].startswith("ce_")


def read_fact(
    headers: Mapping[str, Header], body: bytes | None, facts: Mapping[str, type[Fact]]
) -> Received[Fact] | None:
    """The fact in a record; None when its type is not among `facts`, which is decided before the body is looked at.

    Headers that CloudEvents does not define are passed by, whatever they hold.

    Raises:
        Malformed: headers or body are not what the type demands. The message holds no values.
    """
    claimed = headers.get("ce_type")
    if not any(each in facts for each in (claimed if isinstance(claimed, list) else [claimed])):
        return None
    try:
        event_id = UUID(_one(headers, "ce_id"))
        return Received(
            fact=facts[_one(headers, "ce_type")].model_validate_json(body or b""),
            event_id=event_id,
            cause=UUID(_one(headers, "ce_cause")) if headers.get("ce_cause") else event_id,
            occurred_at=_MOMENT.validate_python(_one(headers, "ce_time")),
        )
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(without_input(error)) from error


def _one(headers: Mapping[str, Header], name: str) -> str:
    """The one value of a header that must be there."""
    value = headers.get(name)
    if isinstance(value, list):
        raise Malformed(f"header {name!r} stands more than once")
    if value is None:
        raise Malformed(f"header {name!r} is missing")
    return value


def digest_of(record: Record) -> bytes:
    """What tells a record from another one that had its place before Kafka lost its data and counted anew."""
    whole = repr((record.timestamp, record.key, record.headers, record.value))
    return hashlib.sha256(whole.encode()).digest()
