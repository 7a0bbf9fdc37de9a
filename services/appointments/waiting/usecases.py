"""Use cases of the waiting list. All run in the caller's transaction; none commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.limits import COUNT_MATTERS, check_matters
from services.appointments.booking.queries import Appointment, load_appointment
from services.appointments.booking.usecases import book_kept
from services.appointments.booking.wishes import Seating
from services.appointments.line.domain import (
    ENDS_BEFORE,
    LONGEST_WAIT,
    FreeNow,
    NoLongerWaiting,
    NoSuchDay,
    OfferEnded,
    Outcome,
    Status,
    Suits,
)
from services.appointments.line.facts import NewEntry, left_fact
from services.appointments.line.looking import next_look
from services.appointments.line.queries import (
    Entry,
    SeatOffer,
    load_entry,
    load_open_offer,
    load_seat_offer,
)
from services.appointments.line.usecases import (
    add_entries,
    change_entry,
    end_offer,
    let_go,
    lock_line,
    note_outcome,
    pass_on,
)
from services.appointments.locks import Lock
from services.appointments.offer.domain import Kind, keys_of, of_kind
from services.appointments.offer.queries import Offer, grid_of, load_free_times, load_offer, lock_stop
from services.appointments.offer.refusals import UnknownChoice, check_choice
from services.appointments.persons.domain import CheckedPerson, Details
from shared import retention
from shared.act import Act
from shared.due import Claim
from shared.locks import note_lock
from shared.people import Person
from shared.problems import NotFound
from shared.statements import Query, Statement

FREE_SHOWN = 5

_ALONE = Statement("select pg_advisory_xact_lock(hashtextextended(:person_key, 0))")
_MATTERS = Query(int, f"select {COUNT_MATTERS}")
_WAITS_FOR_THE_SAME = Query(
    bool,
    """
    select exists (
        select from people p join waiting_entries e on e.id = p.matter
        where p.person_key = :person_key and e.status in ('waiting', 'offered')
          and e.services = cast(:services as text[]) and e.stations = cast(:stations as text[])
    )
""",
)
_FORGET = Statement("update waiting_entries set state = jsonb_set(state, '{contact}', 'null') where id = any(:ids)")


@dataclass(frozen=True, slots=True)
class WaitFor:
    """What somebody wants to be told of: services (a key as often as it is wanted), stations, days.

    Without stations any with counters will do. An appointment by video is another kind and waited for by itself, a stop
    by its key.
    """

    services: tuple[str, ...]
    stations: tuple[str, ...]
    weekdays: tuple[int, ...]
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class Checked:
    """What can be waited for: the stations that suit with the services wanted, and the days."""

    offer: Offer
    suits: Suits


async def check_wait(act: Act, wait: WaitFor) -> Checked:
    """See that there is something to wait for, and nothing that suits is free already.

    Raises:
        UnknownChoice, TooMany, NotTogether, NoSuchDay, FreeNow
    """
    today, grid = act.today, grid_of(act.tools.city)
    offer = await load_offer(act, services=wait.services)
    able = check_choice(offer, wait.services)
    named = [each for each in able if each.key in wait.stations]
    stations = named if wait.stations else of_kind(able, Kind.COUNTER)
    if len(named) < len(set(wait.stations)) or len({each.kind.in_person for each in stations}) != 1:
        raise UnknownChoice
    weekdays = tuple(sorted(set(wait.weekdays)))
    suits = Suits(tuple(each.key for each in stations), weekdays, max(wait.first_day, today), wait.last_day)
    if suits.last_day > today + LONGEST_WAIT or not suits.days(today, suits.last_day):
        raise NoSuchDay
    days = suits.days(today, grid.last_day(act.now))
    free = await load_free_times(act, stations, days, grid.slots_for(offer.services))
    in_time = sorted((start, key) for key, starts in free.items() for start in starts if start > act.now + ENDS_BEFORE)
    if in_time:
        raise FreeNow([(key, start) for start, key in in_time[:FREE_SHOWN]])
    return Checked(Offer(tuple(stations), offer.services), suits)


async def join(act: Act, id: UUID, wait: WaitFor, details: Details) -> Entry:
    """Join the waiting list, behind all others; WaitingListJoined is recorded.

    Args:
        id: chosen by the caller, so that a repeated request can be recognised by it.

    Raises:
        UnknownChoice, TooMany, NotTogether, NoSuchDay, FreeNow
        AppointmentsUsedUp: the person has too much, or waits for the same services at the same stations.
    """
    person = details.kept
    note_lock(act.conn, Lock.PERSON)
    await _ALONE.run(act.conn, {"person_key": act.tools.people.person_key(person)})
    # Before the lock: the next look holds this work's row while waiting for it.
    await act.schedule(next_look(act.now), once=True)
    await lock_line(act.conn)
    checked = await check_wait(act, wait)
    await _check_limits(act, person, checked)
    await add_entries(act, [NewEntry(id, checked.suits, checked.offer, details)])
    return await _known(act.conn, id)


async def take(act: Act, id: UUID, consent: str | None = None) -> Appointment:
    """Take an offered time: it becomes an appointment; AppointmentBooked and WaitingListLeft are recorded.

    Taken already, it is the same appointment.

    Args:
        consent: the version of the text the person agreed to; an appointment by video needs one.

    Raises:
        NotFound, OfferEnded, ConsentMissing
    """
    entry, offer = await _offered(act.conn, id, to_take=True)
    if offer.outcome is Outcome.TAKEN and (taken := await load_appointment(act.conn, id)):
        return taken
    person = await act.tools.people.load(act.conn, entry.id)
    if not offer.is_open(act.now) or person is None:
        raise OfferEnded
    found = await load_offer(act, offer.station, entry.services)
    seating = Seating(found, offer.counter, offer.starts_at, offer.ends_at)
    checked = CheckedPerson(person.name, person.mail, person.phone, entry.channels, person.remarks)
    details = Details(checked, entry.language, entry.interpreter, entry.state.page_language, consent)
    booked = await book_kept(act, id, seating, details)
    await note_outcome(act.conn, id, Outcome.TAKEN)
    await _end(act, entry, Status.BOOKED, appointment=id)
    return booked


async def decline(act: Act, id: UUID) -> Entry:
    """Decline an offered time: the entry keeps its turn, the seats pass on; SeatOfferEnded is recorded.

    Declined or expired already, nothing happens.

    Raises:
        NotFound, OfferEnded: it was taken or withdrawn.
    """
    await lock_line(act.conn)
    entry, offer = await _offered(act.conn, id)
    if offer.outcome in (Outcome.TAKEN, Outcome.WITHDRAWN):
        raise OfferEnded
    if offer.outcome is None:
        outcome = Outcome.DECLINED if offer.is_open(act.now) else Outcome.EXPIRED
        await _end_offer(act, entry, offer, outcome)
    return await _known(act.conn, entry.id)


async def leave(act: Act, id: UUID) -> Entry:
    """Leave the waiting list; what is offered passes on; WaitingListLeft is recorded. Left already, nothing happens.

    Raises:
        NotFound, NoLongerWaiting: an appointment was taken, or the last day is over.
    """
    await lock_line(act.conn)
    entry = await _known(act.conn, id, for_update=True)
    if entry.status in (Status.BOOKED, Status.OVER):
        raise NoLongerWaiting
    if entry.status.is_open:
        await _withdraw(act, entry, Status.LEFT)
    return await _known(act.conn, id)


async def expire_offer(act: Act, claim: Claim) -> None:
    """Pass on a time that was not taken in time; its entry goes behind all others. SeatOfferEnded is recorded."""
    await lock_line(act.conn)
    entry, offer = await _offered(act.conn, UUID(claim.key))
    if offer.outcome is None and not offer.is_open(act.now):
        await _end_offer(act, entry, offer, Outcome.EXPIRED)


async def end_wait(act: Act, claim: Claim) -> None:
    """The last day that suits is over: WaitingListLeft is recorded."""
    await lock_line(act.conn)
    entry = await _known(act.conn, UUID(claim.key), for_update=True)
    if entry.status.is_open:
        await _withdraw(act, entry, Status.OVER)


async def forget_waiting(conn: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Forget the sealed contacts of entries whose people have been forgotten."""
    await _FORGET.run(conn, {"ids": ids})


