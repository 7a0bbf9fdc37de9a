"""Applying facts to a service's own database: each has its effects once, and one that fails is put aside."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

import structlog

from shared import dead_letters, kafka
from shared.act import Act, acting
from shared.db import after_commit
from shared.events.base import Fact, Received
from shared.events.registry import type_of
from shared.failures import Failure, classify, without_input
from shared.inbox import first_seen, leave
from shared.locks import holds_several_kinds
from shared.reactions import Reactions
from shared.records import Parsed, Record, headers_as_text, parse
from shared.telemetry import enter_trace
from shared.tools import Tools

TRIES_OF_UNKNOWN = 5
LONGEST_BATCH = kafka.MAX_POLL_INTERVAL / 3
"""Seconds after which a batch ends although it holds more, so that the next poll comes in time."""

log = structlog.get_logger()


class Applying:
    """Calls a service's reactions.

    Args:
        group: the name under which the inbox keeps what was applied.
    """

    def __init__(self, tools: Tools, group: str, reactions: Reactions) -> None:
        self._tools = tools
        self._group = group
        self._reactions = reactions
        self._facts = {type_of(fact): fact for fact in reactions}

    async def read(self, records: Sequence[Record]) -> Sequence[Parsed]:
        """Read the facts, letting the process do other things between two of them: records may be large."""
        parsed = []
        for record in records:
            parsed.append(parse(record, self._facts))
            await asyncio.sleep(0)
        return parsed

    async def together(self, parsed: Sequence[Parsed]) -> int:
        """Apply records in one transaction; facts already in the inbox change nothing.

        Returns:
            How many were applied: not all where that takes too long, or where one has locked things of several kinds.
            What the next locks might come before some of them in the order of locks.
        """
        tools, started = self._tools, time.monotonic()
        ids = [item.received.event_id for item in parsed if item.received]
        async with acting(tools) as act:
            fresh = await first_seen(act.conn, self._group, ids) if ids else set()
            done = known = 0
            for item in parsed:
                if done and (time.monotonic() - started > LONGEST_BATCH or holds_several_kinds(act.conn)):
                    await leave(act.conn, self._group, fresh)
                    break
                done += 1
                if item.malformed:
                    await self._put_aside(act, item.record, "malformed", item.malformed)
                elif item.received and item.received.event_id in fresh:
                    fresh.remove(item.received.event_id)
                    await self._react(act, item.record, item.received)
                elif item.received:
                    known += 1
        tools.metrics.duplicates.inc(known)
        return done

    async def alone(self, item: Parsed) -> None:
        """Apply one record or put it aside; raises what should be waited for."""
        for tried in range(1, TRIES_OF_UNKNOWN + 1):
            try:
                await self.together([item])
                return
            except Exception as error:
                kind = classify(error)
                if kind is Failure.TRANSIENT:
                    raise
                log.warning(
                    "fact_failed",
                    tried=tried,
                    kind=kind,
                    error=without_input(error),
                    exc_info=kind is Failure.UNKNOWN,
                )
                if kind is Failure.PERMANENT or tried == TRIES_OF_UNKNOWN:
                    async with acting(self._tools) as act:
                        await self._put_aside(act, item.record, kind, without_input(error))
                    return
                await asyncio.sleep(0.1 * 2**tried)

    async def _react(self, act: Act, record: Record, received: Received[Fact]) -> None:
        traceparent = headers_as_text(record.headers).get("traceparent")
        enter_trace(traceparent if isinstance(traceparent, str) else None)
        await self._reactions[type(received.fact)](act.following(received), received)
        metrics = self._tools.metrics
        metrics.handled.labels(type(received.fact).__name__).inc()
        if record.timestamp >= 0:  # a record need not have one
            metrics.fact_age.observe(max(0.0, time.time() - record.timestamp / 1000))

    async def _put_aside(self, act: Act, record: Record, kind: str, reason: str) -> None:
        await dead_letters.put_aside(act, record, f"{kind}: {reason}")
        after_commit(act.conn, partial(self._tools.metrics.dead_letters.labels(kind).inc))
