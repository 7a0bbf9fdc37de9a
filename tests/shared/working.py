"""Due work, and handlers that note what they did."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared.act import Act
from shared.due import Claim, Work
from shared.tools import Tools
from tests.shared.kit import Bench


class Recorder:
    """A handler that notes what it did, after a number of failures."""

    def __init__(self, failures: int = 0) -> None:
        self.done: Counter[str] = Counter()
        self.attempts: list[int] = []
        self._failures = failures

    async def __call__(self, act: Act, claim: Claim) -> None:
        self.attempts.append(claim.attempts)
        if self._failures:
            self._failures -= 1
            raise RuntimeError("not yet")
        self.done[claim.key] += 1


class Errands:
    """An errand whose performance takes a while, or until an event."""

    def __init__(self, seconds: float = 0.01, until: asyncio.Event | None = None) -> None:
        self.performed: Counter[str] = Counter()
        self.finished: Counter[str] = Counter()
        self.order: list[str] = []
        self.most_at_once = 0
        self._at_once = 0
        self._seconds = seconds
        self._until = until

    async def begin(self, act: Act, claims: Sequence[Claim]) -> dict[str, Any]:
        return {claim.key: claim.key for claim in claims if not claim.key.startswith("needless")}

    async def perform(self, tools: Tools, job: str) -> str:
        self.performed[job] += 1
        self.order.append(job)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await (self._until.wait() if self._until else asyncio.sleep(self._seconds))
        self._at_once -= 1
        return "done"

    async def finish(self, act: Act, results: Sequence[tuple[Any, Any]]) -> None:
        self.finished.update(job for job, result in results if result == "done")


async def schedule(bench: Bench, *work: Work) -> None:
    tools = Tools(bench.settings)
    async with tools.db.transaction() as conn:
        await tools.due.schedule(conn, *work)
    await tools.db.close()


def now(bench: Bench, **offset: float) -> Any:
    return Tools(bench.settings).clock.now() + timedelta(**offset)
