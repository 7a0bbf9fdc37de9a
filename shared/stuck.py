"""Stuck work: due work that is tried in vain again and again, or that nobody here knows how to do.

Each such row concerns itself alone and waits for a newer version, or for somebody who mends it. A restart would not
help it, and the rest of the service works, so neither `live` nor `ready` fails: a metric and a log line tell.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from shared.due import Urgency, shown
from shared.errands import Handlers
from shared.failures import Failure, classify
from shared.statements import Statement
from shared.telemetry import Heartbeat
from shared.tools import Tools

LOOK_EVERY = 30.0
TRIES = 5
LATE = timedelta(minutes=10)
OTHER = "other"

log = structlog.get_logger()

_STUCK = Statement("""
    select kind, count(*) as rows, (array_agg(key order by due_at, key))[1:3] as keys
    from due_work
    where due_at < :late and (attempts >= :tries or kind <> all(:kinds) or urgency <> all(:urgencies))
    group by kind order by kind
""")


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
            found = await _STUCK.rows(conn, {**values, "urgencies": [int(urgency) for urgency in Urgency]})
        counts = dict.fromkeys([*self._kinds, OTHER], 0)
        for row in found:
            counts[row["kind"] if row["kind"] in counts else OTHER] += row["rows"]
            if self._told.get(row["kind"]) != row["keys"]:
                log.error(
                    "due_work_stuck", work=shown(row["kind"]), keys=list(map(shown, row["keys"])), rows=row["rows"]
                )
        self._told = {row["kind"]: row["keys"] for row in found}
        for kind, count in counts.items():
            self._tools.metrics.due_stuck.labels(kind).set(count)
