"""Rules of the walk-in queue: whose turn it is, how long it takes, when one may check in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum

from services.appointments.booking.domain import COMING
from services.appointments.booking.domain import Status as AppointmentStatus
from services.appointments.offer.domain import Audience, Service, Station, hours_on, moment_on
from shared.arriving import CHECK_IN_BEFORE, LATE
from shared.clock import BERLIN
from shared.numbers import plain_digits

DUE_WITHIN = timedelta(minutes=10)
"""An appointment that begins within this time goes before walk-ins."""
NEAR = 2
"""How many people may be ahead when it is nearly somebody's turn."""
PARKING_MINUTES = (5, 10, 20)
AFTER_HOURS = timedelta(hours=3)
"""How long after closing time a ticket nobody finished still stands at its counter."""
RECENT = 30
"""How many of the people served last an estimate rests on."""
ENOUGH = 5
"""With fewer than this there is no estimate."""
_STEP = timedelta(minutes=5)


class Status(StrEnum):
    """A ticket waits, is called, is served at a counter, waits for papers to be fetched, or has ended."""

    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    PAPERS = "papers"
    CLOSED = "closed"


class Turn(IntEnum):
    """The order of calling: people put back, appointments that are due, walk-ins, appointments that came early."""

    PUT_BACK = 0
    DUE = 1
    WALK_IN = 2
    EARLY = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """Between how many minutes somebody will probably wait."""

    shortest: int
    longest: int


def turn(
    issued_at: datetime, due_at: datetime | None, back_at: datetime | None, now: datetime
) -> tuple[Turn, datetime] | None:
    """What the queue is ordered by; None while a parked ticket is not back yet.

    Args:
        issued_at: when the number was taken.
        due_at: when the appointment begins; None for walk-ins.
        back_at: from when somebody who was put back stands in front of all others.
    """
    if back_at is not None:
        return (Turn.PUT_BACK, back_at) if back_at <= now else None
    if due_at is None:
        return Turn.WALK_IN, issued_at
    return (Turn.DUE if due_at <= now + DUE_WITHIN else Turn.EARLY), due_at


def place_in_queue(starts_at: datetime, now: datetime) -> datetime | None:
    """The `due_at` of somebody who arrives for an appointment; None, as for a walk-in, for who is too late."""
    return starts_at if now <= starts_at + LATE else None


def may_check_in(starts_at: datetime, now: datetime) -> bool:
    """Whether somebody can say themselves that they are here: near the time. Staff can all day."""
    return starts_at - CHECK_IN_BEFORE <= now <= starts_at + LATE


def is_time_of(typed: str, starts_at: datetime) -> bool:
    """Whether somebody typed when their appointment begins, however they write it: 9:20, 09.20 Uhr, 920, 2:20 pm."""
    digits = re.findall("[0-9]+", plain_digits(typed))
    if len(digits) == 1 and len(digits[0]) > 2:
        digits = [digits[0][:-2], digits[0][-2:]]
    if not 1 <= len(digits) <= 3:
        return False
    hour, minute = (int(each[:4]) for each in [*digits, "0"][:2])
    start = starts_at.astimezone(BERLIN)
    return minute == start.minute and start.hour in (hour, hour + 12)


def open_on(station: Station, day: date) -> list[tuple[datetime, datetime]]:
    """From when until when (UTC) a station is open on a day, in order, without the hours in which it is closed."""
    found = [(opens, closes) for opens, closes, _ in hours_on(station, day)]
    for closure in station.closures_on(day):
        if closure.from_time and closure.until_time:
            begins, ends = moment_on(day, closure.from_time), moment_on(day, closure.until_time)
            parts = [
                part for opens, closes in found for part in ((opens, min(closes, begins)), (max(opens, ends), closes))
            ]
            found = [(opens, closes) for opens, closes in parts if opens < closes]
    return found


def last_closing(station: Station, now: datetime) -> datetime | None:
    """When a station closes for today; None where it does not open."""
    return max((closes for _, closes in open_on(station, now.astimezone(BERLIN).date())), default=None)


def is_open(station: Station, now: datetime) -> bool:
    """Whether a station is open at a moment."""
    return any(opens <= now < closes for opens, closes in open_on(station, now.astimezone(BERLIN).date()))


def can_do(station: Station, services: Sequence[Service], now: datetime) -> bool:
    """Whether all of some services can be done at a station now: its hours may be for some services only."""
    return not station.lacks(services) and is_open(station.open_to(Audience.PUBLIC, services), now)


def is_today(moment: datetime, now: datetime) -> bool:
    """Whether a moment is on the day it is now in Berlin."""
    return moment.astimezone(BERLIN).date() == now.astimezone(BERLIN).date()


def is_for(ticket_station: str, station: str, status: AppointmentStatus, starts_at: datetime, now: datetime) -> bool:
    """Whether a ticket of today is still for its appointment, which may have ended or moved meanwhile."""
    return status in COMING and station == ticket_station and is_today(starts_at, now)


def estimate(ahead: int, counters: int, recent: Sequence[timedelta]) -> Estimate | None:
    """How long somebody waits, as a range of full five minutes; None while today's figures cannot say.

    The open counters take people in rounds. Before somebody is called there are as many full rounds as the people
    ahead make, and at most one more. A round takes between the quick and the slow quarter of what people took today.

    Args:
        ahead: people who come before.
        counters: how many counters are open.
        recent: how long each of the people served last kept a counter, from the call to the end.
    """
    if counters < 1 or len(recent) < ENOUGH:
        return None
    ordered = sorted(recent)
    quick, slow = ordered[len(ordered) // 4], ordered[len(ordered) * 3 // 4]
    rounds = ahead // counters
    shortest = rounds * quick // _STEP
    longest = -(-(rounds + 1) * slow // _STEP)
    return Estimate(5 * shortest, 5 * max(longest, shortest + 1))
