"""Passing freed seats on to those who wait, in the transaction that frees them: nobody else can have them between.

Everybody who changes the line holds its lock until the end of their transaction. It comes after the lock on an
appointment and before seats, freed or taken: a closure takes seats that others are about to free.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.line.domain import Opening, Outcome, answer_until, fitting
from services.appointments.line.facts import NewEntry, ended_fact, joined_fact, offered_fact
from services.appointments.line.queries import Entry, SeatOffer, line
from services.appointments.locks import Lock
from services.appointments.offer.domain import (
    Audience,
    Station,
    able,
    counters_open_at,
    duration_of,
    keys_of,
    run_of,
    slots_on,
)
from services.appointments.offer.queries import grid_of, load_offer
from services.appointments.offer.ranking import ranked
from services.appointments.seats.domain import Seat
from services.appointments.seats.usecases import load_seats, release_seats, take_seats
from shared.act import Act
from shared.clock import BERLIN
from shared.due import Urgency, Work
from shared.events.appointments import WaitingState
from shared.events.base import About, Fact
from shared.locks import note_lock
from shared.statements import Query, Statement
from shared.tools import Tools

OFFER_EXPIRY = "offer-expiry"

_LOCK = Statement("select pg_advisory_xact_lock(hashtext('waiting list'))")
_SOMEBODY_WAITS = Query(bool, "select exists (select from waiting_entries where status = 'waiting')")
_OFFER = Statement("""
    insert into seat_offers (id, entry, station, counter, starts_at, ends_at, until)
    values (:id, :entry, :station, :counter, :starts_at, :ends_at, :until)
""")
_END_OFFER = Statement("update seat_offers set outcome = :outcome where id = :id")
_NEXT_TURN = Query(int, "select nextval('waiting_turns')")
_CHANGE = Statement("""
    update waiting_entries
    set version = :version, status = :status, turn = :turn, state = cast(:state as jsonb), ended_at = :ended_at
    where id = :id
""")


async def lock_line(conn: AsyncConnection) -> None:
    """Let nobody else change the line before this transaction ends."""
    note_lock(conn, Lock.LINE, "line")
    await _LOCK.run(conn)


async def let_go(conn: AsyncConnection, owner: UUID) -> list[Seat]:
    """Free the seats of an appointment, hold or offer, to be passed on in the same transaction."""
    if not await load_seats(conn, owner):
        return []
    await lock_line(conn)
    return await release_seats(conn, owner)


async def pass_on(act: Act, freed: Collection[Seat]) -> None:
    """Offer freed seats to the first in line they fit, as long as they fit anybody; the rest is free for everybody.

    Args:
        freed: of one counter and day, freed in this transaction, which holds the lock of the line.
    """
    while freed and await _SOMEBODY_WAITS.one(act.conn):
        opening, station = await _opening(act, freed)
        if not await _offer_to_first(act, opening, station):
            return


async def pass_on_all(act: Act, freed: Collection[Seat]) -> None:
    """Offer freed seats of several counters and days to those who wait, the earliest day first.

    Args:
        freed: in this transaction, which holds the lock of the line; what is over or cannot be booked yet is left out.
    """
    last_day = grid_of(act.tools.city).last_day(act.now)
    by_day: dict[tuple[date, str], list[Seat]] = defaultdict(list)
    for counter, start in freed:
        day = start.astimezone(BERLIN).date()
        if start > act.now and day <= last_day:
            by_day[day, counter].append((counter, start))
    for _, seats in sorted(by_day.items()):
        await pass_on(act, seats)


async def offer_time(act: Act, entry: Entry, station: str, start: datetime) -> bool:
    """Keep a time for an entry and tell it; the open transaction holds the lock of the line.

    Whatever freed the time, its offer begins a chain: somebody who is offered a second one is told of it, too.

    Returns:
        False where it is not in the offer for the entry's services, the person is forgotten and cannot be told, or
        somebody else takes a seat just now.
    """
    offer = await load_offer(act, station, entry.services)
    grid, id, until = grid_of(act.tools.city), uuid4(), answer_until(act.now, start)
    person = await act.tools.people.load(act.conn, entry.id)
    found = next(iter(able(offer.stations, offer.services)), None)
    if found is None or until is None or person is None or grid.slots_for(offer.services) != entry.seats:
        return False
    counters = counters_open_at(found, start, entry.seats, grid, act.now)
    order = ranked(counters, found, counters, entry.interpreter)
    taken = await take_seats(act, id, order, run_of(start, entry.seats, grid), None)
    if taken is None:
        return False
    made = SeatOffer(id, entry.id, station, taken[0], start, start + duration_of(offer.services), until)
    values = {
        "id": id,
        "entry": entry.id,
        "station": station,
        "counter": made.counter,
        "starts_at": start,
        "ends_at": made.ends_at,
        "until": until,
    }
    await _OFFER.run(act.conn, values)
    fact = offered_fact(act.tools, entry, person, made, found)
    await change_entry(act.caused_by(None), entry, fact, fact.entry)
    await act.schedule(Work(OFFER_EXPIRY, str(id), until, Urgency.URGENT))
    return True


async def note_outcome(conn: AsyncConnection, offer: UUID, outcome: Outcome) -> None:
    """Note how an offer ended."""
    await _END_OFFER.run(conn, {"id": offer, "outcome": outcome})


async def end_offer(act: Act, entry: Entry, offer: SeatOffer, outcome: Outcome, *, about: About | None = None) -> None:
    """End an offer that was not taken; SeatOfferEnded is recorded. What becomes of its seats is up to the caller.

    The entry waits on in its turn, or behind all others where it let the offer expire.

    Args:
        about: what it rests on, if it was withdrawn.
    """
    await note_outcome(act.conn, offer.id, outcome)
    fact = ended_fact(act.tools, entry, await act.tools.people.load(act.conn, entry.id), outcome, about)
    behind = await _NEXT_TURN.one(act.conn) if outcome is Outcome.EXPIRED else None
    await change_entry(act, entry, fact, fact.entry, turn=behind)


async def change_entry(
    act: Act,
    entry: Entry,
    fact: Fact,
    state: WaitingState,
    *,
    turn: int | None = None,
    ended_at: datetime | None = None,
) -> None:
    """Save what became of an entry, and record the fact that says so.

    Args:
        turn: its new turn, where it goes behind.
    """
    values = {
        "id": entry.id,
        "version": fact.version,
        "status": state.status,
        "turn": turn or entry.turn,
        "state": state.model_dump_json(),
        "ended_at": ended_at,
    }
    await _CHANGE.run(act.conn, values)
    await act.record(fact)


@dataclass(frozen=True, slots=True)
class _Day:
    """A day of a counter; `taken` are the starts of its seats that are not free."""

    station: str
    taken: frozenset[datetime]


_DAY = Query(
    _Day,
    """
    select c.station, array(
        select starts_at from seats s
        where s.counter = c.key and s.starts_at >= :first and s.starts_at < :last
          and (s.until is null or s.until > :now)
    ) as taken
    from counters c where c.key = :counter
