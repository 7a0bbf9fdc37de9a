"""Announcing, changing and lifting a closure.

A closure takes seats, as a booking does: a booking at the same moment either has the seat first, and then what was
confirmed no longer holds, or finds it taken. What becomes of the appointments that have its seats is decided with it,
in the same transaction; so is what was offered to those who wait, and seats that are freed pass on to them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.appointments.booking.changes import change_appointments
from services.appointments.closing.domain import LONGEST, Closure, Decision, decide, wanted_instead
from services.appointments.closing.facts import because_of, closed_fact, decided_fact
from services.appointments.closing.preview import (
    AlreadyLifted,
    DaysUnfit,
    HoursUnfit,
    Preview,
    PreviewOutdated,
    StationFixed,
    StillBooked,
    load_preview,
)
from services.appointments.closing.queries import closures_in_force, find
from services.appointments.line.domain import Outcome
from services.appointments.line.queries import load_offers_of
from services.appointments.line.usecases import end_offer, lock_line, pass_on_all
from services.appointments.locks import Lock
from services.appointments.offer.queries import load_offer
from services.appointments.queue.ending import move_end, send_home
from services.appointments.seats.domain import WantedSeat
from services.appointments.seats.usecases import give_seats, release_seats
from shared.act import Act
from shared.events.base import About
from shared.locks import note_lock
from shared.statements import Statement

CLOSED = "closed"
LIFTED = "closure-lifted"
"""What the audit log calls these deeds."""

# Closures of one station wait for each other; bookings, which refer to the station's key, do not wait.
_ONE_AT_A_TIME = Statement("select from stations where key = :station for no key update")
_SAVE = Statement("""
    insert into closures (key, version, station, first_day, last_day, reason, counter, from_time, until_time)
    values (:id, :version, :station, :first_day, :last_day, :reason, :counter, :from_time, :until_time)
    on conflict (key) do update set version = excluded.version, first_day = excluded.first_day,
        last_day = excluded.last_day, reason = excluded.reason, counter = excluded.counter,
        from_time = excluded.from_time, until_time = excluded.until_time
""")
_LIFT = Statement("update closures set version = :version, lifted_at = :now where key = :id")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What staff confirmed: the preview they saw, what they want for all, and for some appointments by number."""

    preview: str
    for_all: Decision | None = None
    by_number: Mapping[str, Decision] = field(default_factory=dict)


async def preview(act: Act, wanted: Closure) -> Preview:
    """The people a closure would concern, and what is proposed for each.

    Raises:
        Forbidden: not one of the caller's stations.
        DaysUnfit, HoursUnfit, UnknownChoice, AlreadyLifted, StationFixed
    """
    act.staff.must_serve(wanted.station)
    _, closure = await _next(act, wanted)
    return await load_preview(act, closure)


async def close(act: Act, wanted: Closure, confirmed: Confirmation | None = None) -> Closure:
    """Close a station or a counter, or change a closure, and decide on every appointment it concerns.

    Holds at these times end. StationClosed is recorded, and for each appointment AppointmentRescheduled,
    AlternativeOffered or AppointmentCancelled, which it is the cause of, as of SeatOfferEnded for what was offered to
    those who wait. Seats it frees pass on to them. People waiting in the hall now, where no counter stays open, go
    home: TicketClosed is recorded for each. Asked for what is already so, nothing changes.

    Args:
        wanted: its id is the caller's choice; its version does not count.
        confirmed: not needed where the closure concerns nobody.

    Raises:
        Forbidden: not one of the caller's stations.
        DaysUnfit, HoursUnfit, UnknownChoice, AlreadyLifted, StationFixed
        StillBooked: it concerns somebody, and nothing was confirmed.
        PreviewOutdated: something else was confirmed.
    """
    act.staff.must_serve(wanted.station)
    note_lock(act.conn, Lock.STATION)
    await _ONE_AT_A_TIME.run(act.conn, {"station": wanted.station})
    known, closure = await _next(act, wanted)
    if closure == known:
        return known
    shown = await load_preview(act, closure, for_update=True)
    if confirmed is None and (shown.rows or shown.waiting):
        raise StillBooked(len(shown.rows), shown.waiting)
    if confirmed and confirmed.preview != shown.version:
        raise PreviewOutdated(shown)
    given = confirmed or Confirmation(shown.version)
    decided = [
        decide(row.proposal, given.by_number.get(row.concerned.appointment.number, given.for_all)) for row in shown.rows
    ]
    await lock_line(act.conn)
    offered = await load_offers_of(act.conn, shown.seats)
    ids = [row.concerned.appointment.id for row in shown.rows]
    wanted_seats = [*_closed_seats(shown), *wanted_instead(ids, decided, act.now)]
    giving_way = [*ids, *(offer.id for _, offer in offered)]
    async with act.attempt() as taking:
        let_go = await release_seats(act.conn, closure.id)
        others, left_over = await give_seats(act, wanted_seats, giving_way, closure.id)
        if others:
            await taking.rollback()
    if others and confirmed is None:
        raise StillBooked(others)
    if others:
        raise PreviewOutdated(await load_preview(act, closure))
    await _SAVE.run(act.conn, _row(closure))
    await take_for_closures(act, closure.station, but=closure.id)
    following = act.caused_by(await act.record(closed_fact(closure, shown.stations[closure.station])))
    facts = [
        decided_fact(because_of(closure), row.concerned.appointment, proposal, shown.stations, act.now)
        for row, proposal in zip(shown.rows, decided, strict=True)
    ]
    await change_appointments(following, facts, closure=closure.id)
    for entry, offer in offered:
        outcome = Outcome.WITHDRAWN if offer.is_open(act.now) else Outcome.EXPIRED
        about = About(id=closure.id, version=closure.version)
        await end_offer(following, entry, offer, outcome, about=about)
    if shown.waiting:
        await send_home(following, closure.station, About(id=closure.id, version=closure.version))
    await _move_end(act, closure.station)
    await pass_on_all(act, {*let_go, *left_over}.difference(shown.seats))
    counts = Counter(proposal.decision.value for proposal in decided)
    if shown.waiting:
        counts["tickets"] = shown.waiting
    await act.note(CLOSED, matter=closure.id, station=closure.station, **counts)
    return closure


