"""Sends what the far ends have to report, at least once, also after a restart."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from deploy.local.far_ends.records import Channel, Report
from deploy.local.far_ends.store import Store

PAUSE = 0.05
"""Seconds between two looks for due reports."""

AT_ONCE = 50
"""Reports sent at the same time."""

ATTEMPTS = 20
"""How often a report is tried before it is given up: about a quarter of an hour."""

LONGEST_WAIT = 60.0
"""Seconds between two attempts at most; the first wait is half a second and doubles."""

RESCUE = 5.0
"""Seconds until a report that goes out before its message is answered is sent again, should the far end be killed."""


class Courier:
    """Sends the reports of one channel.

    Args:
        deliver: hands one report to the sender; an exception means it was not taken.
    """

    def __init__(self, store: Store, channel: Channel, deliver: Callable[[Report], Awaitable[None]]) -> None:
        self._store = store
        self._channel = channel
        self._deliver = deliver

    async def send(self, report: Report) -> None:
        """Try a report once and remember the outcome."""
        try:
            await self._deliver(report)
        except Exception as error:  # whatever is wrong with one report must not hold up the others
            structlog.get_logger().info("report not taken", report=report.number, error=type(error).__name__)
            last = report.attempts + 1 >= ATTEMPTS
            self._store.not_sent(report, None if last else min(0.5 * 2**report.attempts, LONGEST_WAIT))
        else:
            self._store.sent(report)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send due reports while the context is open."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._run())
            yield
            task.cancel()

    async def _run(self) -> None:
        while True:
            due = self._store.due(self._channel, AT_ONCE)
            await asyncio.gather(*map(self.send, due))
            await asyncio.sleep(PAUSE)
