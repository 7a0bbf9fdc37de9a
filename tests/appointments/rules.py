"""Stations for tests of the rules of the offer."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from services.appointments.offer.domain import (
    ClosedTime,
    Grid,
    Station,
)
from services.appointments.offer.windows import Hours
from shared.clock import BERLIN

GRID = Grid(timedelta(minutes=10), 28)


MONDAY = date(2026, 11, 23)


COUNTERS = ("a", "b", "c")


def station(hours: Iterable[Hours], closures: Iterable[ClosedTime] = ()) -> Station:
    return Station("mitte", "Bürger-Service-Station Mitte", 500, None, COUNTERS, tuple(hours), tuple(closures))


def local(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN)
