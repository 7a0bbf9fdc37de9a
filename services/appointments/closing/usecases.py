"""Announcing, changing and lifting a closure.

A closure takes seats, as a booking does: a booking at the same moment either has the seat first, and then what was
confirmed no longer holds, or finds it taken. What becomes of the appointments that have its seats is decided with it,
in the same transaction; so is what was offered to those who wait, and seats that are freed pass on to them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.many import change_appointments
from services.appointments.booking.seats import release_seats
from services.appointments.closing.carrying_out import Wanted, take_seats, wanted_instead
from services.appointments.closing.domain import LONGEST, Closure, Decision, decide
from services.appointments.closing.facts import because_of, closed_fact, decided_fact
from services.appointments.closing.preview import Preview, load_preview
from services.appointments.closing.queries import closures_in_force, find
from services.appointments.closing.refusals import (
    AlreadyLifted,
    DaysUnfit,
    HoursUnfit,
    PreviewOutdated,
    StationFixed,
    StillBooked,
)
from services.appointments.offer.queries import load_offer
from services.appointments.queue.ending import move_end, send_home
from services.appointments.waiting.domain import Outcome
from services.appointments.waiting.line import end_offer, lock_line, pass_on_all
from services.appointments.waiting.queries import load_offers_of
from shared.audit import note
from shared.auth import Caller
from shared.clock import BERLIN
from shared.events.base import About
from shared.tools import Tools

CLOSED = "closed"
LIFTED = "closure-lifted"
"""What the audit log calls these deeds."""

# Closures of one station wait for each other; bookings, which refer to the station's key, do not wait.
_ONE_AT_A_TIME = text("select from stations where key = :station for no key update")
_SAVE = text("""
    insert into closures (key, version, station, first_day, last_day, reason, counter, from_time, until_time)
    values (:id, :version, :station, :first_day, :last_day, :reason, :counter, :from_time, :until_time)
    on conflict (key) do update set version = excluded.version, first_day = excluded.first_day,
        last_day = excluded.last_day, reason = excluded.reason, counter = excluded.counter,
        from_time = excluded.from_time, until_time = excluded.until_time
""")
_LIFT = text("update closures set version = :version, lifted_at = :now where key = :id")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What staff confirmed: the preview they saw, what they want for all, and for some appointments by number."""

    preview: str
    for_all: Decision | None = None
    by_number: Mapping[str, Decision] = field(default_factory=dict)


async def preview(conn: AsyncConnection, tools: Tools, who: Caller, wanted: Closure, now: datetime) -> Preview:
    """The people a closure would concern, and what is proposed for each.

    Raises:
        Forbidden: not one of the caller's stations.
        DaysUnfit, HoursUnfit, UnknownChoice, AlreadyLifted, StationFixed
    """
    who.must_serve(wanted.station)
    _, closure = await _next(conn, who, wanted, now)
    return await load_preview(conn, tools, closure, now)


async def close(
    conn: AsyncConnection,
    tools: Tools,
    who: Caller,
    wanted: Closure,
    now: datetime,
    confirmed: Confirmation | None = None,
) -> Closure:
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
    who.must_serve(wanted.station)
    await conn.execute(_ONE_AT_A_TIME, {"station": wanted.station})
    known, closure = await _next(conn, who, wanted, now)
    if closure == known:
        return known
    shown = await load_preview(conn, tools, closure, now, for_update=True)
    if confirmed is None and (shown.rows or shown.waiting):
        raise StillBooked(len(shown.rows), shown.waiting)
    if confirmed and confirmed.preview != shown.version:
        raise PreviewOutdated(shown)
    given = confirmed or Confirmation(shown.version)
    decided = [
        decide(row.proposal, given.by_number.get(row.concerned.appointment.number, given.for_all)) for row in shown.rows
    ]
    await lock_line(conn)
    offered = await load_offers_of(conn, shown.seats)
    taking = await conn.begin_nested()
    let_go = await release_seats(conn, closure.id)
    ids = [row.concerned.appointment.id for row in shown.rows]
    wanted_seats = [*_closed_seats(shown), *wanted_instead(ids, decided, now)]
    giving_way = [*ids, *(offer.id for _, offer in offered)]
    others, left_over = await take_seats(conn, wanted_seats, giving_way, now, closure.id)
    if others:
        await taking.rollback()
        if confirmed is None:
            raise StillBooked(others)
        raise PreviewOutdated(await load_preview(conn, tools, closure, now))
    await taking.commit()
    await conn.execute(_SAVE, _row(closure))
    await take_for_closures(conn, tools, closure.station, now, but=closure.id)
    cause = await tools.outbox.record(conn, closed_fact(closure, shown.stations[closure.station]))
    facts = [
        decided_fact(because_of(closure), row.concerned.appointment, proposal, shown.stations, now)
        for row, proposal in zip(shown.rows, decided, strict=True)
    ]
    await change_appointments(conn, tools, facts, cause, now, closure=closure.id)
    for entry, offer in offered:
        outcome = Outcome.WITHDRAWN if offer.is_open(now) else Outcome.EXPIRED
        about = About(id=closure.id, version=closure.version)
        await end_offer(conn, tools, entry, offer, outcome, about=about, cause=cause)
    if shown.waiting:
        await send_home(conn, tools, closure.station, now, About(id=closure.id, version=closure.version), cause)
    await _move_end(conn, tools, closure.station, now)
    await pass_on_all(conn, tools, {*let_go, *left_over}.difference(shown.seats), now)
    counts = Counter(proposal.decision.value for proposal in decided)
    if shown.waiting:
        counts["tickets"] = shown.waiting
    await note(conn, who, CLOSED, now, matter=closure.id, station=closure.station, **counts)
    return closure


