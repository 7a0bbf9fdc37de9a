"""Dead letters: records a consumer could not take, kept with the reason until staff replay or discard them."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.act import Act, acting
from shared.events.registry import dead_letter_topic, type_of
from shared.failures import Failure, WillPass, classify, without_input
from shared.inbox import first_seen
from shared.reactions import Reactions
from shared.records import Malformed, Record, as_text, digest_of, headers_as_text, read_fact
from shared.statements import Query, Statement
from shared.tools import Tools

log = structlog.get_logger()

LIMIT = 20
"""So many unsettled dead letters within ten minutes stop the consumer."""

LONGEST_REASON = 1_000
"""Characters."""

LARGEST_COPY = 900_000
"""Bytes; a longer body would, with the headers of the copy, be more than the dead letter topic takes."""

_PUT_ASIDE = Statement("""
    with letter as (
        insert into dead_letters (topic, partition, position, digest, key, headers, body, reason)
        values (:topic, :partition, :position, :digest, :key, cast(:headers as jsonb), :body, :reason)
        on conflict do nothing
        returning id
    )
    insert into outbox (topic, type, schema_version, aggregate, version, body, headers, occurred_at, alive_until)
    select :dead_letter_topic, 'de.nahbar.DeadLetter', 1, id, 1,
           case when octet_length(cast(:body as bytea)) <= :largest_copy then :body else ''::bytea end,
           jsonb_build_object('dead-letter-topic', cast(:topic as text),
                              'dead-letter-partition', cast(:partition as text),
                              'dead-letter-offset', cast(:position as text),
                              'dead-letter-reason', cast(:reason as text)), clock_timestamp(),
           clock_timestamp()
    from letter
""")
_RECENT = Query(
    int,
    """
    select count(*) from (
        select from dead_letters where settled_at is null and recorded_at > clock_timestamp() - interval '10 minutes'
        limit :limit
    ) recent
""",
)


class TooMany(WillPass):
    """So many records failed that the consumer, not the records, is the likely cause. It waits instead."""


async def put_aside(act: Act, record: Record, reason: str) -> None:
    """Keep a record as a dead letter and publish it to the consumer's dead letter topic, in the open transaction.

    What the database refuses to keep is kept without its content, which stays in Kafka for a while.

    Raises:
        TooMany: the limit is reached.
    """
    if await _RECENT.one(act.conn, {"limit": LIMIT}) >= LIMIT:
        raise TooMany
    letter = {
        "topic": record.topic,
        "partition": record.partition,
        "position": record.offset,
        "digest": digest_of(record),
        "key": record.key,
        "headers": json.dumps(headers_as_text(record.headers)),
        "body": record.value,
        "reason": as_text(reason)[:LONGEST_REASON],
        "largest_copy": LARGEST_COPY,
        "dead_letter_topic": dead_letter_topic(act.tools.settings.platform.topic_prefix, act.tools.name),
    }
    try:
        async with act.attempt():
            await _PUT_ASIDE.run(act.conn, letter)
    except Exception as error:
        if classify(error) is Failure.TRANSIENT:
            raise
        log.error("dead_letter_without_content", error=without_input(error))
        without = {"key": None, "headers": "{}", "body": None, "reason": f"without content: {letter['reason']}"}
        await _PUT_ASIDE.run(act.conn, letter | without)
    act.tools.outbox.announce(act.conn)


@dataclass(frozen=True, slots=True)
class _Letter:
    id: UUID
    topic: str
    partition: int
    position: int
    key: bytes | None
    headers: dict[str, Any]
    body: bytes | None


_OPEN = Query(
    _Letter,
    """
    select id, topic, partition, position, key, headers, body from dead_letters
    where settled_at is null and (cast(:letter as uuid) is null or id = :letter) order by id
""",
)
_SETTLE = Statement("""
    update dead_letters set settled_at = clock_timestamp(), settlement = :settlement, settled_by = :by
    where id = :letter and settled_at is null
""")


async def settle(conn: AsyncConnection, letter: UUID, settlement: str, by: str) -> bool:
    """Close a dead letter, saying how and by whom; returns whether it was open."""
    return await _SETTLE.run(conn, {"letter": letter, "settlement": settlement, "by": by}) == 1


async def replay(tools: Tools, reactions: Reactions, letter: UUID | None = None) -> tuple[int, int]:
    """Hand unsettled dead letters to the reactions again, oldest first, each in its own transaction.

    The event id stays the same, so a fact that was applied in the meantime changes nothing.

    Args:
        letter: one dead letter, or None for all.

    Returns:
        How many were applied, and how many failed again and stay.
    """
    consumer = f"{tools.settings.platform.topic_prefix}.{tools.name}"
    facts = {type_of(fact): fact for fact in reactions}
    async with tools.db.transaction() as conn:
        letters = await _OPEN.all(conn, {"letter": letter})
    failed = 0
    for row in letters:
        try:
            async with acting(tools) as act:
                if not await settle(act.conn, row.id, "replayed", "nahbar dead-letters replay"):
                    continue
                received = read_fact(row.headers, row.body, facts)
                if received is None:
                    raise Malformed("the letter holds no fact that is reacted to")
                if await first_seen(act.conn, consumer, [received.event_id]):
                    await reactions[type(received.fact)](act.following(received), received)
        except Exception as error:
            failed += 1
            log.warning("replay_failed", letter=str(row.id), error=without_input(error))
    return len(letters) - failed, failed
