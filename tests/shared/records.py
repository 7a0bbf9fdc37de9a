"""Records put into a topic by hand, as a broken or foreign publisher would."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer

from shared.kafka import fact_headers
from tests.shared.conftest import Bench

Headers = list[tuple[str, bytes]]


def as_headers(aggregate: UUID, **other: str) -> Headers:
    """The headers of a fact, some of them changed."""
    headers = dict(
        fact_headers(
            service="notifications",
            event_id=uuid4(),
            cause=None,
            type="de.nahbar.notifications.NotificationDelivered",
            schema_version=1,
            aggregate=aggregate,
            occurred_at=datetime.now(UTC),
            extra={},
        )
    )
    return list((headers | {name: value.encode() for name, value in other.items()}).items())


async def produce(bench: Bench, *records: tuple[bytes | None, Headers], key: bytes | None = None) -> None:
    """Put records into the bench's topic; with a `key` all into one partition."""
    producer = AIOKafkaProducer(bootstrap_servers=bench.platform.kafka)
    await producer.start()
    for value, headers in records:
        await producer.send_and_wait(bench.topic, value, key=key, headers=headers)
    await producer.stop()
