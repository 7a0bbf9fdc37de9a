"""What somebody wants to book, and the seats that fulfil it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.appointments.booking.domain import NotOffered, TimeTaken
from services.appointments.offer.domain import (
    Audience,
    Grid,
    Kind,
    Station,
    able,
    counters_open_at,
    duration_of,
    like,
    run_of,
)
from services.appointments.offer.domain import Service as BookableService
from services.appointments.offer.queries import Offer, grid_of, load_free_times, load_offer, lock_stop
from services.appointments.offer.ranking import nearest, ranked
from services.appointments.offer.refusals import check_choice
from services.appointments.seats.usecases import take_seats
from shared.act import Act
from shared.clock import BERLIN
from shared.events.appointments import DecidedBy, KnownReason


@dataclass(frozen=True, slots=True)
class Wish:
    """The time somebody wants: a station, services (a key as often as it is wanted), and a start.

    `language` is the one they need help with (BCP 47), so that a counter that speaks it goes first;
    `audience` says which counters are open to them.
    """

    station: str
    services: tuple[str, ...]
    starts_at: datetime
    language: str | None = None
    audience: Audience = Audience.PUBLIC


@dataclass(frozen=True, slots=True)
class Move:
    """The other time somebody wants for an appointment (its id): a station and a start, and the one that decided so.

    `reason` is one of the city's; it is published, so never what a citizen wrote.
    """

    id: UUID
    station: str
    starts_at: datetime
    by: DecidedBy
    reason: KnownReason | None = None


@dataclass(frozen=True, slots=True)
class Seating:
    """Where and when an appointment takes place: the station and services of the offer, the counter, the time (UTC)."""

    offer: Offer
    counter: str
    starts_at: datetime
    ends_at: datetime

    @property
    def station(self) -> Station:
        """Where the appointment takes place."""
        return self.offer.stations[0]

    @property
    def kind(self) -> Kind:
        """How the appointment takes place."""
        return self.station.kind


async def fulfil(
    act: Act,
    id: UUID,
    wish: Wish,
    until: datetime | None,
    person_key: str | None = None,
) -> tuple[Seating, int]:
    """Take the seats of a wish, held `until` a moment or, for None, booked.

    Args:
        person_key: whose booking it is, if that is known yet.

    Returns:
        The seating, and a count for a new appointment's number.

    Raises:
        UnknownChoice, TooMany, NotTogether, NotOffered, TimeTaken
    """
    grid = grid_of(act.tools.city)
    await lock_stop(act.conn, wish.station)
    offer = await load_offer(act, wish.station, wish.services)
    [station] = check_choice(offer, wish.services, wish.audience)
    counters = counters_for(offer, wish.starts_at, wish.language, wish.audience, grid, act.now)
    if not counters:
        raise NotOffered
    starts = run_of(wish.starts_at, grid.slots_for(offer.services), grid)
    taken = await take_seats(act, id, counters, starts, until, person_key)
    if taken is None:
        raise TimeTaken(await _alternatives(act, wish, station.kind, offer.services))
    counter, count = taken
    starts_at = wish.starts_at.astimezone(UTC)
    return Seating(offer, counter, starts_at, starts_at + duration_of(offer.services)), count


def counters_for(
    offer: Offer, starts_at: datetime, language: str | None, audience: Audience, grid: Grid, now: datetime
) -> dict[str, int]:
    """The counters at which a time is in the offer of one station for an audience, in the order of `ranked`.

    Args:
        language: the one somebody needs help with (BCP 47).
    """
    [station] = offer.stations

    def open_to(asking: Audience) -> tuple[str, ...]:
        opened = station.open_to(asking, offer.services)
        return counters_open_at(opened, starts_at, grid.slots_for(offer.services), grid, now)

    counters = open_to(audience)
    public = counters if audience is Audience.PUBLIC else open_to(Audience.PUBLIC)
    return ranked(counters, station, public, language)


async def _alternatives(
    act: Act, wish: Wish, kind: Kind, services: Sequence[BookableService]
) -> list[tuple[str, datetime]]:
    day = wish.starts_at.astimezone(BERLIN).date()
    days = [day + timedelta(days=offset) for offset in range(-2, 8)]
    everywhere = await load_offer(act, services=())
    stations = like(kind, able(everywhere.stations, services, wish.audience))
    free = await load_free_times(act, stations, days, grid_of(act.tools.city).slots_for(services))
    return nearest(wish.starts_at, [(key, start) for key, starts in free.items() for start in starts], wish.station)
