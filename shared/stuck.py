"""Stuck work: due work that is tried in vain again and again, or that nobody here knows how to do.

Each such row concerns itself alone and waits for a newer version, or for somebody who mends it. A restart would not
help it, and the rest of the service works, so neither `live` nor `ready` fails: a metric and a log line tell.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from shared.due import Urgency, shown
from shared.errands import Handlers
from shared.failures import Failure, classify
from shared.statements import Query
from shared.telemetry import Heartbeat
from shared.tools import Tools

LOOK_EVERY = 30.0
TRIES = 5
LATE = timedelta(minutes=10)
OTHER = "other"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Stuck:
    kind: str
    rows: int
    keys: list[str]


_STUCK = Query(
    _Stuck,
    """
    select kind, count(*) as rows, (array_agg(key order by due_at, key))[1:3] as keys
    from due_work
    where due_at < :late and (attempts >= :tries or kind <> all(:kinds) or urgency <> all(:urgencies))
    group by kind order by kind
""",
)


class StuckWork:
    """The loop that counts what is late by `LATE` and was tried `TRIES` times, or has no handler or lane here."""

    def __init__(self, tools: Tools, handlers: Handlers) -> None:
        self.heartbeat = Heartbeat(limit=120)
        self._tools = tools
        self._kinds = list(handlers)
        self._told: dict[str, list[str]] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Look every half minute until told to stop."""
        while not stopping.is_set():
            self.heartbeat.beat()
            try:
                await self._look()
            except Exception as error:
                log.warning(
                    "stuck_work_not_counted",
                    error=type(error).__name__,
                    exc_info=classify(error) is Failure.UNKNOWN,
                )
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), LOOK_EVERY)

    async def _look(self) -> None:
        values = {"late": self._tools.clock.now() - LATE, "tries": TRIES, "kinds": self._kinds}
        async with self._tools.db.transaction() as conn:
            found = await _STUCK.all(conn, {**values, "urgencies": [int(urgency) for urgency in Urgency]})
        counts = dict.fromkeys([*self._kinds, OTHER], 0)
        for each in found:
            counts[each.kind if each.kind in counts else OTHER] += each.rows
            if self._told.get(each.kind) != each.keys:
                log.error("due_work_stuck", work=shown(each.kind), keys=list(map(shown, each.keys)), rows=each.rows)
        self._told = {each.kind: each.keys for each in found}
        for kind, count in counts.items():
            self._tools.metrics.due_stuck.labels(kind).set(count)
