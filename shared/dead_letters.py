"""Dead letters: records a consumer could not take, kept with the reason until staff replay or discard them."""

from typing import TYPE_CHECKING, Any

from aiokafka import ConsumerRecord
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.registry import dead_letter_topic
from shared.failures import WillPass
from shared.kafka import headers_as_json

if TYPE_CHECKING:
    from shared.service import Service

LIMIT = 20
"""So many unsettled dead letters within ten minutes stop the consumer."""

_PUT_ASIDE = text("""
    with letter as (
        insert into dead_letters (topic, partition, position, key, headers, body, reason)
        values (:topic, :partition, :position, :key, cast(:headers as jsonb), :body, :reason)
        on conflict do nothing
        returning id
    )
    insert into outbox (topic, type, schema_version, aggregate, version, body, headers, occurred_at)
    select :dead_letter_topic, 'de.nahbar.DeadLetter', 1, id, 1, coalesce(:body, ''::bytea),
           jsonb_build_object('dead-letter-topic', cast(:topic as text),
                              'dead-letter-partition', cast(:partition as text),
                              'dead-letter-offset', cast(:position as text),
                              'dead-letter-reason', cast(:reason as text)), clock_timestamp()
    from letter
""")
_RECENT = text("""
    select count(*) from (
        select from dead_letters where settled_at is null and recorded_at > clock_timestamp() - interval '10 minutes'
        limit :limit
    ) recent
""")


class TooMany(WillPass):
    """So many records failed that the consumer, not the records, is the likely cause. It waits instead."""


async def put_aside(
    conn: AsyncConnection,
    service: "Service",
    record: ConsumerRecord[Any, Any],
    reason: str,
) -> None:
    """Keep a record as a dead letter and publish it to the consumer's dead letter topic, in the open transaction.

    Raises:
        TooMany: the limit is reached.
    """
    if (await conn.execute(_RECENT, {"limit": LIMIT})).scalar_one() >= LIMIT:
        raise TooMany
    await conn.execute(
        _PUT_ASIDE,
        {
            "topic": record.topic,
            "partition": record.partition,
            "position": record.offset,
            "key": record.key,
            "headers": headers_as_json(record.headers),
            "body": record.value,
            "reason": reason,
            "dead_letter_topic": dead_letter_topic(service.settings.platform.topic_prefix, service.name),
        },
    )
    service.outbox.announce(conn)
