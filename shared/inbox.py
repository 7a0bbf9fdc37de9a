"""The inbox: which facts a consumer has applied, so that a fact delivered again changes nothing."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.statements import Query, Statement

_ENTER = Query(
    UUID,
    """
    insert into inbox (consumer, event_id)
    select :consumer, event_id from unnest(cast(:event_ids as uuid[])) event_id
    on conflict do nothing
    returning event_id
""",
)
_LEAVE = Statement("delete from inbox where consumer = :consumer and event_id = any(cast(:event_ids as uuid[]))")


async def first_seen(conn: AsyncConnection, consumer: str, event_ids: Sequence[UUID]) -> set[UUID]:
    """Enter facts into the inbox, in the transaction of their effects.

    Returns:
        The ids that are new to this consumer. The ids are entered in sorted order, so that two members of a group that
        hold the same records for a moment wait for each other instead of deadlocking.
    """
    return set(await _ENTER.all(conn, {"consumer": consumer, "event_ids": sorted(set(event_ids))}))


async def leave(conn: AsyncConnection, consumer: str, event_ids: Collection[UUID]) -> None:
    """Take facts out of the inbox that were entered in the open transaction but will be applied in a later one."""
    await _LEAVE.run(conn, {"consumer": consumer, "event_ids": sorted(event_ids)})