""",
)


async def _opening(act: Act, freed: Collection[Seat]) -> tuple[Opening, Station]:
    """What is free at the counter of freed seats; nothing of it where the station does not open then."""
    [counter] = {counter for counter, _ in freed}
    starts = frozenset(start for _, start in freed)
    day, grid = min(starts).astimezone(BERLIN).date(), grid_of(act.tools.city)
    first = datetime.combine(day, time(), BERLIN)
    last = datetime.combine(day + timedelta(days=1), time(), BERLIN)
    values = {"counter": counter, "first": first, "last": last, "now": act.now}
    found = await _DAY.one(act.conn, values)
    [station] = (await load_offer(act, found.station, ())).stations
    place = station.counters.index(counter)
    slots = slots_on(station.open_to(Audience.PUBLIC, ()), day, grid) if day <= grid.last_day(act.now) else {}
    open_slots = (slot for slot, counters in slots.items() if place < counters)
    free = tuple(slot for slot in open_slots if slot > act.now and slot not in found.taken)
    return Opening(station.key, free, starts), station


async def _offer_to_first(act: Act, opening: Opening, station: Station) -> bool:
    """Offer one time of an opening to the first in line it fits; whether there was anybody."""
    grid = grid_of(act.tools.city)
    longest = opening.longest(grid)
    if not longest:
        return False
    day = opening.free[0].astimezone(BERLIN).date()
    async for entry in line(act.conn, station.key, day, longest):
        for start in fitting(entry.wanted, opening, grid, act.now):
            if await offer_time(act, entry, station.key, start):
                return True
    return False


LAST_DAY = "waiting-last-day"


_JOIN = Statement("""
    insert into waiting_entries (id, version, status, turn, services, seats, stations, weekdays, first_day, last_day,
                                 language, interpreter, channels, state)
    values (:id, 1, 'waiting', nextval('waiting_turns'), :services, :seats, :stations, :weekdays, :first_day, :last_day,
            :language, :interpreter, :channels, cast(:state as jsonb))
""")


async def add_entries(act: Act, entries: Sequence[NewEntry]) -> None:
    """Add entries behind all others, in order; WaitingListJoined is recorded for each.

    Args:
        entries: the open transaction holds the lock of the line.
    """
    if not entries:
        return
    facts = [joined_fact(act.tools, each) for each in entries]
    rows = [
        _row(act.tools, each) | {"state": fact.entry.model_dump_json()}
        for each, fact in zip(entries, facts, strict=True)
    ]
    await _JOIN.run_each(act.conn, rows)
    await act.tools.people.save_all(act.conn, {each.id: each.details.kept for each in entries})
    await act.record_all(list(facts))
    await act.schedule(*[_over(each) for each in entries])


def _row(tools: Tools, entry: NewEntry) -> dict[str, object]:
    suits, details = entry.suits, entry.details
    return {
        "id": entry.id,
        "services": keys_of(entry.offer.services),
        "seats": grid_of(tools.city).slots_for(entry.offer.services),
        "stations": list(suits.stations),
        "weekdays": list(suits.weekdays),
        "first_day": suits.first_day,
        "last_day": suits.last_day,
        "language": details.language,
        "interpreter": details.interpreter,
        "channels": list(details.person.channels),
    }


def _over(entry: NewEntry) -> Work:
    over = datetime.combine(entry.suits.last_day + timedelta(days=1), time(), BERLIN)
    return Work(LAST_DAY, str(entry.id), over, Urgency.REMINDER)
