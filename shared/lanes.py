"""Lanes: the loops that claim due work and do it.

Bulk has a lane of its own, and within a lane some slots are kept for what is more urgent, so that no flood of
reminders, and no far end that hangs, holds up what cannot wait. Work that fails, whatever is raised and wherever,
concerns itself alone: it waits, longer each time, and no work keeps its slot for longer than `LONGEST`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog

from shared.act import Act, acting
from shared.claims import DONE, HOLD, still_ours
from shared.due import Claim, Urgency, shown
from shared.errands import Errand, Handler, Handlers
from shared.failures import Failure, classify
from shared.statements import Query
from shared.telemetry import Heartbeat
from shared.tools import Tools
from shared.wakeup import Wakeup

POLL = 1.0
BUSY_PAUSE = 0.01
YIELDING_SLOTS = 2
LEASE = timedelta(seconds=60)
LONGEST = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(minutes=10)
RECORD_AGAIN = 0.5
RECORD_TRIES = 5

KEPT_FREE = {Urgency.URGENT: 0, Urgency.DIRECT: 2, Urgency.REMINDER: 4, Urgency.BULK: 0}
"""How many slots of its lane work of a class leaves to what is more urgent."""

log = structlog.get_logger()

# Attempts are kept within bounds here, and rows are put in order by the database: no odd value may fail the claim.
_CLAIM = Query(
    Claim,
    """
    with next as (
        select kind, key from due_work
        where urgency = any(:urgencies) and due_at <= :now
          and (leased_until is null or leased_until < clock_timestamp()) and kind = any(:kinds)
        order by urgency, due_at limit :limit for update skip locked
    ), claimed as (
        update due_work work
        set lease = :lease, leased_until = clock_timestamp() + :length,
            attempts = least(greatest(attempts, 0), 1000000) + 1
        from next where work.kind = next.kind and work.key = next.key
        returning work.kind, work.key, work.attempts, work.urgency, work.due_at
    )
    select kind, key, attempts, cast(:lease as uuid) as lease from claimed order by urgency, due_at
