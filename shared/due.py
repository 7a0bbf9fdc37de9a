"""Due work: rows with a due time, claimed with a lease by whichever replica is free.

Reminders, deadlines, retries and messages all wait here. A handler is either a plain function, run in a transaction
that also removes the row, or an `Errand` that does something outside the database between two transactions. Bulk
has a lane of its own, and within a lane some slots are kept for what is more urgent, so that no flood of reminders, and
no far end that hangs, holds up what cannot wait.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID, uuid4

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import Clock
from shared.db import after_commit
from shared.failures import Failure, classify
from shared.statements import Statement
from shared.telemetry import Heartbeat
from shared.wakeup import Wakeup

if TYPE_CHECKING:
    from shared.service import Service

POLL = 1.0
BUSY_PAUSE = 0.01
YIELDING_SLOTS = 2
LEASE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(minutes=10)

log = structlog.get_logger()


class Urgency(IntEnum):
    """Which work goes first."""

    URGENT = 0
    DIRECT = 1
    REMINDER = 2
    BULK = 3


KEPT_FREE = {Urgency.URGENT: 0, Urgency.DIRECT: 2, Urgency.REMINDER: 4, Urgency.BULK: 0}
"""How many slots of its lane work of a class leaves to what is more urgent."""


@dataclass(frozen=True, slots=True)
class Work:
    """Something to do at a time. `kind` names the handler; (kind, key) is unique: scheduling again replaces."""

    kind: str
    key: str
    due_at: datetime
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Claim:
    """Work in the hands of this process. `attempts` counts the claims, this one included."""

    kind: str
    key: str
    attempts: int
    lease: UUID


Handler = Callable[[AsyncConnection, "Service", Claim], Awaitable[None]]


class Errand(Protocol):
    """Work that reaches outside the database.

    `begin` runs in the transaction that claims and returns a job per claim; a claim without a job is finished.
    `perform` does the work with no transaction open and does not raise. `finish` records what came of it; the claims'
    rows are removed in the same transaction unless `finish` schedules them again.
    """

    async def begin(self, conn: AsyncConnection, service: "Service", claims: Sequence[Claim]) -> dict[str, Any]: ...

    async def perform(self, service: "Service", job: Any) -> Any: ...

    async def finish(
        self,
        conn: AsyncConnection,
        service: "Service",
        results: Sequence[tuple[Any, Any]],
    ) -> None: ...


DueHandlers = Mapping[str, "Handler | Errand"]

_SCHEDULE = Statement("""
    insert into due_work (kind, key, due_at, urgency) values (:kind, :key, :due_at, :urgency)
    on conflict (kind, key) do update
    set due_at = excluded.due_at, urgency = excluded.urgency, attempts = 0, lease = null, leased_until = null
""")
_SCHEDULE_ONCE = Statement("""
    insert into due_work (kind, key, due_at, urgency) values (:kind, :key, :due_at, :urgency) on conflict do nothing
""")
_CANCEL = text("delete from due_work where kind = :kind and key = any(:keys)")
_CLAIM = Statement("""
    with next as (
        select kind, key from due_work
        where urgency = any(:urgencies) and due_at <= :now
          and (leased_until is null or leased_until < clock_timestamp()) and kind = any(:kinds)
        order by urgency, due_at limit :limit for update skip locked
    )
    update due_work work
    set lease = :lease, leased_until = clock_timestamp() + :length, attempts = attempts + 1
    from next where work.kind = next.kind and work.key = next.key
    returning work.kind, work.key, work.attempts, work.urgency, work.due_at
""")
_DONE = Statement("delete from due_work where kind = :kind and key = any(:keys) and lease = any(:leases) returning key")
_PAUSE = text("""
    update due_work set leased_until = clock_timestamp() + :pause
    where kind = :kind and key = :key and lease = :lease
