"""What becomes of somebody a counter has called. All runs in the caller's transaction; nothing commits."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.changes import note_arrival, note_missed
from services.appointments.booking.queries import load_appointment
from services.appointments.locks import Lock
from services.appointments.offer.domain import keys_of
from services.appointments.offer.queries import load_offer
from services.appointments.offer.refusals import check_choice
from services.appointments.queue.domain import Status, is_for
from services.appointments.queue.facts import Particulars, fact_of, particulars_of
from services.appointments.queue.queries import CLOSED, CLOSING, COLUMNS, Ticket, load_counter, load_ticket
from services.appointments.queue.refusals import TicketElsewhere
from shared.act import Act
from shared.events.tickets import TicketClosed, TicketOutcome, TicketPutBack
from shared.problems import NotFound
from shared.statements import Query, Statement

_WORKED = """
    processing = case when begun_at is null then processing
                 else coalesce(processing, interval '0') + (cast(:now as timestamptz) - begun_at) end,
    begun_at = null, version = version + 1
"""
_BEGIN = Query(
    Ticket,
    f"""
    update tickets t set status = 'serving', begun_at = :now,
           way = coalesce(way, interval '0') + (cast(:now as timestamptz) - called_at)
    where t.id = :ticket and t.counter = :counter and t.status = 'called' returning {COLUMNS}
""",
)
_CLOSE = Query(
    Ticket,
    f"""
    update tickets t set status = 'closed', outcome = :outcome, closed_at = :now, {CLOSING}, {_WORKED}
    where t.id = :ticket and t.counter = :counter and t.status in ('called', 'serving') returning {CLOSED}
""",
)
_PUT_BACK = Query(
    Ticket,
    f"""
    update tickets t set status = :status, back_at = cast(:back_at as timestamptz),
           for_counter = cast(:for_counter as text), services = coalesce(cast(:services as text[]), services),
           particulars = coalesce(cast(:particulars as jsonb), particulars), {_WORKED}
    where t.id = :ticket and t.counter = :counter and t.status in ('called', 'serving') returning {COLUMNS}
""",
)
_BACK = Query(
    Ticket,
    f"""
    update tickets t set status = 'waiting', back_at = :now
    where id = :ticket and (status = 'papers' or status = 'waiting' and back_at > :now) returning {COLUMNS}
""",
)
_STAFF = Statement("""
    insert into staffed_counters (counter, active_at, paused) values (:counter, :now, :paused)
    on conflict (counter) do update set active_at = excluded.active_at, paused = excluded.paused
