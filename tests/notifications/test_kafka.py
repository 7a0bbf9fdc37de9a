"""The whole way: a booking recorded by `appointments` becomes a mail, and the outcome a fact on Kafka."""

from collections.abc import Awaitable, Callable
from typing import ClassVar
from uuid import UUID

from aiokafka import AIOKafkaConsumer

from shared.events.notifications import NotificationDelivered
from shared.events.registry import all_topics, topic_of
from shared.kafka import create_topics
from shared.runtime import ALL_ROLES, Parts, Role, application
from shared.settings import ServiceSettings
from shared.tools import Tools
from tests.notifications.facts import booked, cancelled, person
from tests.notifications.kit import Post
from tests.support.wait import eventually


class Appointments(ServiceSettings):
    """A stand-in with the kernel's tables, which is all that publishing needs."""

    service: ClassVar[str] = "appointments"
    database: str


async def test_facts_from_kafka_become_mails_and_outcomes_become_facts(
    post: Post, database: Callable[[str], Awaitable[str]]
) -> None:
    platform = post.settings.platform
    await create_topics(platform.kafka, all_topics(platform.topic_prefix, ["notifications"]), 4)
    publisher = Tools(Appointments(platform=platform, database=await database("notifications")))
    kept, gone = booked(person("delivered")), booked(person("delivered"))
    async with publisher.db.transaction() as conn:
        chain = await publisher.outbox.record(conn, kept)
        await publisher.outbox.record(conn, gone)
        await publisher.outbox.record(conn, cancelled(gone))
    app = application(publisher, frozenset({Role.RELAY}), Parts())
    async with app.router.lifespan_context(app), post.running(ALL_ROLES), post.mail_server():
        await post.until(kept.id, mail="delivered")
        await post.until(gone.id, "cancellation", mail="delivered")
        told = await _told(platform.kafka, topic_of(platform.topic_prefix, NotificationDelivered), kept.id)
    assert told == chain
    assert {entry.state for entry in await post.log(gone.id)} <= {"delivered", "superseded"}


async def _told(bootstrap: str, topic: str, matter: UUID) -> UUID:
    """Wait for the fact that a person was told of a matter; returns the first fact of its chain."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    found: list[UUID] = []

    async def some() -> bool:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                fact = NotificationDelivered.model_validate_json(record.value)
                if fact.notice.matter == matter:
                    found.append(UUID(dict(record.headers)["ce_cause"].decode()))
        return bool(found)

    try:
        await eventually(some)
    finally:
        await consumer.stop()
    return found[0]
