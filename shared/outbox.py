"""The outbox: facts are recorded in the transaction of the change they tell of; the relay publishes them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import Clock
from shared.db import after_commit
from shared.events.base import Fact
from shared.events.registry import topic_of, type_of
from shared.statements import Query
from shared.telemetry import current_traceparent
from shared.wakeup import Wakeup

RECORD = """
    insert into outbox (cause, topic, type, schema_version, aggregate, version, body, headers, occurred_at,
                        alive_until)
    values (:cause, :topic, :type, :schema_version, :aggregate, :version, :body,
            jsonb_strip_nulls(jsonb_build_object('traceparent', cast(:traceparent as text))), :occurred_at,
            :alive_until)
"""
"""What records a fact (`Outbox.row`); also a part of statements that do more in one round trip."""
_RECORD = Query(UUID, f"{RECORD} returning event_id")


class Outbox:
    """Records facts; `wakeup` is set after the commit so that the relay need not wait for its next poll."""

    def __init__(self, topic_prefix: str, clock: Clock, wakeup: Wakeup) -> None:
        self._topic_prefix = topic_prefix
        self._clock = clock
        self._wakeup = wakeup

    def row(self, fact: Fact, cause: UUID | None = None) -> dict[str, object]:
        """The values of a fact's row, for use cases that record it within a statement of their own.

        Such a use case calls `announce` in the same transaction.
        """
        return {
            "cause": cause,
            "topic": topic_of(self._topic_prefix, type(fact)),
            "type": type_of(type(fact)),
            "schema_version": fact.schema_version,
            "aggregate": fact.id,
            "version": fact.version,
            "body": fact.model_dump_json().encode(),
            "traceparent": current_traceparent(),
            "occurred_at": self._clock.now(),
            "alive_until": fact.alive_until,
        }

    def announce(self, conn: AsyncConnection) -> None:
        """Wake the relay when the open transaction has been committed."""
        after_commit(conn, self._wakeup.set)

    async def record(self, conn: AsyncConnection, fact: Fact, cause: UUID | None = None) -> UUID:
        """Record a fact in the open transaction.

        Args:
            fact: its (id, version) must be new; the database refuses a second fact of the same version.
            cause: the first fact of the chain this one continues; None where it starts one.

        Returns:
            The event id.
        """
        event_id = await _RECORD.one(conn, self.row(fact, cause))
        self.announce(conn)
        return event_id

    async def record_all(self, conn: AsyncConnection, facts: list[tuple[Fact, UUID | None]]) -> None:
        """Record several facts, in order, in one round trip."""
        if facts:
            await _RECORD.run_each(conn, [self.row(fact, cause) for fact, cause in facts])
            self.announce(conn)
