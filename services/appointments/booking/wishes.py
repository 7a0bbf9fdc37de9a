"""What somebody wants to book, and the seats that fulfil it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.domain import CheckedPerson, PersonInput, Wrong, check_person
from services.appointments.booking.refusals import NotOffered, TimeTaken
from services.appointments.booking.seats import take_seats
from services.appointments.offer.domain import Grid, Station, able, duration_of, is_offered, nearest, run_of
from services.appointments.offer.domain import Service as BookableService
from services.appointments.offer.queries import Offer, grid_of, load_free_times, load_offer
from services.appointments.offer.refusals import check_choice
from shared.clock import BERLIN
from shared.service import Service


@dataclass(frozen=True, slots=True)
class Wish:
    """The time somebody wants: a station, services (a key as often as it is wanted), and a start."""

    station: str
    services: tuple[str, ...]
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Details:
    """Who books, and how they want to hear from us: message language and interpreter language (BCP 47)."""

    person: CheckedPerson
    language: str
    interpreter: str | None


@dataclass(frozen=True, slots=True)
class TypedDetails:
    """Details as typed into a form, right or wrong."""

    person: PersonInput
    language: str
    interpreter: str | None

    def checked(self) -> Details | list[Wrong]:
        """The details, or all that is wrong with them."""
        person = check_person(self.person)
        return Details(person, self.language, self.interpreter) if isinstance(person, CheckedPerson) else person


@dataclass(frozen=True, slots=True)
class Seating:
    """Where and when an appointment takes place: the station and services of the offer, the counter, the time (UTC)."""

    offer: Offer
    counter: str
    starts_at: datetime
    ends_at: datetime

    @property
    def station(self) -> Station:
        """The one station of the offer."""
        [station] = self.offer.stations
        return station


async def fulfil(
    conn: AsyncConnection, service: Service, id: UUID, wish: Wish, until: datetime | None, now: datetime
) -> tuple[Seating, int]:
    """Take the seats of a wish, held `until` a moment or, for None, booked.

    Returns:
        The seating, and a count for a new appointment's number.

    Raises:
        UnknownChoice, TooMany, NotTogether, NotOffered, TimeTaken
    """
    grid = grid_of(service.city)
    offer = await load_offer(conn, now.astimezone(BERLIN).date(), wish.station, wish.services)
    [station] = check_choice(offer, wish.services)
    needed = grid.slots_for(offer.services)
    if not is_offered(station, wish.starts_at, needed, grid, now):
        raise NotOffered
    starts = run_of(wish.starts_at, needed, grid)
    taken = await take_seats(conn, id, wish.station, starts, until, now)
    if taken is None:
        raise TimeTaken(await _alternatives(conn, wish, offer.services, grid, now))
    counter, count = taken
    starts_at = wish.starts_at.astimezone(UTC)
    return Seating(offer, counter, starts_at, starts_at + duration_of(offer.services)), count


async def _alternatives(
    conn: AsyncConnection, wish: Wish, services: Sequence[BookableService], grid: Grid, now: datetime
) -> list[tuple[str, datetime]]:
    day = wish.starts_at.astimezone(BERLIN).date()
    days = [day + timedelta(days=offset) for offset in range(-2, 8)]
    everywhere = await load_offer(conn, now.astimezone(BERLIN).date(), services=())
    stations = able(everywhere.stations, services)
    free = await load_free_times(conn, stations, days, grid.slots_for(services), grid, now)
    return nearest(wish.starts_at, [(key, start) for key, starts in free.items() for start in starts], wish.station)