""",
)


class Lane:
    """One worker loop for some urgencies.

    Args:
        handlers: by kind of work.
        urgencies: the classes this lane serves, the smallest number first.
        slots: how many pieces of work are in hand at once.
        yields_to: a lane that goes first; while it has work in hand, this one takes only `YIELDING_SLOTS`.
    """

    def __init__(
        self,
        tools: Tools,
        handlers: Handlers,
        urgencies: Sequence[Urgency],
        slots: int,
        wakeup: Wakeup,
        yields_to: "Lane | None" = None,
    ) -> None:
        self.heartbeat = Heartbeat(limit=60)
        self._tools = tools
        self._handlers = handlers
        self._urgencies = urgencies
        self._slots = slots
        self._wakeup = wakeup
        self._yields_to = yields_to
        self._running: dict[asyncio.Task[None], int] = {}
        self._results: dict[str, list[tuple[Claim, Any, Any]]] = {}
        self._finishing = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Whether work is in hand."""
        return bool(self._running)

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop; what is in hand then is finished.

        The heart beats while claims succeed, or wait for the database. A lane that cannot claim for another reason is
        not alive: a new process may help it. Work that fails is not the lane's failure (see `shared/stuck.py`).
        """
        while not stopping.is_set():
            slots = YIELDING_SLOTS if self._yields_to and self._yields_to.busy else self._slots
            if self._in_hand > slots // 2:
                # Claims are made for several free slots at once, yet a few slow errands hold nobody up.
                await asyncio.wait(list(self._running), timeout=BUSY_PAUSE)
            free = max(0, slots - self._in_hand)
            more = False
            try:
                more = await self._claim(free)
                self.heartbeat.beat()
            except Exception as error:
                failure = classify(error)
                if failure is Failure.TRANSIENT:
                    self.heartbeat.beat()
                log.warning("claim_failed", error=type(error).__name__, exc_info=failure is Failure.UNKNOWN)
            if not more:
                await self._wakeup.wait(POLL)
        if self._running:
            await asyncio.wait(list(self._running), timeout=15)

    @property
    def _in_hand(self) -> int:
        return sum(self._running.values())

    async def _claim(self, free: int) -> bool:
        """Claim work for free slots; returns whether there may be more to claim at once."""
        urgencies = [urgency for urgency in self._urgencies if free > KEPT_FREE[urgency]]
        if not urgencies:
            return False
        limit = free - max(KEPT_FREE[urgency] for urgency in urgencies)
        lease = uuid4()
        now = self._tools.clock.now()
        async with self._tools.db.transaction() as conn:
            values = {"urgencies": [int(each) for each in urgencies], "now": now, "kinds": list(self._handlers)}
            claimed = await _CLAIM.all(conn, {**values, "limit": limit, "lease": lease, "length": LEASE})
        errands: dict[str, list[Claim]] = {}
        for claim in claimed:
            handler = self._handlers[claim.kind]
            if callable(handler):
                self._spawn(self._transact(handler, claim))
            else:
                errands.setdefault(claim.kind, []).append(claim)
        for kind, claims in errands.items():
            self._spawn(self._begin(kind, claims), len(claims))
        return len(claimed) == limit

    async def _transact(self, handler: Handler, claim: Claim) -> None:
        try:
            async with self._transaction() as act:
                if await still_ours(DONE, act, [claim]):
                    await handler(act, claim)
            self._tools.metrics.due_done.labels(claim.kind).inc()
        except Exception as error:
            await self._pause(claim, error)

    async def _begin(self, kind: str, claims: Sequence[Claim]) -> None:
        """Begin claims of a kind together, or one by one where that fails; then perform them."""
        errand: Any = self._handlers[kind]
        try:
            async with self._transaction() as act:
                ours = await still_ours(HOLD, act, claims, LEASE)
                jobs = await errand.begin(act, ours) if ours else {}
                begun = [(claim, jobs[claim.key]) for claim in ours if claim.key in jobs]
                await still_ours(DONE, act, [claim for claim in ours if claim.key not in jobs])
        except Exception as error:
            if len(claims) == 1:
                await self._pause(claims[0], error)
                return
            for claim in claims:
                self._spawn(self._begin(kind, [claim]))
            return
        for claim, job in begun:
            self._spawn(self._perform(errand, claim, job))

    async def _perform(self, errand: Errand, claim: Claim, job: Any) -> None:
        try:
            async with asyncio.timeout(LONGEST.total_seconds()):
                with _cancelled_by_itself():
                    result = await errand.perform(self._tools, job)
        except Exception as error:
            await self._pause(claim, error)
            return
        self._results.setdefault(claim.kind, []).append((claim, job, result))
        # Results that arrive while one transaction is written share the next one.
        async with self._finishing:
            batch = self._results.pop(claim.kind, [])
            if batch:
                await self._finish_together(errand, batch)

    async def _finish_together(self, errand: Errand, batch: Sequence[tuple[Claim, Any, Any]]) -> None:
        try:
            await self._finish(errand, batch)
        except Exception:
            for each in batch:
                self._spawn(self._finish_alone(errand, *each))

    async def _finish_alone(self, errand: Errand, claim: Claim, job: Any, result: Any) -> None:
        """Record a result. What was done cannot be undone: it is kept until a database that is away takes it."""
        refused = 0
        while True:
            try:
                await self._finish(errand, [(claim, job, result)])
                return
            except Exception as error:
                if classify(error) is not Failure.TRANSIENT or refused == RECORD_TRIES:
                    await self._pause(claim, error)
                    return
            # A database that takes the longer lease, but not the result, is not away.
            refused += await self._hold(claim, LEASE)
            await asyncio.sleep(RECORD_AGAIN)

    async def _finish(self, errand: Errand, batch: Sequence[tuple[Claim, Any, Any]]) -> None:
        async with self._transaction() as act:
            await still_ours(DONE, act, [claim for claim, _, _ in batch])
            await errand.finish(act, [(job, result) for _, job, result in batch])
        self._tools.metrics.due_done.labels(batch[0][0].kind).inc(len(batch))

    async def _pause(self, claim: Claim, error: Exception) -> None:
        """Leave failed work for later, longer each time."""
        failure = classify(error)
        log.warning(
            "due_work_failed",
            work=claim.kind,
            key=shown(claim.key),
            attempts=claim.attempts,
            failure=failure,
            exc_info=failure is Failure.UNKNOWN,
        )
        self._tools.metrics.due_failed.labels(claim.kind).inc()
        pause = min(LONGEST_PAUSE, timedelta(seconds=2 ** min(claim.attempts, 10)))
        end = time.monotonic() + LEASE.total_seconds()
        while True:
            if await self._hold(claim, pause) or time.monotonic() > end:
                return
            await asyncio.sleep(RECORD_AGAIN)

    async def _hold(self, claim: Claim, length: timedelta) -> bool:
        """Keep others from claiming work for some time; returns whether the database could be asked."""
        try:
            async with self._transaction() as act:
                await still_ours(HOLD, act, [claim], length)
        except Exception as error:
            log.warning("lease_not_changed", error=type(error).__name__)
            return False
        return True

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Act]:
        async with asyncio.timeout(LONGEST.total_seconds()), acting(self._tools) as act:
            with _cancelled_by_itself():
                yield act

    def _spawn(self, work: Coroutine[Any, Any, None], pieces: int = 1) -> None:
        task = asyncio.create_task(work)
        self._running[task] = pieces
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._wakeup.set()


@contextmanager
def _cancelled_by_itself() -> Iterator[None]:
    """Make a failure of a cancellation that nobody asked this task for."""
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task and task.cancelling():
            raise
        raise RuntimeError("The work cancelled itself.") from error
