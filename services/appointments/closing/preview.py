"""What a closure would do: the appointments it concerns, what is proposed for each, and why it cannot be confirmed."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from services.appointments.booking.domain import Status
from services.appointments.closing.domain import NEAR_IN_TIME, Affected, Closure, Proposal, fingerprint, propose
from services.appointments.closing.queries import (
    Concerned,
    closures_in_force,
    load_booked_starts,
    load_concerned,
    load_taken,
)
from services.appointments.offer.domain import Grid, Station, able, choose, of_kind
from services.appointments.offer.queries import Offer, grid_of, load_offer
from services.appointments.offer.refusals import UnknownChoice
from services.appointments.queue.ending import count_waiting
from services.appointments.seats.domain import FreeSeats, Seat
from shared.act import Act
from shared.clock import BERLIN
from shared.problems import Problem


@dataclass(frozen=True, slots=True)
class Row:
    """An appointment a closure concerns, and what is proposed for it."""

    concerned: Concerned
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Preview:
    """What a closure would do if it were confirmed now; `seats` are those it takes.

    `waiting` is how many people in the hall it sends home: those who wait while no counter stays open.
    `version` is the same as long as nobody it concerns books, moves or cancels, and what is proposed can be had.
    """

    closure: Closure
    stations: dict[str, Station]
    seats: tuple[Seat, ...]
    rows: tuple[Row, ...]
    version: str
    waiting: int


async def load_preview(act: Act, closure: Closure, for_update: bool = False) -> Preview:
    """The preview of a closure that is new, or changed.

    Args:
        for_update: lock the appointments it concerns.

    Raises:
        UnknownChoice
    """
    grid = grid_of(act.tools.city)
    offer = await load_offer(act)
    stations = {each.key: each for each in offer.stations}
    station = stations.get(closure.station)
    if station is None or station.stop or not (counters := closure.counters_at(station)):
        raise UnknownChoice
    # A whole day that nobody can book yet needs no seats: it will not be offered. Hours and counters will be.
    last = closure.last_day if closure.is_partial else grid.last_day(act.now) + timedelta(days=1)
    booked = await load_booked_starts(act.conn, closure, counters)
    starts = closure.seat_starts(station, booked, last, grid, act.now)
    seats = tuple((counter, start) for counter in counters for start in starts)
    concerned = await load_concerned(act, counters, starts, for_update)
    affected = [_affected(each, offer, grid) for each in concerned]
    free = await _free_seats(act, stations, affected, seats)
    rows = tuple(
        Row(each, proposal) for each, proposal in zip(concerned, propose(affected, free, act.now), strict=True)
    )
    shown = [(row.concerned.appointment.id, row.concerned.appointment.version, row.proposal) for row in rows]
    waiting = await _sent_home(act, closure, station)
    return Preview(closure, stations, seats, rows, fingerprint(closure, shown), waiting)


async def _sent_home(act: Act, closure: Closure, station: Station) -> int:
    if not closure.includes(act.now):
        return 0
    others = await closures_in_force(act.conn, [station.key], act.today)
    in_force = [closure, *(each for each in others if each.id != closure.id and each.includes(act.now))]
    closed = {counter for each in in_force for counter in each.counters_at(station)}
    return 0 if closed < set(station.counters) else await count_waiting(act, station.key)


def _affected(concerned: Concerned, offer: Offer, grid: Grid) -> Affected:
    found = concerned.appointment
    return Affected(
        number=found.number,
        station=found.station,
        starts_at=found.starts_at,
        seats=grid.slots_in(found.ends_at - found.starts_at),
        stations=tuple(of_kind(able(offer.stations, choose(offer.services, found.services)), found.kind)),
        movable=found.status is not Status.OFFERED,
        language=found.interpreter,
    )


async def _free_seats(
    act: Act, stations: dict[str, Station], affected: list[Affected], closed: tuple[Seat, ...]
) -> FreeSeats:
    """What is free around the appointments, once the closure has its seats."""
    grid = grid_of(act.tools.city)
    earliest, latest = act.today, grid.last_day(act.now)
    old_days = {each.starts_at.astimezone(BERLIN).date() for each in affected}
    near = {day + timedelta(days=n) for day in old_days for n in range(-NEAR_IN_TIME.days, NEAR_IN_TIME.days + 1)}
    days = sorted(day for day in near if earliest <= day <= latest)
    if not days:
        return FreeSeats(stations.values(), (), (), grid)
    first = datetime.combine(days[0], time(), BERLIN)
    last = datetime.combine(days[-1] + timedelta(days=1), time(), BERLIN)
    taken = await load_taken(act, first, last, but=closed)
    return FreeSeats(stations.values(), days, taken, grid)


class StillBooked(Problem):
    """Somebody has an appointment on the closed seats, or waits in the hall.

    `appointments` and `tickets` say how many do.
    """

    status = 409
    slug = "still-booked"
    title = (
        "There are appointments at these times, or people who wait; see the preview and confirm what becomes of them"
    )

    def __init__(self, appointments: int, tickets: int = 0) -> None:
        super().__init__(extra={"appointments": appointments, "tickets": tickets})


class PreviewOutdated(Problem):
    """Somebody booked, moved or cancelled since a preview was shown; `preview` is the new one."""

    status = 409
    slug = "preview-outdated"
    title = "What the preview showed has changed; look at the new one and confirm again"

    def __init__(self, preview: Preview) -> None:
        super().__init__()
        self.preview = preview


class AlreadyLifted(Problem):
    status = 410
    slug = "already-lifted"
    title = "The closure was lifted; announce a new one"


class DaysUnfit(Problem):
    status = 422
    slug = "days-unfit"
    title = "The last day is before the first, or over, or more than a year after it or two years away"


class HoursUnfit(Problem):
    status = 422
    slug = "hours-unfit"
    title = "Give both hours, the first before the last, or none"


class StationFixed(Problem):
    status = 422
    slug = "station-fixed"
    title = "A closure stays at its station; lift it and announce another"
