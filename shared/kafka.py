"""Kafka: the clients' settings in one place, topics, and the form of a fact on the wire (CloudEvents, binary mode)."""

import ssl
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code
from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLScram512
from pydantic import AwareDatetime, TypeAdapter

from shared import retention
from shared.events.base import Fact, Received
from shared.failures import without_input
from shared.settings import Platform

MAX_POLL_INTERVAL = 60.0
"""Seconds a consumer may spend on one batch before the group gives its partitions away."""

Headers = list[tuple[str, bytes]]


def security_of(platform: Platform) -> BaseSecurity:
    """How Kafka's clients prove who they are, and whether what they say is encrypted."""
    tls = ssl.create_default_context(cafile=platform.kafka_ca) if platform.kafka_tls else None
    if not platform.kafka_user:
        return BaseSecurity(ssl_context=tls, use_ssl=platform.kafka_tls)
    password = platform.kafka_password.get_secret_value()
    return SASLScram512(platform.kafka_user, password, ssl_context=tls, use_ssl=platform.kafka_tls)


def new_producer(bootstrap: str, security: BaseSecurity | None = None) -> AIOKafkaProducer:
    """A producer whose acknowledgement means stored on all replicas, in order, once per send."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        acks="all",
        max_batch_size=512 * 1024,
        request_timeout_ms=10_000,
        **parse_security(security),
    )


def consumer_settings() -> dict[str, Any]:
    """Settings of every consumer: commits by hand, from the earliest record, no topics made by accident."""
    return {
        "auto_offset_reset": "earliest",
        "max_poll_interval_ms": int(MAX_POLL_INTERVAL * 1000),
        "session_timeout_ms": 10_000,
        "heartbeat_interval_ms": 3_000,
        "fetch_max_wait_ms": 500,
        "max_partition_fetch_bytes": 4 * 1024 * 1024,
    }


async def create_topics(
    bootstrap: str,
    names: Iterable[str],
    partitions: int,
    replication: int = 1,
    security: BaseSecurity | None = None,
) -> list[str]:
    """Create the topics that do not exist yet.

    Returns:
        The names created now.

    Raises:
        aiokafka.errors.KafkaError: the broker is away or refuses a topic.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **parse_security(security))
    await admin.start()
    keep = {"retention.ms": str(int(retention.TOPIC.total_seconds() * 1000))}
    topics = [NewTopic(name, partitions, replication, topic_configs=keep) for name in names]
    try:
        response = await admin.create_topics(topics)
    finally:
        await admin.close()
    created = []
    for name, code, *detail in response.topic_errors:
        error = for_code(code)
        if code == 0:
            created.append(name)
        elif error is not TopicAlreadyExistsError:
            raise error(*detail)
    return created


def fact_headers(
    *,
    service: str,
    event_id: UUID,
    cause: UUID | None,
    type: str,
    schema_version: int,
    aggregate: UUID,
    occurred_at: datetime,
    extra: Mapping[str, str],
) -> Headers:
    """The headers of a fact: CloudEvents attributes (Kafka protocol binding 1.0.2, binary mode), and further ones."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(event_id),
        "ce_source": f"/nahbar/{service}",
        "ce_type": type,
        "ce_subject": str(aggregate),
        "ce_time": occurred_at.astimezone(UTC).isoformat(),
        "ce_cause": str(cause or event_id),
        "ce_schemaversion": str(schema_version),
        "content-type": "application/json",
        **extra,
    }
    return [(name, value.encode()) for name, value in headers.items()]


class Malformed(ValueError):
    """A record that claims to be a known fact but cannot be read as one."""


_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def headers_as_text(headers: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    """Headers of a record as text that any database takes, whatever bytes they hold."""
    return {name: value.decode(errors="replace").replace("\x00", "") for name, value in headers}


def read_fact(headers: Mapping[str, str], body: bytes | None, facts: Mapping[str, type[Fact]]) -> Received[Fact] | None:
    """The fact in a record; None when its type is not among `facts`, which is decided before the body is looked at.

    Raises:
        Malformed: headers or body are not what the type demands. The message holds no values.
    """
    fact_class = facts.get(headers.get("ce_type", ""))
    if fact_class is None:
        return None
    try:
        event_id = UUID(headers["ce_id"])
        return Received(
            fact=fact_class.model_validate_json(body or b""),
            event_id=event_id,
            cause=UUID(headers.get("ce_cause") or str(event_id)),
            occurred_at=_MOMENT.validate_python(headers["ce_time"]),
        )
    except KeyError as error:
        raise Malformed(f"header {error} is missing") from error
    except ValueError as error:
        raise Malformed(without_input(error)) from error
