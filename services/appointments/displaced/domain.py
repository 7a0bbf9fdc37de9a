"""Rules of what displaced people get instead: whose turn it is, how near a place is, and which time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum

from services.appointments.closing.domain import NEAR_IN_TIME, NOTHING_FITS, SOONEST, Decision, Proposal
from services.appointments.offer.domain import Station
from services.appointments.seats.domain import FreeSeats
from shared.clock import BERLIN

FURTHER = 5
"""How many times are shown besides the one that is kept."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is: the number of its Stadtbezirk, and the banks of the Rhine it may lie on.

    A station in a Stadtbezirk on both banks counts as on both; of a stop the bank of its Ortsteil is known.
    """

    district: int
    banks: frozenset[str]


class Nearness(IntEnum):
    """How near a place is, the nearest first. The Rhine divides the city, but no Stadtbezirk."""

    SAME_DISTRICT = 0
    SAME_BANK = 1
    ANYWHERE = 2


def nearness(here: Spot, there: Spot) -> Nearness:
    """How near one place is to another."""
    if here.district == there.district:
        return Nearness.SAME_DISTRICT
    return Nearness.ANYWHERE if here.banks.isdisjoint(there.banks) else Nearness.SAME_BANK


def by_nearness(here: Spot, places: Iterable[tuple[Spot, Station]]) -> dict[Nearness, list[Station]]:
    """Stations by how near they are to a place."""
    found: dict[Nearness, list[Station]] = {near: [] for near in Nearness}
    for spot, station in places:
        found[nearness(here, spot)].append(station)
    return found


@dataclass(frozen=True, slots=True)
class Displaced:
    """An appointment that has no place any more.

    Args:
        starts_at: when it was to begin.
        seats: how many it needs, one after the other.
        places: the stations and stops that offer all its services, by how near they are.
        language: the one the person needs help with (BCP 47).
    """

    starts_at: datetime
    seats: int
    places: dict[Nearness, list[Station]]
    language: str | None = None


def propose_instead(displaced: Iterable[Displaced], free: FreeSeats, now: datetime, end: datetime) -> list[Proposal]:
    """What to do with each appointment, in the order given; the first gets what is best.

    The free time nearest to the old one is offered: within seven days, in the same Stadtbezirk, else on the same bank
    of the Rhine, else anywhere; where there is none, any time to the end of the booking window, again by nearness. A
    time that begins too soon to be asked about is none. Where nothing is free it is cancelled.

    Args:
        end: of the booking window.
    """
    return [_propose(each, free, now, end) for each in displaced]


def _propose(displaced: Displaced, free: FreeSeats, now: datetime, end: datetime) -> Proposal:
    old, soonest = displaced.starts_at, now + SOONEST
    for first, last in ((max(old - NEAR_IN_TIME, soonest), old + NEAR_IN_TIME), (soonest, end)):
        for near in Nearness:
            places = displaced.places.get(near, [])
            if run := free.take(places, displaced.seats, old, first, last, displaced.language):
                return Proposal(Decision.OFFER, run)
    return NOTHING_FITS


def further(displaced: Displaced, free: Mapping[str, Iterable[datetime]]) -> list[tuple[str, datetime]]:
    """Some of the free starts by station, the best first: of each station one a day, nearest to the old time of day.

    Nearer places come before nearer days.
    """
    old = displaced.starts_at.astimezone(BERLIN)
    found: dict[tuple[str, date], tuple[Nearness, timedelta, timedelta, datetime, str]] = {}
    for near, stations in displaced.places.items():
        for station in stations:
            for start in free[station.key]:
                day = start.astimezone(BERLIN).date()
                from_old = abs(start.astimezone(BERLIN) - datetime.combine(day, old.time(), BERLIN))
                rank = (near, abs(day - old.date()), from_old, start, station.key)
                found[station.key, day] = min(found.get((station.key, day), rank), rank)
    return [(station, start) for *_, start, station in sorted(found.values())[:FURTHER]]
