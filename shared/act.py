"""An act: what happens in one open transaction, and what use cases need to know of it.

A request makes one (`shared/http.py`); what the service does by itself begins with `acting`: facts that are applied
(`shared/applying.py`), due work (`shared/lanes.py`), and reports that come by mail.
"""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from shared import audit
from shared.auth import Caller
from shared.clock import BERLIN
from shared.db import savepoint
from shared.due import Work
from shared.events.base import Fact, Received
from shared.origins import Origin
from shared.tools import Tools


@dataclass(frozen=True, slots=True)
class Act:
    """One open transaction, the tools of the service, and the moment, hand and cause of what happens.

    Args:
        conn: in the open transaction.
        tools: of the service.
        now: business time; the same from the beginning of the act to its end.
        who: the member of the staff that acts; None where the public or the service itself does.
        origin: where a request of the public comes from; None where staff or the service itself act.
        cause: the first fact of the chain that the act continues; None where it begins one.
    """

    conn: AsyncConnection
    tools: Tools
    now: datetime
    who: Caller | None = None
    origin: Origin | None = None
    cause: UUID | None = None

    @property
    def today(self) -> date:
        """The day in Berlin."""
        return self.now.astimezone(BERLIN).date()

    @property
    def staff(self) -> Caller:
        """The member of the staff that acts.

        Raises:
            LookupError: nobody of the staff does; the use case is called from the wrong place.
        """
        if self.who is None:
            raise LookupError("Staff alone may do this.")
        return self.who

    @property
    def chain(self) -> UUID:
        """The first fact of the chain that the act continues.

        Raises:
            LookupError: it begins one.
        """
        if self.cause is None:
            raise LookupError("Nothing has caused this.")
        return self.cause

    def at(self, moment: datetime) -> Self:
        """The same act, as if it happened at another moment."""
        return replace(self, now=moment)

    def caused_by(self, fact: UUID | None) -> Self:
        """The same act, in the chain that a fact began."""
        return replace(self, cause=fact)

    def following(self, received: Received[Any]) -> Self:
        """The act that applies a fact, now."""
        return replace(self, now=self.tools.clock.now(), cause=received.cause)

    async def record(self, fact: Fact) -> UUID:
        """Record a fact; see `Outbox.record`. Returns its event id."""
        return await self.tools.outbox.record(self.conn, fact, self.cause)

    async def record_all(self, facts: Iterable[Fact]) -> None:
        """Record several facts, in order, in one round trip."""
        await self.tools.outbox.record_all(self.conn, [(fact, self.cause) for fact in facts])

    async def schedule(self, *work: Work, once: bool = False) -> None:
        """Schedule due work; see `Due.schedule`."""
        await self.tools.due.schedule(self.conn, *work, once=once)

    async def unschedule(self, kind: str, keys: Iterable[str]) -> None:
        """Take due work back; see `Due.cancel`."""
        await self.tools.due.cancel(self.conn, kind, keys)

    async def note(
        self, action: str, *, matter: UUID | None = None, station: str | None = None, **details: object
    ) -> None:
        """Write into the audit log what the member of the staff does.

        Args:
            action: what the service calls it, such as `arrived`.
            matter: the id of what it is done to.
            station: whose business it is.
            details: what else tells deeds apart; JSON, and never anything about a citizen.
        """
        values = {"at": self.now, "who": self.staff.subject, "action": action, "matter": matter, "station": station}
        await audit.NOTE.run(self.conn, {**values, "details": json.dumps(details)})

    def attempt(self) -> AbstractAsyncContextManager[AsyncTransaction]:
        """Try something that can be undone while the transaction goes on; see `db.savepoint`."""
        return savepoint(self.conn)


@asynccontextmanager
async def acting(tools: Tools) -> AsyncIterator[Act]:
    """An act of the service itself, in a transaction that commits at the end."""
    async with tools.db.transaction() as conn:
        yield Act(conn, tools, tools.clock.now())
