"""I1 to I4: what citizens were told of their bookings is true, and nobody shares a seat."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID

from tests.chaos.history import Appointment, Ended, History, Operation, Seat

SLOT = timedelta(minutes=10)
HOLD_LASTS = 540
"""Seconds in which a hold can certainly be confirmed; it lasts ten minutes."""


def every_acknowledged_booking_exists(history: History) -> Iterator[str]:
    """I1: it exists, once, as it was asked for; a hold that lasts can be confirmed."""
    found = _by_person(history)
    cancelling = {each.person for each in history.operations if each.kind == "cancel"}
    holds = {each.person: each for each in history.operations if each.kind == "hold"}
    for operation in _bookings(history):
        mine = found[operation.person]
        who = f"{operation.person} ({operation.number or 'no number'})"
        if operation.ended is Ended.ACKNOWLEDGED:
            if not mine:
                yield f"{who} was told the booking is made, but there is none"
            elif mine[0].number != operation.number:
                yield f"{who} was told another number than {mine[0].number}"
            elif (mine[0].seats[0][1], len(mine[0].seats)) != (operation.starts_at, operation.seats):
                yield f"{who} got another time: {mine[0].seats}"
            elif mine[0].status == "cancelled" and operation.person not in cancelling:
                yield f"{who} was cancelled by nobody"
        if len(mine) > 1:
            yield f"{who} asked once and has {len(mine)} appointments"
        held = holds.get(operation.person)
        if held and operation.ended is Ended.REFUSED and _lasted(held, operation, history.clock_moves):
            yield f"{who} had the time held, yet confirming it was refused"


def _lasted(held: Operation, confirm: Operation, clock_moves: Sequence[float]) -> bool:
    """Whether a hold was promised, and certainly not over when it was to be confirmed."""
    moved = any(held.invoked_at < moment < confirm.ended_at for moment in clock_moves)
    return held.ended is Ended.ACKNOWLEDGED and not moved and confirm.ended_at - held.invoked_at < HOLD_LASTS


def no_refused_booking_exists(history: History) -> Iterator[str]:
    """I2: whoever was refused has nothing."""
    found = _by_person(history)
    for operation in _bookings(history):
        if operation.ended is Ended.REFUSED and found[operation.person]:
            yield f"{operation.person} was refused, but has {found[operation.person][0].number}"


def no_seat_has_two_holders(history: History) -> Iterator[str]:
    """I3: at no moment, told by the order of commits, by the seats at the end, and by what citizens were told.

    The outbox tells the order: a seat stays locked from the statement that takes or frees it to the commit, and the
    fact's row is written in between.
    """
    holders: dict[Seat, UUID] = {}
    for row in history.committed:
        for seat in row.seats:
            if row.type.endswith("AppointmentBooked"):
                if holders.get(seat, row.aggregate) != row.aggregate:
                    yield f"{_words(seat)} was given to {row.aggregate} while {holders[seat]} had it"
                holders[seat] = row.aggregate
            elif holders.get(seat) == row.aggregate:
                del holders[seat]
    for appointment in history.appointments:
        for seat in appointment.seats if appointment.status == "confirmed" else ():
            if history.taken.get(seat) != appointment.id:
                yield f"{_words(seat)} of {appointment.number} belongs to {history.taken.get(seat, 'nobody')}"
    bound = {each.id for each in history.appointments if each.status == "confirmed"}
    for seat, holder in history.taken.items():
        if holder not in bound:
            yield f"{_words(seat)} is taken by {holder}, which is no binding appointment"
    yield from _promised_above_capacity(history)


def _promised_above_capacity(history: History) -> Iterator[str]:
    cancelling = {each.person for each in history.operations if each.kind == "cancel"}
    promised: Counter[Seat] = Counter()
    for operation in _bookings(history):
        if operation.ended is Ended.ACKNOWLEDGED and operation.person not in cancelling:
            promised.update(
                (operation.station, operation.starts_at + number * SLOT) for number in range(operation.seats)
            )
    for (station, start), people in promised.items():
        if people > history.counters[station]:
            yield f"{people} people were promised {_words((station, start))}, which has {history.counters[station]}"


def every_acknowledged_cancellation_is_applied(history: History) -> Iterator[str]:
    """I4: the appointment is cancelled, its seats are free, the fact is recorded; a refused one changed nothing."""
    found = _by_person(history)
    recorded = {row.aggregate for row in history.committed if row.type.endswith("AppointmentCancelled")}
    having = set(history.taken.values())
    for operation in history.operations:
        if operation.kind != "cancel":
            continue
        for appointment in found[operation.person]:
            cancelled = appointment.status == "cancelled"
            who = f"{operation.person} ({appointment.number})"
            if operation.ended is Ended.ACKNOWLEDGED and not cancelled:
                yield f"{who} was told the appointment is cancelled, but it is {appointment.status}"
            if operation.ended is Ended.REFUSED and cancelled:
                yield f"{who} was refused to cancel, but the appointment is cancelled"
            if cancelled and appointment.id in having:
                yield f"{who} cancelled, but still has a seat"
            if cancelled and appointment.id not in recorded:
                yield f"{who} cancelled, but no fact says so"


def _bookings(history: History) -> Iterator[Operation]:
    return (each for each in history.operations if each.kind in ("book", "confirm"))


def _by_person(history: History) -> dict[str, list[Appointment]]:
    found: dict[str, list[Appointment]] = defaultdict(list)
    for appointment in history.appointments:
        if appointment.person and appointment.status != "held":
            found[appointment.person].append(appointment)
    return found


def _words(seat: Seat) -> str:
    place, start = seat
    return f"{place} at {start:%d.%m. %H:%M}"