""")


async def begin(act: Act, counter: str, ticket: UUID) -> Ticket:
    """The person called has come to the counter. Said twice it changes nothing.

    Raises:
        NotFound
        TicketElsewhere: the ticket is not at this counter.
    """
    begun = await _BEGIN.first(act.conn, {"counter": counter, "ticket": ticket, "now": act.now})
    if begun is not None:
        return begun
    found = await load_ticket(act.conn, ticket)
    if (found.status, found.counter) != (Status.SERVING, counter):
        raise TicketElsewhere(found)
    return found


async def close(
    act: Act, counter: str, ticket: UUID, outcome: Literal[TicketOutcome.SERVED, TicketOutcome.MISSED]
) -> Ticket:
    """Finish with somebody, or note that they did not come; TicketClosed is recorded.

    Not coming misses the appointment too: AppointmentMissed is recorded. Before it begins nobody can miss it;
    then they wait, and stand in front of all others from its start on. TicketPutBack is recorded.

    Raises:
        NotFound
        TicketElsewhere: the ticket is not at this counter.
    """
    found = await load_ticket(act.conn, ticket)
    # Locked before the ticket, as by everybody who has to do with both.
    expected = await load_appointment(act.conn, found.appointment, lock=Lock.APPOINTMENT) if found.appointment else None
    if expected and not is_for(found.station, expected.station, expected.status, expected.starts_at, act.now):
        expected = None
    if expected and outcome is TicketOutcome.MISSED and act.now < expected.starts_at:
        return await park(act, counter, ticket, expected.starts_at - act.now)
    values = {"counter": counter, "ticket": ticket, "outcome": outcome.value, "now": act.now}
    closed = await _here(act.conn, _CLOSE, values)
    await act.record(fact_of(TicketClosed, closed))
    if expected and outcome is TicketOutcome.MISSED:
        await note_missed(act, expected)
    elif expected:
        await note_arrival(act.conn, expected.id)
    return closed


async def park(act: Act, counter: str, ticket: UUID, back_in: timedelta) -> Ticket:
    """Send somebody to wait for a while; then they stand in front of all others. TicketPutBack is recorded.

    Raises:
        NotFound
        TicketElsewhere: the ticket is not at this counter.
    """
    return await _put_back(act, counter, ticket, "parked", {"back_at": act.now + back_in})


async def ask_for_papers(act: Act, counter: str, ticket: UUID) -> Ticket:
    """Let somebody fetch what is missing; `bring_back` puts them in front of all others. TicketPutBack is recorded.

    Raises:
        NotFound
        TicketElsewhere: the ticket is not at this counter.
    """
    return await _put_back(act, counter, ticket, "papers", {"status": Status.PAPERS.value})


async def hand_over(
    act: Act, counter: str, ticket: UUID, to_counter: str | None = None, services: Sequence[str] | None = None
) -> Ticket:
    """Let another counter go on with somebody, who stands in front of all others. TicketPutBack is recorded.

    Args:
        to_counter: only this one calls them next; None lets any.
        services: what they need now; None where that has not changed.

    Raises:
        NotFound: no such ticket, or no such counter at this station.
        UnknownChoice, TooMany, NotTogether
        TicketElsewhere: the ticket is not at this counter.
    """
    found = await load_ticket(act.conn, ticket)
    if to_counter and (await load_counter(act, to_counter)).station != found.station:
        raise NotFound
    changed: dict[str, object] = {"back_at": act.now, "for_counter": to_counter}
    if services:
        offer = await load_offer(act, found.station, services)
        check_choice(offer, services)
        known = Particulars.model_validate(found.particulars)
        new = known.model_copy(update={"services": particulars_of(offer, known.closes_at).services})
        changed |= {"services": keys_of(offer.services), "particulars": new.model_dump_json()}
    return await _put_back(act, counter, ticket, "handed_over", changed)


async def bring_back(act: Act, ticket: UUID) -> Ticket:
    """Somebody is back, with papers or sooner than expected, and stands in front of all others.

    Raises:
        NotFound
        TicketElsewhere: nobody waits for them to come back.
    """
    back = await _BACK.first(act.conn, {"ticket": ticket, "now": act.now})
    if back is None:
        raise TicketElsewhere(await load_ticket(act.conn, ticket))
    return back


async def staff_counter(act: Act, counter: str, paused: bool) -> None:
    """Open a counter, or pause: a paused one does not count when waits are estimated. The next call opens it again.

    Raises:
        NotFound: there is no such counter.
    """
    await load_counter(act, counter)
    await _STAFF.run(act.conn, {"counter": counter, "now": act.now, "paused": paused})


async def _put_back(
    act: Act, counter: str, ticket: UUID, reason: Literal["parked", "papers", "handed_over"], changed: dict[str, object]
) -> Ticket:
    usual = {"status": Status.WAITING.value, "back_at": None, "for_counter": None, "services": None}
    values = {"counter": counter, "ticket": ticket, "now": act.now, "particulars": None}
    waiting = await _here(act.conn, _PUT_BACK, values | usual | changed)
    await act.record(fact_of(TicketPutBack, waiting, reason=reason))
    return waiting


async def _here(conn: AsyncConnection, query: Query[Ticket], values: dict[str, object]) -> Ticket:
    changed = await query.first(conn, values)
    if changed is None:
        raise TicketElsewhere(await load_ticket(conn, UUID(str(values["ticket"]))))
    return changed
