"""Facts as services publish them, of appointments in some days' time."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from aiokafka import AIOKafkaProducer

from shared.events.appointments import AppointmentBooked
from shared.events.base import Fact, Received
from shared.events.registry import topic_of, type_of
from shared.kafka import Envelope, Headers, new_producer
from shared.settings import Platform
from tests.notifications import facts
from tests.support.days import now

DAYS_AHEAD = 10
TRACE = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}


def booked(number: int = 0) -> Received[AppointmentBooked]:
    """Somebody booked just now and wants a mail."""
    moment = now()
    starts_at = datetime.combine(moment.date() + timedelta(days=DAYS_AHEAD), time(9), UTC)
    fact = facts.booked(facts.person(mail=f"anna+{number}@example.org"), starts_at=starts_at)
    received = facts.received(fact, moment)
    return Received(fact, received.event_id, received.cause, received.occurred_at)


def headers_of(received: Received[Fact]) -> Headers:
    """The headers of a fact's record."""
    kind = type(received.fact)
    return Envelope(
        service=kind.service,
        event_id=received.event_id,
        cause=received.cause,
        type=type_of(kind),
        schema_version=kind.schema_version,
        aggregate=received.fact.id,
        occurred_at=received.occurred_at,
    ).headers(TRACE)


async def publish(platform: Platform, facts: Sequence[Received[Any]]) -> str:
    """Publish facts of one topic; returns it."""
    topic = topic_of(platform.topic_prefix, type(facts[0].fact))
    producer: AIOKafkaProducer = new_producer(platform)
    await producer.start()
    try:
        for each in facts:
            body = each.fact.model_dump_json().encode()
            await producer.send(topic, body, key=each.fact.id.bytes, headers=headers_of(each))
        await producer.flush()
    finally:
        await producer.stop()
    return topic
