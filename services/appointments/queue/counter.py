"""The queue in the hands of staff: each use case with the check of their station and its entry in the audit log."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from services.appointments.booking.queries import load_by_number
from services.appointments.queue import calling, serving, usecases
from services.appointments.queue.queries import Counter, Ticket, load_counter, station_of_counter, station_of_ticket
from shared.act import Act
from shared.events.tickets import TicketOutcome
from shared.web.staff.visit import N_

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


async def issue(act: Act, id: UUID, wish: usecases.TicketWish) -> Ticket:
    """Give somebody at the desk a number."""
    act.staff.must_serve(wish.station)
    return await _done(act, "ticket_issued", await usecases.issue(act, id, wish))


async def arrive(act: Act, number: str) -> Ticket:
    """Somebody has come for the appointment with this number."""
    found = act.staff.own(await load_by_number(act.conn, number))
    ticket = await usecases.check_in(act, found)
    return await _done(act, "ticket_arrived", ticket)


async def call(act: Act, counter: str, ticket: UUID | None = None) -> Ticket | None:
    """Call whoever's turn it is, or a certain ticket; None when nobody waits, and the counter is open then."""
    await _may(act, counter, ticket)
    if ticket:
        called = await calling.call_this(act, counter, ticket)
        return await _done(act, "ticket_called", called)
    before = await load_counter(act, counter)
    found = await calling.call_next(act, counter)
    if found is not None:
        return await _done(act, "ticket_called", found)
    if before.paused or not before.staffed:
        await _staffed(act, "counter_opened", before)
    return None


async def call_again(act: Act, counter: str, ticket: UUID) -> Ticket:
    """Call somebody who has not come yet once more."""
    await _may(act, counter, ticket)
    again = await calling.call_again(act, counter, ticket)
    return await _done(act, "ticket_called_again", again)


async def begin(act: Act, counter: str, ticket: UUID) -> Ticket:
    """The person called has come to the counter."""
    await _may(act, counter, ticket)
    return await _done(act, "ticket_begun", await serving.begin(act, counter, ticket))


async def close(
    act: Act, counter: str, ticket: UUID, outcome: Literal[TicketOutcome.SERVED, TicketOutcome.MISSED]
) -> Ticket:
    """Finish with somebody, or note that they did not come; before their appointment begins they only wait on."""
    await _may(act, counter, ticket)
    closed = await serving.close(act, counter, ticket, outcome)
    return await _done(act, f"ticket_{closed.outcome or 'parked'}", closed)


async def park(act: Act, counter: str, ticket: UUID, minutes: int) -> Ticket:
    """Let somebody wait for some minutes before they stand in front of all others."""
    await _may(act, counter, ticket)
    back_in = timedelta(minutes=minutes)
    parked = await serving.park(act, counter, ticket, back_in)
    return await _done(act, "ticket_parked", parked)


async def ask_for_papers(act: Act, counter: str, ticket: UUID) -> Ticket:
    """Let somebody fetch what is missing."""
    await _may(act, counter, ticket)
    away = await serving.ask_for_papers(act, counter, ticket)
    return await _done(act, "ticket_papers", away)


async def hand_over(
    act: Act, counter: str, ticket: UUID, to_counter: str | None, services: Sequence[str] = ()
) -> Ticket:
    """Let another counter go on with somebody, or somebody with another service."""
    await _may(act, counter, ticket)
    handed = await serving.hand_over(act, counter, ticket, to_counter, services)
    return await _done(act, "ticket_handed_over", handed)


async def bring_back(act: Act, ticket: UUID) -> Ticket:
    """Somebody is back, with papers or sooner than expected."""
    act.staff.must_serve(await station_of_ticket(act.conn, ticket))
    return await _done(act, "ticket_back", await serving.bring_back(act, ticket))


async def pause(act: Act, counter: str, paused: bool) -> Counter:
    """Pause a counter, or open it again."""
    await _may(act, counter)
    await serving.staff_counter(act, counter, paused)
    found = await load_counter(act, counter)
    await _staffed(act, "counter_paused" if paused else "counter_opened", found)
    return found


async def _may(act: Act, counter: str, ticket: UUID | None = None) -> None:
    act.staff.must_serve(await station_of_counter(act.conn, counter))
    if ticket is not None:
        act.staff.must_serve(await station_of_ticket(act.conn, ticket))


async def _staffed(act: Act, action: str, counter: Counter) -> None:
    await act.note(action, station=counter.station, number=counter.number)


async def _done(act: Act, action: str, ticket: Ticket) -> Ticket:
    where = {"number": ticket.number, "counter": ticket.counter_number}
    await act.note(action, matter=ticket.id, station=ticket.station, **where)
    return ticket