async def lift(act: Act, id: UUID) -> Closure:
    """Lift a closure: its seats pass on to who waits for them, or are free again; StationClosed says so.

    Another closure that wants some of them has them first. Those moved stay so. Lifted twice, nothing changes.

    Raises:
        Forbidden: there is none at the caller's stations.
        NotFound: there is none at all, and the caller serves every station.
    """
    known = act.staff.own(await find(act.conn, id))
    note_lock(act.conn, Lock.STATION)
    await _ONE_AT_A_TIME.run(act.conn, {"station": known.station})
    known = act.staff.own(await find(act.conn, id))
    if known.lifted:
        return known
    lifted = replace(known, version=known.version + 1, lifted=True)
    await lock_line(act.conn)
    freed = await release_seats(act.conn, id)
    await _LIFT.run(act.conn, {"id": id, "version": lifted.version, "now": act.now})
    await take_for_closures(act, lifted.station, but=id)
    offer = await load_offer(act, lifted.station, [])
    await act.record(closed_fact(lifted, offer.stations[0]))
    await move_end(act, offer.stations[0])
    await pass_on_all(act, freed)
    await act.note(LIFTED, matter=lifted.id, station=lifted.station)
    return lifted


async def _move_end(act: Act, station: str) -> None:
    """Let the station's queue of today end with the hours that are left."""
    offer = await load_offer(act, station, [])
    await move_end(act, offer.stations[0])


async def _next(act: Act, wanted: Closure) -> tuple[Closure | None, Closure]:
    """The closure known by an id, and what it is to be: the same where that is what is wanted."""
    known = await find(act.conn, wanted.id)
    if known:
        act.staff.must_serve(known.station)
    if known and known.lifted:
        raise AlreadyLifted
    if known and known.station != wanted.station:
        raise StationFixed
    today = act.today
    last = min(wanted.first_day, today + LONGEST) + LONGEST
    if not max(today, wanted.first_day) <= wanted.last_day <= last:
        raise DaysUnfit
    hours = (wanted.from_time, wanted.until_time)
    if hours.count(None) == 1 or (wanted.from_time and wanted.until_time and wanted.from_time >= wanted.until_time):
        raise HoursUnfit
    if known and replace(wanted, version=known.version) == known:
        return known, known
    return known, replace(wanted, version=known.version + 1 if known else 1, lifted=False)


async def take_for_closures(act: Act, station: str, but: UUID | None = None) -> None:
    """Give the closures of a station what is free of the seats they want: another let go of them, or they are new.

    Args:
        but: the closure that has all it wants.
    """
    for each in await closures_in_force(act.conn, [station], act.today):
        if each.id != but:
            await give_seats(act, _closed_seats(await load_preview(act, each)), [], each.id)


def _closed_seats(shown: Preview) -> list[WantedSeat]:
    return [(seat, shown.closure.id, None) for seat in shown.seats]


def _row(closure: Closure) -> dict[str, object]:
    return {
        "id": closure.id,
        "version": closure.version,
        "station": closure.station,
        "first_day": closure.first_day,
        "last_day": closure.last_day,
        "reason": closure.reason,
        "counter": closure.counter,
        "from_time": closure.from_time,
        "until_time": closure.until_time,
    }
