"""The queue in the hands of staff: each use case with the check of their station and its entry in the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.queries import load_by_number
from services.appointments.queue import calling, serving, usecases
from services.appointments.queue.queries import Counter, load_counter, station_of_counter, station_of_ticket
from services.appointments.queue.rows import Ticket
from shared import audit
from shared.auth import Caller, require_role
from shared.db import Connection
from shared.events.tickets import TicketOutcome
from shared.http import CurrentTools, Now
from shared.tools import Tools
from shared.web.staff.visit import N_

STAFF: Final = "appointments:staff"
ACTIONS: Final = {
    "ticket_issued": N_("Nummer ausgegeben"),
    "ticket_arrived": N_("Zum Termin angemeldet"),
    "ticket_called": N_("Nummer aufgerufen"),
    "ticket_called_again": N_("Nummer noch einmal aufgerufen"),
    "ticket_begun": N_("Am Schalter begonnen"),
    "ticket_served": N_("Am Schalter fertig"),
    "ticket_missed": N_("Nicht gekommen"),
    "ticket_parked": N_("Später wieder aufrufen"),
    "ticket_papers": N_("Holt Unterlagen"),
    "ticket_handed_over": N_("Übergeben"),
    "ticket_back": N_("Wieder da"),
    "counter_paused": N_("Schalter macht Pause"),
    "counter_opened": N_("Schalter geöffnet"),
}
"""What the audit log calls what staff do here."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody of the staff who works with the queue, in an open transaction.

    Each deed asks first whether the caller may act there, see `Caller.must_serve`; what else is refused is what the use
    cases say.
    """

    conn: AsyncConnection
    tools: Tools
    who: Caller
    now: datetime

    async def issue(self, id: UUID, wish: usecases.TicketWish) -> Ticket:
        """Give somebody at the desk a number."""
        self.who.must_serve(wish.station)
        return await self._done("ticket_issued", await usecases.issue(self.conn, self.tools, id, wish, self.now))

    async def arrive(self, number: str) -> Ticket:
        """Somebody has come for the appointment with this number."""
        found = self.who.own(await load_by_number(self.conn, number))
        ticket = await usecases.check_in(self.conn, self.tools, found, self.now)
        return await self._done("ticket_arrived", ticket)

    async def call(self, counter: str, ticket: UUID | None = None) -> Ticket | None:
        """Call whoever's turn it is, or a certain ticket; None when nobody waits, and the counter is open then."""
        await self._may(counter, ticket)
        if ticket:
            called = await calling.call_this(self.conn, self.tools, counter, ticket, self.now)
            return await self._done("ticket_called", called)
        before = await load_counter(self.conn, counter, self.now)
        found = await calling.call_next(self.conn, self.tools, counter, self.now)
        if found is not None:
            return await self._done("ticket_called", found)
        if before.paused or not before.staffed:
            await self._staffed("counter_opened", before)
        return None

    async def call_again(self, counter: str, ticket: UUID) -> Ticket:
        """Call somebody who has not come yet once more."""
        await self._may(counter, ticket)
        again = await calling.call_again(self.conn, self.tools, counter, ticket)
        return await self._done("ticket_called_again", again)

    async def begin(self, counter: str, ticket: UUID) -> Ticket:
        """The person called has come to the counter."""
        await self._may(counter, ticket)
        return await self._done("ticket_begun", await serving.begin(self.conn, counter, ticket, self.now))

    async def close(
        self, counter: str, ticket: UUID, outcome: Literal[TicketOutcome.SERVED, TicketOutcome.MISSED]
    ) -> Ticket:
        """Finish with somebody, or note that they did not come; before their appointment begins they only wait on."""
        await self._may(counter, ticket)
        closed = await serving.close(self.conn, self.tools, counter, ticket, outcome, self.now)
        return await self._done(f"ticket_{closed.outcome or 'parked'}", closed)

    async def park(self, counter: str, ticket: UUID, minutes: int) -> Ticket:
        """Let somebody wait for some minutes before they stand in front of all others."""
        await self._may(counter, ticket)
        back_in = timedelta(minutes=minutes)
        parked = await serving.park(self.conn, self.tools, counter, ticket, back_in, self.now)
        return await self._done("ticket_parked", parked)

    async def ask_for_papers(self, counter: str, ticket: UUID) -> Ticket:
        """Let somebody fetch what is missing."""
        await self._may(counter, ticket)
        away = await serving.ask_for_papers(self.conn, self.tools, counter, ticket, self.now)
        return await self._done("ticket_papers", away)

    async def hand_over(
        self, counter: str, ticket: UUID, to_counter: str | None, services: Sequence[str] = ()
    ) -> Ticket:
        """Let another counter go on with somebody, or somebody with another service."""
        await self._may(counter, ticket)
        handed = await serving.hand_over(self.conn, self.tools, counter, ticket, self.now, to_counter, services)
        return await self._done("ticket_handed_over", handed)

    async def bring_back(self, ticket: UUID) -> Ticket:
        """Somebody is back, with papers or sooner than expected."""
        self.who.must_serve(await station_of_ticket(self.conn, ticket))
        return await self._done("ticket_back", await serving.bring_back(self.conn, ticket, self.now))

    async def pause(self, counter: str, paused: bool) -> Counter:
        """Pause a counter, or open it again."""
        await self._may(counter)
        await serving.staff_counter(self.conn, counter, paused, self.now)
        found = await load_counter(self.conn, counter, self.now)
        await self._staffed("counter_paused" if paused else "counter_opened", found)
        return found

    async def _may(self, counter: str, ticket: UUID | None = None) -> None:
        self.who.must_serve(await station_of_counter(self.conn, counter))
        if ticket is not None:
            self.who.must_serve(await station_of_ticket(self.conn, ticket))

    async def _staffed(self, action: str, counter: Counter) -> None:
        await audit.note(self.conn, self.who, action, self.now, station=counter.station, number=counter.number)

    async def _done(self, action: str, ticket: Ticket) -> Ticket:
        where = {"number": ticket.number, "counter": ticket.counter_number}
        await audit.note(self.conn, self.who, action, self.now, matter=ticket.id, station=ticket.station, **where)
        return ticket


async def desk(
    conn: Connection, tools: CurrentTools, now: Now, who: Annotated[Caller, Depends(require_role(STAFF))]
) -> Desk:
    """FastAPI dependency: the caller at work; raises Unauthorised or Forbidden without the role."""
    return Desk(conn, tools, who, now)


CurrentDesk = Annotated[Desk, Depends(desk)]
