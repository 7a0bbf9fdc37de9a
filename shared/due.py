"""Due work: rows with a due time, claimed with a lease by whichever replica is free (`shared/lanes.py`).

Reminders, deadlines, retries and messages all wait here. A handler is either a plain function, run in a transaction
that also removes the row, or an `Errand` that does something outside the database between two transactions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import Clock
from shared.db import after_commit
from shared.statements import Statement
from shared.wakeup import Wakeup


class Urgency(IntEnum):
    """Which work goes first."""

    URGENT = 0
    DIRECT = 1
    REMINDER = 2
    BULK = 3


@dataclass(frozen=True, slots=True)
class Work:
    """Something to do at a time. `kind` names the handler; (kind, key) is unique: scheduling again replaces.

    The key is an id, a place and a day, or the key of an address; logs show it as `shown`.
    """

    kind: str
    key: str
    due_at: datetime
    urgency: Urgency


LONGEST_SHOWN = 48


def shown(key: str) -> str:
    """A key as logs may show it: an id as a whole, of the key of an address (64 signs) only the beginning."""
    return key if len(key) <= LONGEST_SHOWN else f"{key[:12]}…"


@dataclass(frozen=True, slots=True)
class Claim:
    """Work in the hands of this process. `attempts` counts the claims, this one included."""

    kind: str
    key: str
    attempts: int
    lease: UUID


_SCHEDULE = Statement("""
    insert into due_work (kind, key, due_at, urgency) values (:kind, :key, :due_at, :urgency)
    on conflict (kind, key) do update
    set due_at = excluded.due_at, urgency = excluded.urgency, attempts = 0, lease = null, leased_until = null
""")
_SCHEDULE_ONCE = Statement("""
    insert into due_work (kind, key, due_at, urgency) values (:kind, :key, :due_at, :urgency) on conflict do nothing
""")
_CANCEL = Statement("delete from due_work where kind = :kind and key = any(:keys)")


class Due:
    """Schedules due work in the caller's transaction."""

    def __init__(self, clock: Clock, wakeups: Sequence[Wakeup]) -> None:
        self._clock = clock
        self._wakeups = wakeups

    async def schedule(self, conn: AsyncConnection, *work: Work, once: bool = False) -> None:
        """Schedule work, replacing what is scheduled under the same kind and key (`once`: leaving it as it is)."""
        if work:
            rows = [{"kind": w.kind, "key": w.key, "due_at": w.due_at, "urgency": int(w.urgency)} for w in work]
            await (_SCHEDULE_ONCE if once else _SCHEDULE).run_each(conn, rows)
            if min(w.due_at for w in work) <= self._clock.now():
                for wakeup in self._wakeups:
                    after_commit(conn, wakeup.set)

    async def cancel(self, conn: AsyncConnection, kind: str, keys: Iterable[str]) -> None:
        """Take work back. What a worker holds already is not stopped; its handler checks the state it acts on."""
        await _CANCEL.run(conn, {"kind": kind, "keys": list(keys)})