async def _check_limits(act: Act, person: Person, checked: Checked) -> None:
    values = {
        "person_key": act.tools.people.person_key(person),
        "services": keys_of(checked.offer.services),
        "stations": list(checked.suits.stations),
        "now": act.now,
    }
    matters = await _MATTERS.one(act.conn, values)
    waits_already = await _WAITS_FOR_THE_SAME.one(act.conn, values)
    check_matters(act, matters, waits_already)


async def _end_offer(act: Act, entry: Entry, offer: SeatOffer, outcome: Outcome) -> None:
    """The entry waits on, in its turn or behind all others; the seats pass on to somebody else."""
    await end_offer(act, entry, offer, outcome)
    await pass_on(act, await let_go(act.conn, offer.id))


async def _withdraw(act: Act, entry: Entry, status: Status) -> None:
    """End an entry, and whatever is offered to it."""
    offer = await load_open_offer(act.conn, entry.id)
    if offer:
        await note_outcome(act.conn, offer.id, Outcome.WITHDRAWN)
    await _end(act, entry, status)
    if offer:
        await pass_on(act, await let_go(act.conn, offer.id))


async def _end(act: Act, entry: Entry, status: Status, appointment: UUID | None = None) -> None:
    person = await act.tools.people.load(act.conn, entry.id)
    fact = left_fact(act.tools, entry, person, status, appointment)
    await change_entry(act, entry, fact, fact.entry, ended_at=act.now)
    await act.tools.people.forget_after(act.conn, entry.id, act.now + retention.PERSON_AFTER_MATTER)


async def _offered(conn: AsyncConnection, id: UUID, to_take: bool = False) -> tuple[Entry, SeatOffer]:
    """An offer and its entry, locked in the open transaction."""
    if (offer := await load_seat_offer(conn, id)) is None:
        raise NotFound
    if to_take:
        await lock_stop(conn, offer.station)
    entry = await _known(conn, offer.entry, for_update=True)
    # Whoever had the lock before may have ended the offer.
    offer = await load_seat_offer(conn, id)
    assert offer is not None, "offers are never deleted"
    return entry, offer


async def _known(conn: AsyncConnection, id: UUID, for_update: bool = False) -> Entry:
    if (entry := await load_entry(conn, id, for_update=for_update)) is None:
        raise NotFound
    return entry
