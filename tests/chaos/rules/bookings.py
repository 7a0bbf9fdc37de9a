"""I1 to I4: what citizens were told of their bookings is true, nobody shares a seat, and none is held by nobody."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from tests.chaos.history import Appointment, Committed, Ended, History, Operation, Seat
from tests.chaos.rules.findings import A_CASE, Findings

SLOT = timedelta(minutes=10)
LONGEST_ANSWER = 60
"""Seconds from asking to the last possible effect of it, at most."""
HOLD_LASTS = 540
"""Seconds in which a hold can certainly be confirmed; it lasts ten minutes."""


def every_acknowledged_booking_exists(history: History) -> Findings:
    """I1: it exists, once, where it was asked for or went since; a hold that lasts can be confirmed."""
    found = by_person(history)
    holds = {
        each.person: each
        for each in history.operations
        if each.kind in ("hold", "change") and each.ended is not Ended.REFUSED
    }
    for operation in _bookings(history):
        mine = found[operation.person]
        who = f"{operation.person} ({operation.number or 'no number'})"
        if operation.ended is Ended.ACKNOWLEDGED:
            yield A_CASE
            if not mine:
                yield f"{who} was told the booking is made, but there is none"
            elif mine[0].number != operation.number:
                yield f"{who} was told another number than {mine[0].number}"
            else:
                yield from _is_where_it_should_be(mine[0], operation, history)
        if len(mine) > 1:
            yield f"{who} asked once and has {len(mine)} appointments"
        held = holds.get(operation.person)
        if held and operation.ended is Ended.REFUSED and _lasted(held, operation, history):
            yield f"{who} had the time held, yet confirming it was refused"


def _is_where_it_should_be(appointment: Appointment, booking: Operation, history: History) -> Findings:
    """At the time asked for last, unless nobody knows whether that was done, or the city decided otherwise."""
    moves = [each for each in asked_by(history, booking.person, "move") if each.ended is not Ended.REFUSED]
    possible = [each.starts_at for each in (booking, *moves)]
    if not any(each.ended is Ended.UNKNOWN for each in moves):
        possible = possible[-1:]
    who = f"{booking.person} ({appointment.number})"
    if len(appointment.seats) != booking.seats or not (appointment.decided_on or appointment.seats[0][1] in possible):
        yield f"{who} got another time: {appointment.seats}"
    if appointment.status == "cancelled":
        if appointment.by == "city" and not appointment.decided_on:
            yield f"{who} was cancelled by the city without a closure, and without a stop that changed"
        if appointment.by != "city" and not asked_by(history, booking.person, "cancel", "reply"):
            yield f"{who} was cancelled by nobody"


def _lasted(held: Operation, confirm: Operation, history: History) -> bool:
    """Whether a hold was promised, and certainly not over when it was to be confirmed.

    A closure ends it, and a stop that moves or is called off.
    """
    if held.station in {str(row.aggregate) for row in history.facts("MobilStopRescheduled", "MobilStopCancelled")}:
        return False
    ends = [*history.clock_moves, *(each.invoked_at for each in history.operations if _closes(each, held.station))]
    over = any(held.invoked_at - LONGEST_ANSWER < moment < confirm.ended_at for moment in ends)
    return held.ended is Ended.ACKNOWLEDGED and not over and confirm.ended_at - held.invoked_at < HOLD_LASTS


def _closes(operation: Operation, station: str) -> bool:
    return (operation.kind, operation.station) == ("close", station)


def no_refused_booking_exists(history: History) -> Findings:
    """I2: a refused person has nothing."""
    found = by_person(history)
    for operation in _bookings(history):
        if operation.ended is Ended.REFUSED:
            yield A_CASE
            if found[operation.person]:
                yield f"{operation.person} was refused, but has {found[operation.person][0].number}"


def no_seat_has_two_holders(history: History) -> Findings:
    """I3: at no moment, told by the order of commits, by the seats at the end, and by what citizens were told.

    The outbox tells the order: a seat stays locked from the statement that takes or frees it to the commit, and the
    fact's row is written in between.
    """
    yield from _given_while_had(history)
    for appointment in history.appointments:
        for seat in appointment.seats if appointment.status == "confirmed" else ():
            if history.taken.get(seat) != appointment.id:
                yield f"{_words(seat)} of {appointment.number} belongs to {history.taken.get(seat, 'nobody')}"
    bound = {each.id for each in history.appointments if each.status == "confirmed"}
    bound |= {each.id for each in history.others if (each.kind, each.status) == ("closure", "in force")}
    for seat, holder in history.taken.items():
        if holder not in bound:
            yield f"{_words(seat)} is taken by {holder}, which is no binding appointment or closure"
    yield from _promised_above_capacity(history)


def _given_while_had(history: History) -> Findings:
    """What is only offered can be had by others from its deadline on; leaving the list gives up what is offered.

    All who move with a stop give up their seats before any of them gets others.
    """
    holders: dict[Seat, Committed] = {}
    given: set[Seat] = set()
    offered: dict[UUID, UUID | None] = {}
    moving = _moving_with_stops(history)
    for row in history.committed:
        owner = row.owner
        together = moving.pop(row.chain, set()) if row.service == "appointments" else set()
        if row.name == "SeatOffered":
            offered[row.aggregate] = owner
        elif row.name == "WaitingListLeft" and row.says["entry"]["status"] != "booked":
            owner = offered.get(row.aggregate)
        for seat in [seat for seat, holder in holders.items() if holder.owner in {owner, *together}]:
            del holders[seat]
        for seat in row.seats:
            if seat in given:
                yield A_CASE
            given.add(seat)
            had = holders.get(seat)
            if had and not (had.until and row.happened_at and row.happened_at >= had.until):
                yield f"{_words(seat)} was given to {row.owner} while {had.owner} had it"
            holders[seat] = row


def _moving_with_stops(history: History) -> dict[UUID, set[UUID]]:
    """The appointments a stop that moved took with it, offered another time, or cancelled, by its fact."""
    stops = {row.event_id for row in history.facts("MobilStopRescheduled")}
    moving: dict[UUID, set[UUID]] = defaultdict(set)
    for row in history.facts("AppointmentRescheduled", "AlternativeOffered", "AppointmentCancelled"):
        if row.chain in stops:
            moving[row.chain].add(row.aggregate)
    return moving


def _promised_above_capacity(history: History) -> Findings:
    changing = {each.person for each in history.operations if each.kind in ("cancel", "move", "reply")}
    changing |= {each.person for each in history.appointments if each.decided_on and each.person}
    promised: Counter[Seat] = Counter()
    for operation in _bookings(history):
        if operation.ended is Ended.ACKNOWLEDGED and operation.person not in changing:
            promised.update(
                (operation.station, operation.starts_at + number * SLOT) for number in range(operation.seats)
            )
    for (station, start), people in promised.items():
        if people > history.counters[station]:
            yield f"{people} people were promised {_words((station, start))}, which has {history.counters[station]}"


def every_acknowledged_change_is_applied(history: History) -> Findings:
    """I4: what is cancelled has no seat, and a fact says so, as of every move; a refused change changed nothing.

    An answer by SMS cancels what the reminder told of.
    """
    recorded = {row.aggregate for row in history.facts("AppointmentCancelled")}
    having = set(history.taken.values())
    for person, appointments in by_person(history).items():
        for appointment in appointments:
            who = f"{person} ({appointment.number})"
            cancelled = appointment.status == "cancelled"
            asked = asked_by(history, person, "cancel", "reply")
            if asked:
                yield A_CASE
            if any(each.ended is Ended.ACKNOWLEDGED for each in asked) and not cancelled:
                yield f"{who} was told the appointment is cancelled, but it is {appointment.status}"
            if asked and all(each.ended is Ended.REFUSED for each in asked) and appointment.by == "citizen":
                yield f"{who} was refused to cancel, but the appointment is cancelled"
            if cancelled and appointment.id in having:
                yield f"{who} cancelled, but still has a seat"
            if cancelled and appointment.id not in recorded:
                yield f"{who} cancelled, but no fact says so"
            yield from _moves_that_did_not_happen(history, person, appointment)


def _moves_that_did_not_happen(history: History, person: str, appointment: Appointment) -> Findings:
    """Moved twice to the same time, one fact is enough: the first may have been there already."""
    been = {
        seat_start
        for row in history.facts("AppointmentBooked", "AppointmentRescheduled", "AlternativeOffered")
        if row.aggregate == appointment.id
        for _, seat_start in row.seats[:1]
    }
    for move in asked_by(history, person, "move"):
        yield A_CASE
        if move.ended is Ended.ACKNOWLEDGED and move.starts_at not in been:
            yield f"{person} ({appointment.number}) was told of a move to {move.starts_at:%H:%M} that did not happen"


def _bookings(history: History) -> Iterator[Operation]:
    return (each for each in history.operations if each.kind in ("book", "confirm"))


def asked_by(history: History, person: str, *kinds: str) -> list[Operation]:
    """What a person asked for, in order."""
    return [each for each in history.operations if each.person == person and each.kind in kinds]


def by_person(history: History) -> dict[str, list[Appointment]]:
    """What each person has, or had."""
    found: dict[str, list[Appointment]] = defaultdict(list)
    for appointment in history.appointments:
        if appointment.person and appointment.status != "held":
            found[appointment.person].append(appointment)
    return found


def _words(seat: Seat) -> str:
    place, start = seat
    return f"{place} at {start:%d.%m. %H:%M}"