async def lift(conn: AsyncConnection, tools: Tools, who: Caller, id: UUID, now: datetime) -> Closure:
    """Lift a closure: its seats pass on to who waits for them, or are free again; StationClosed says so.

    Another closure that wants some of them has them first. Those moved stay so. Lifted twice, nothing changes.

    Raises:
        Forbidden: there is none at the caller's stations.
        NotFound: there is none at all, and the caller serves every station.
    """
    known = who.own(await find(conn, id))
    await conn.execute(_ONE_AT_A_TIME, {"station": known.station})
    known = who.own(await find(conn, id))
    if known.lifted:
        return known
    lifted = replace(known, version=known.version + 1, lifted=True)
    await lock_line(conn)
    freed = await release_seats(conn, id)
    await conn.execute(_LIFT, {"id": id, "version": lifted.version, "now": now})
    await take_for_closures(conn, tools, lifted.station, now, but=id)
    offer = await load_offer(conn, now.astimezone(BERLIN).date(), lifted.station, [])
    await tools.outbox.record(conn, closed_fact(lifted, offer.stations[0]))
    await move_end(conn, tools, offer.stations[0], now)
    await pass_on_all(conn, tools, freed, now)
    await note(conn, who, LIFTED, now, matter=lifted.id, station=lifted.station)
    return lifted


async def _move_end(conn: AsyncConnection, tools: Tools, station: str, now: datetime) -> None:
    """Let the station's queue of today end with the hours that are left."""
    offer = await load_offer(conn, now.astimezone(BERLIN).date(), station, [])
    await move_end(conn, tools, offer.stations[0], now)


async def _next(conn: AsyncConnection, who: Caller, wanted: Closure, now: datetime) -> tuple[Closure | None, Closure]:
    """The closure known by an id, and what it is to be: the same where that is what is wanted."""
    known = await find(conn, wanted.id)
    if known:
        who.must_serve(known.station)
    if known and known.lifted:
        raise AlreadyLifted
    if known and known.station != wanted.station:
        raise StationFixed
    today = now.astimezone(BERLIN).date()
    last = min(wanted.first_day, today + LONGEST) + LONGEST
    if not max(today, wanted.first_day) <= wanted.last_day <= last:
        raise DaysUnfit
    hours = (wanted.from_time, wanted.until_time)
    if hours.count(None) == 1 or (wanted.from_time and wanted.until_time and wanted.from_time >= wanted.until_time):
        raise HoursUnfit
    if known and replace(wanted, version=known.version) == known:
        return known, known
    return known, replace(wanted, version=known.version + 1 if known else 1, lifted=False)


async def take_for_closures(
    conn: AsyncConnection, tools: Tools, station: str, now: datetime, but: UUID | None = None
) -> None:
    """Give the closures of a station what is free of the seats they want: another let go of them, or they are new.

    Args:
        but: the closure that has all it wants.
    """
    for each in await closures_in_force(conn, [station], now.astimezone(BERLIN).date()):
        if each.id != but:
            await take_seats(conn, _closed_seats(await load_preview(conn, tools, each, now)), [], now, each.id)


def _closed_seats(shown: Preview) -> list[Wanted]:
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
