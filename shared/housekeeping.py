"""Housekeeping: every hour each service forgets what it need not keep (see `shared/retention.py`)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared import retention
from shared.act import Act
from shared.due import Claim, Urgency, Work
from shared.statements import Query, Statement

Forget = Callable[[Act, Sequence[UUID]], Awaitable[None]]
Tidy = Callable[[Act], Awaitable[None]]

KIND = "housekeeping"
EVERY = timedelta(hours=1)
BATCH = 5_000

# What the database stamped ages by its clock: a service's clock that is moved must not make a second press count.
_FORGET = {
    "outbox": Statement("""
        delete from outbox where id in (
            select id from outbox old
            where published_at < now() - cast(:age as interval)
              and (alive_until < cast(:now as timestamptz) - cast(:age as interval)
                   or exists (select from outbox newer
                              where newer.aggregate = old.aggregate and newer.version > old.version))
            limit :batch)
    """),
    "inbox": Statement("""
        delete from inbox where (consumer, event_id) in (
            select consumer, event_id from inbox
            where received_at < now() - cast(:age as interval) limit :batch)
    """),
    "idempotency_keys": Statement("""
        delete from idempotency_keys where (scope, key) in (
            select scope, key from idempotency_keys where created_at < now() - cast(:age as interval) limit :batch)
    """),
    "kept_pages": Statement("""
        delete from kept_pages where name in (
            select name from kept_pages where kept_at < now() - cast(:age as interval) limit :batch)
    """),
    "audit": Statement("""
        delete from audit where id in (
            select id from audit where at < cast(:now as timestamptz) - cast(:age as interval) limit :batch)
    """),
    "dead_letters": Statement("""
        delete from dead_letters where settled_at < now() - cast(:age as interval)
    """),
}
_FORGET_PEOPLE = Query(UUID, "delete from people where delete_after < :now returning matter")
_AGES = {
    "outbox": retention.OUTBOX,
    "inbox": retention.INBOX,
    "idempotency_keys": retention.IDEMPOTENCY_KEYS,
    "kept_pages": retention.KEPT_PAGES,
    "audit": retention.AUDIT,
    "dead_letters": retention.OUTBOX,
}


async def _nothing_else(act: Act, matters: Sequence[UUID]) -> None:
    """What a service forgets that keeps nothing of a person outside the people table."""


async def _nothing_to_tidy(act: Act) -> None:
    """What a service deletes that keeps nothing outdated of its own."""


@dataclass(frozen=True)
class Housekeeping:
    """Deletes a batch of each kind of outdated row and comes again: soon if there is more, else in an hour.

    The newest fact of a living aggregate stays in the outbox, so that its state can always be published again.

    Args:
        forget: deletes what else is known of the people of matters, as those people are forgotten.
        tidy: deletes what else is outdated at a moment.
    """

    forget: Forget = _nothing_else
    tidy: Tidy = _nothing_to_tidy

    async def __call__(self, act: Act, claim: Claim) -> None:
        """Handle the due work of a round."""
        conn, now = act.conn, act.now
        more = False
        for table, forget in _FORGET.items():
            values = {"now": now, "age": _AGES[table]}
            if table != "dead_letters":
                values["batch"] = BATCH
            more |= await forget.run(conn, values) >= BATCH
        if forgotten := await _FORGET_PEOPLE.all(conn, {"now": now}):
            await self.forget(act, forgotten)
        await self.tidy(act)
        await act.schedule(next_round(now + (timedelta(seconds=1) if more else EVERY)))


def next_round(due_at: datetime) -> Work:
    """The due work that does the next round of housekeeping."""
    return Work(KIND, "", due_at, Urgency.BULK)
