"""Calling people to a counter, and telling those who are near. All runs in the caller's transaction."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from services.appointments.locks import Lock
from services.appointments.queue.domain import NEAR
from services.appointments.queue.facts import fact_of
from services.appointments.queue.queries import (
    COLUMNS,
    IN_LINE,
    SOMEBODY_TO_TELL,
    TURN,
    Ticket,
    load_counter,
    load_ticket,
)
from services.appointments.queue.refusals import CounterBusy, TicketElsewhere
from shared.act import Act
from shared.events.tickets import TicketCalled, TicketNear
from shared.locks import note_lock
from shared.statements import Query, Statement

# Of two counters that call at once, each would count the other's ticket as waiting still, and nobody would be told.
_ONE_AT_A_TIME = Statement("select pg_advisory_xact_lock(hashtextextended('queue ' || :station, 0))")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Near(Ticket):
    """A ticket whose turn comes soon; `ahead` are the people that come before."""

    ahead: int


# A row that is locked is being called at this moment, and needs no telling.
_NEAR = Query(
    _Near,
    f"""
    with line as (
        select t.id, row_number() over (order by {TURN}) - 1 as ahead
        from tickets t where t.station = :station and t.day = :day and {IN_LINE}
    ), near as (
        select w.id, line.ahead from line join tickets w on w.id = line.id
        where line.ahead <= {NEAR} and w.to_be_told
        for update of w skip locked
    )
    update tickets t set to_be_told = false, version = version + 1
    from near where t.id = near.id
    returning {COLUMNS}, near.ahead
""",
)


async def tell_who_is_near(act: Act, gone: Ticket) -> None:
    """Record TicketNear for everybody who now has at most `domain.NEAR` people ahead, once each.

    Args:
        gone: the ticket that left the line in the open transaction.
    """
    if not gone.somebody_to_tell:
        return
    note_lock(act.conn, Lock.QUEUE)
    await _ONE_AT_A_TIME.run(act.conn, {"station": gone.station})
    near = await _NEAR.all(act.conn, {"station": gone.station, "day": gone.day, "now": act.now})
    await act.record_all([fact_of(TicketNear, each, ahead=each.ahead) for each in near])


# The same counter calling twice at once waits for itself here before it looks for somebody.
_STAFFED = """
    staffed as (
        insert into staffed_counters (counter, active_at, paused)
        select key, :now, false from counters where key = :counter
        on conflict (counter) do update set active_at = excluded.active_at, paused = false
        returning counter
    )
"""
_CALLED = f"""
    update tickets t
    set status = 'called', counter = :counter, calls = 1, called_at = :now, version = version + 1, for_counter = null,
        first_called_at = coalesce(t.first_called_at, :now), back_at = null, to_be_told = false
    from desired where t.id = desired.id
    returning {COLUMNS}, {SOMEBODY_TO_TELL}
"""


# Rows another counter has in hand are skipped, so two counters that call at once get two people and do not wait.
_CALL_NEXT = Query(
    Ticket,
    f"""
    with {_STAFFED}, desired as (
        select t.id from tickets t
        where exists (select from staffed)
          and t.station = (select station from counters where key = :counter) and t.day = :day
          and (t.for_counter is null or t.for_counter = :counter) and {IN_LINE}
          and not exists (select from tickets busy
                          where busy.counter = :counter and busy.status in ('called', 'serving'))
        order by {TURN} limit 1 for update skip locked
    )
    {_CALLED}
""",
)
_CALL_THIS = Query(
    Ticket,
    f"""
    with {_STAFFED}, desired as (
        select t.id from tickets t
        where exists (select from staffed)
          and t.station = (select station from counters where key = :counter) and t.day = :day
          and t.id = :ticket and t.status in ('waiting', 'papers')
          and not exists (select from tickets busy
                          where busy.counter = :counter and busy.status in ('called', 'serving'))
        for update skip locked
    )
    {_CALLED}
""",
)
_CALL_AGAIN = Query(
    Ticket,
    f"""
    update tickets t set calls = calls + 1, version = version + 1
    where t.id = :ticket and t.counter = :counter and t.status = 'called'
    returning {COLUMNS}
""",
)


async def call_next(act: Act, counter: str) -> Ticket | None:
    """Call whoever's turn it is to a counter, which is open from now on, called or not; TicketCalled is recorded.

    Returns:
        The ticket; None when nobody waits.

    Raises:
        NotFound: there is no such counter.
        CounterBusy: the person there has to be finished with first.
    """
    called = await _call(act, _CALL_NEXT, {"counter": counter})
    if called is None and (busy := (await load_counter(act, counter)).ticket):
        raise CounterBusy(busy)
    return called


async def call_this(act: Act, counter: str, ticket: UUID) -> Ticket:
    """Call somebody out of turn; TicketCalled is recorded.

    Raises:
        NotFound, CounterBusy
        TicketElsewhere: another counter was faster, or the ticket has ended.
    """
    called = await _call(act, _CALL_THIS, {"counter": counter, "ticket": ticket})
    if called is None:
        if busy := (await load_counter(act, counter)).ticket:
            raise CounterBusy(busy)
        raise TicketElsewhere(await load_ticket(act.conn, ticket))
    return called


async def call_again(act: Act, counter: str, ticket: UUID) -> Ticket:
    """Call somebody who did not come yet once more; TicketCalled is recorded.

    Raises:
        NotFound
        TicketElsewhere: the ticket is not called by this counter.
    """
    again = await _CALL_AGAIN.first(act.conn, {"counter": counter, "ticket": ticket})
    if again is None:
        raise TicketElsewhere(await load_ticket(act.conn, ticket))
    await act.record(fact_of(TicketCalled, again))
    return again


async def _call(act: Act, query: Query[Ticket], which: dict[str, object]) -> Ticket | None:
    note_lock(act.conn, Lock.TICKET)
    try:
        called = await query.first(act.conn, which | {"day": act.today, "now": act.now})
    except asyncpg.UniqueViolationError as error:
        # The same counter called twice at the same moment, and saw itself free both times.
        raise CounterBusy from error
    if called is None:
        return None
    await act.record(fact_of(TicketCalled, called))
    await tell_who_is_near(act, called)
    return called