""")


class Due:
    """Schedules due work in the caller's transaction."""

    def __init__(self, clock: Clock, wakeups: Sequence[Wakeup]) -> None:
        self._clock = clock
        self._wakeups = wakeups

    async def schedule(self, conn: AsyncConnection, *work: Work, once: bool = False) -> None:
        """Schedule work, replacing what is scheduled under the same kind and key (`once`: leaving it as it is)."""
        if work:
            rows = [{"kind": w.kind, "key": w.key, "due_at": w.due_at, "urgency": int(w.urgency)} for w in work]
            await (_SCHEDULE_ONCE if once else _SCHEDULE).run(conn, *rows)
            if min(w.due_at for w in work) <= self._clock.now():
                for wakeup in self._wakeups:
                    after_commit(conn, wakeup.set)

    async def cancel(self, conn: AsyncConnection, kind: str, keys: Iterable[str]) -> None:
        """Take work back. What a worker holds already is not stopped; its handler checks the state it acts on."""
        await conn.execute(_CANCEL, {"kind": kind, "keys": list(keys)})


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
        service: "Service",
        handlers: DueHandlers,
        urgencies: Sequence[Urgency],
        slots: int,
        wakeup: Wakeup,
        yields_to: "Lane | None" = None,
    ) -> None:
        self.heartbeat = Heartbeat(limit=60)
        self._service = service
        self._handlers = handlers
        self._urgencies = urgencies
        self._slots = slots
        self._wakeup = wakeup
        self._yields_to = yields_to
        self._running: set[asyncio.Task[None]] = set()
        self._results: dict[str, list[tuple[Claim, Any, Any]]] = {}
        self._finishing = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Whether work is in hand."""
        return bool(self._running)

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop; what is in hand then is finished."""
        while not stopping.is_set():
            self.heartbeat.beat()
            slots = YIELDING_SLOTS if self._yields_to and self._yields_to.busy else self._slots
            if len(self._running) > slots // 2:
                # Claims are made for several free slots at once, yet a few slow errands hold nobody up.
                await asyncio.wait(self._running, timeout=BUSY_PAUSE)
            free = max(0, slots - len(self._running))
            more = False
            try:
                more = await self._claim(free)
            except Exception as error:
                log.warning(
                    "claim_failed",
                    error=type(error).__name__,
                    exc_info=classify(error) is Failure.UNKNOWN,
                )
            if not more:
                await self._wakeup.wait(POLL)
        if self._running:
            await asyncio.wait(self._running, timeout=15)

    async def _claim(self, free: int) -> bool:
        """Claim work for free slots; returns whether there may be more to claim at once."""
        urgencies = [urgency for urgency in self._urgencies if free > KEPT_FREE[urgency]]
        if not urgencies:
            return False
        limit = free - max(KEPT_FREE[urgency] for urgency in urgencies)
        lease = uuid4()
        now = self._service.clock.now()
        async with self._service.db.transaction() as conn:
            values = {"urgencies": [int(each) for each in urgencies], "now": now, "kinds": list(self._handlers)}
            rows = await _CLAIM.rows(conn, {**values, "limit": limit, "lease": lease, "length": LEASE})
            found = sorted(rows, key=itemgetter("urgency", "due_at"))
            claims = [Claim(row["kind"], row["key"], row["attempts"], lease) for row in found]
            jobs = await self._begin(conn, claims)
        for claim in claims:
            handler = self._handlers[claim.kind]
            if callable(handler):
                self._spawn(self._transact(handler, claim))
            elif claim.key in jobs.get(claim.kind, {}):
                self._spawn(self._run_errand(handler, claim, jobs[claim.kind][claim.key]))
        return len(claims) == limit

    async def _begin(self, conn: AsyncConnection, claims: Sequence[Claim]) -> dict[str, dict[str, Any]]:
        jobs: dict[str, dict[str, Any]] = {}
        for kind in {claim.kind for claim in claims}:
            handler = self._handlers[kind]
            if callable(handler):
                continue
            mine = [claim for claim in claims if claim.kind == kind]
            jobs[kind] = await handler.begin(conn, self._service, mine)
            await self._remove(conn, [claim for claim in mine if claim.key not in jobs[kind]])
        return jobs

    async def _transact(self, handler: Handler, claim: Claim) -> None:
        try:
            async with self._service.db.transaction() as conn:
                if await self._remove(conn, [claim]):
                    await handler(conn, self._service, claim)
            self._service.metrics.due_done.labels(claim.kind).inc()
        except Exception as error:
            await self._pause(claim, error)

    async def _run_errand(self, errand: Errand, claim: Claim, job: Any) -> None:
        result = await errand.perform(self._service, job)
        self._results.setdefault(claim.kind, []).append((claim, job, result))
        # Results that arrive while one transaction is written share the next one.
        async with self._finishing:
            batch = self._results.pop(claim.kind, [])
            if batch:
                await self._finish(errand, batch)

    async def _finish(self, errand: Errand, batch: Sequence[tuple[Claim, Any, Any]]) -> None:
        try:
            async with self._service.db.transaction() as conn:
                await self._remove(conn, [claim for claim, _, _ in batch])
                await errand.finish(conn, self._service, [(job, result) for _, job, result in batch])
            self._service.metrics.due_done.labels(batch[0][0].kind).inc(len(batch))
        except Exception as error:
            if classify(error) is Failure.TRANSIENT:
                # What was done cannot be undone: hold on to the results until the database takes them.
                await asyncio.sleep(0.5)
                await self._finish(errand, batch)
            elif len(batch) > 1:
                for each in batch:
                    await self._finish(errand, [each])
            else:
                await self._pause(batch[0][0], error)

    async def _remove(self, conn: AsyncConnection, claims: Sequence[Claim]) -> int:
        if not claims:
            return 0
        keys, leases = [claim.key for claim in claims], list({claim.lease for claim in claims})
        return len(await _DONE.rows(conn, {"kind": claims[0].kind, "keys": keys, "leases": leases}))

    async def _pause(self, claim: Claim, error: Exception) -> None:
        """Leave failed work for later, longer each time."""
        kind = classify(error)
        log.warning("due_work_failed", work=claim.kind, failure=kind, exc_info=kind is Failure.UNKNOWN)
        self._service.metrics.due_failed.labels(claim.kind).inc()
        pause = min(LONGEST_PAUSE, timedelta(seconds=2 ** min(claim.attempts, 10)))
        values = {"kind": claim.kind, "key": claim.key, "lease": claim.lease, "pause": pause}
        try:
            async with self._service.db.transaction() as conn:
                await conn.execute(_PAUSE, values)
        except Exception as second:
            log.warning("lease_left_to_expire", error=type(second).__name__)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(lambda _: self._wakeup.set())
