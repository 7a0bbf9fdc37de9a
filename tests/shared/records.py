"""Records put into a topic by hand, as a broken or foreign publisher would."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from shared.events.notifications import NotificationDelivered
from shared.events.registry import type_of
from shared.kafka import Envelope
from tests.shared.kit import Bench, notice

Headers = list[tuple[str, bytes]]


class AnyName(str):
    """A header's name that need not be UTF-8: `\\udcff` in it stands for the byte ff."""

    def encode(self, *_: Any) -> bytes:
        return super().encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Strange:
    """A record as Kafka takes it, whatever a client of ours would refuse to write."""

    value: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()
    key: bytes | None = None
    timestamp: int = -1

    def __repr__(self) -> str:
        return f"Strange({repr(self.value)[:200]}, {list(self.headers[:9])}, {self.key!r}, {self.timestamp})"


async def produce_strange(bench: Bench, *batches: Sequence[Strange], partition: int = 0) -> None:
    """Put batches of records into one partition."""
    producer = AIOKafkaProducer(bootstrap_servers=bench.platform.kafka)
    await producer.start()
    states = {"is_transactional": 0, "producer_id": -1, "producer_epoch": -1, "base_sequence": 0}
    for records in batches:
        batch = producer.create_batch()
        batch._builder = _DefaultRecordBatchBuilderPy(2, 0, batch_size=2**20, **states)
        for each in records:
            headers = [(AnyName(name), value) for name, value in each.headers]
            assert batch.append(timestamp=each.timestamp, key=each.key, value=each.value, headers=headers)
        await (await producer.send_batch(batch, bench.topic, partition=partition))
    await producer.stop()


def as_headers(aggregate: UUID, **other: str) -> Headers:
    """The headers of a fact, some of them changed."""
    headers = dict(
        Envelope(
            service="notifications",
            event_id=uuid4(),
            cause=None,
            type="de.nahbar.notifications.NotificationDelivered",
            schema_version=1,
            aggregate=aggregate,
            occurred_at=datetime.now(UTC),
        ).headers({})
    )
    return list((headers | {name: value.encode() for name, value in other.items()}).items())


async def produce(bench: Bench, *records: tuple[bytes | None, Headers], key: bytes | None = None) -> None:
    """Put records into the bench's topic; with a `key` all into one partition."""
    producer = AIOKafkaProducer(bootstrap_servers=bench.platform.kafka)
    await producer.start()
    for value, headers in records:
        await producer.send_and_wait(bench.topic, value, key=key, headers=headers)
    await producer.stop()


FACTS: Any = {type_of(NotificationDelivered): NotificationDelivered}


FACT = notice()


BODY = FACT.model_dump_json().encode()


GOOD = as_headers(FACT.id)


def record(headers: Any, value: bytes | None = BODY, **other: Any) -> Any:
    """A record as aiokafka hands it over."""
    where: dict[str, Any] = {
        "topic": "t",
        "partition": 0,
        "offset": 7,
        "timestamp": 5,
        "timestamp_type": 0,
        "key": b"k",
    }
    rest = {"checksum": None, "serialized_key_size": 1, "serialized_value_size": 1}
    return ConsumerRecord(**{**where, **rest, "value": value, "headers": tuple(headers), **other})
