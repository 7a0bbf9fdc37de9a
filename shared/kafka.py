"""Kafka: the clients' settings in one place, topics, and the form of a fact on the wire (CloudEvents, binary mode)."""

import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from aiokafka import AIOKafkaProducer, codec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code
from aiokafka.partitioner import DefaultPartitioner
from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLScram512

from shared import retention
from shared.settings import Platform

MAX_POLL_INTERVAL = 60.0
"""Seconds a consumer may spend on one batch before the group gives its partitions away."""

METADATA_AGE = 15.0
"""Seconds after which clients ask again which topics and partitions there are."""
LARGEST_REQUEST = 64 * 1024 * 1024

Headers = list[tuple[str, bytes]]
Partitioner = Callable[[bytes | None, Sequence[int], Sequence[int]], int]

log = structlog.get_logger()


def security_of(platform: Platform) -> BaseSecurity:
    """How Kafka's clients prove who they are, and whether what they say is encrypted."""
    tls = ssl.create_default_context(cafile=platform.kafka_ca) if platform.kafka_tls else None
    if not platform.kafka_user:
        return BaseSecurity(ssl_context=tls, use_ssl=platform.kafka_tls)
    password = platform.kafka_password.get_secret_value()
    return SASLScram512(platform.kafka_user, password, ssl_context=tls, use_ssl=platform.kafka_tls)


def new_producer(platform: Platform) -> AIOKafkaProducer:
    """A producer whose acknowledgement means stored on all replicas, in order, once per send.

    How large a record may be is for the topic to say.
    """
    return AIOKafkaProducer(
        bootstrap_servers=platform.kafka,
        enable_idempotence=True,
        acks="all",
        max_batch_size=512 * 1024,
        max_request_size=LARGEST_REQUEST,
        request_timeout_ms=10_000,
        metadata_max_age_ms=int(METADATA_AGE * 1000),
        partitioner=first_partitions(platform.partitions),
        **parse_security(security_of(platform)),
    )


def first_partitions(count: int) -> Partitioner:
    """Chooses among the first `count` partitions of a topic, by key, so that partitions added later move no key.

    A moved key would part the facts of one aggregate, and their order would be lost. The log says once that there are
    more partitions than are used.
    """
    by_key = DefaultPartitioner()
    told: set[int] = set()

    def choose(key: bytes | None, every: Sequence[int], available: Sequence[int]) -> int:
        if len(every) > count and len(every) not in told:
            told.add(len(every))
            log.error("partitions_not_used", partitions=len(every), used=count)
        first = sorted(every)[:count]
        chosen: int = by_key(key, first, first)
        return chosen

    return choose


def missing_codecs() -> list[str]:
    """Compressions in which an operator may keep a topic, and which this installation cannot read."""
    codecs = {"gzip": codec.has_gzip, "lz4": codec.has_lz4, "snappy": codec.has_snappy, "zstd": codec.has_zstd}
    return [name for name, is_there in codecs.items() if not is_there()]


def consumer_settings() -> dict[str, Any]:
    """Settings of every consumer: commits by hand, from the earliest record, no topics made by accident."""
    return {
        "auto_offset_reset": "earliest",
        "max_poll_interval_ms": int(MAX_POLL_INTERVAL * 1000),
        "session_timeout_ms": 10_000,
        "heartbeat_interval_ms": 3_000,
        "fetch_max_wait_ms": 500,
        "max_partition_fetch_bytes": 1024 * 1024,  # what comes at once is read at once, and nothing answers meanwhile
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


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known of a fact beside its body; `cause` is None where it begins a chain."""

    service: str
    event_id: UUID
    cause: UUID | None
    type: str
    schema_version: int
    aggregate: UUID
    occurred_at: datetime

    def headers(self, extra: Mapping[str, str]) -> Headers:
        """CloudEvents attributes (Kafka protocol binding 1.0.2, binary mode), and further headers."""
        headers = {
            "ce_specversion": "1.0",
            "ce_id": str(self.event_id),
            "ce_source": f"/nahbar/{self.service}",
            "ce_type": self.type,
            "ce_subject": str(self.aggregate),
            "ce_time": self.occurred_at.astimezone(UTC).isoformat(),
            "ce_cause": str(self.cause or self.event_id),
            "ce_schemaversion": str(self.schema_version),
            "content-type": "application/json",
            **extra,
        }
        return [(name, value.encode()) for name, value in headers.items()]
