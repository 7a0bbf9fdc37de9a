"""Reads of the offer, and the lock on a stop whose seats are taken."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.locks import Lock
from services.appointments.offer.domain import ClosedTime, Grid, Kind, Service, Station, Taken, choose, free_times
from services.appointments.offer.stops import Stop
from services.appointments.offer.windows import Hours
from shared.act import Act
from shared.city import City, RhineBank
from shared.clock import BERLIN
from shared.locks import note_lock
from shared.numbers import is_id
from shared.statements import Query, Statement


@dataclass(frozen=True, slots=True)
class Leaving:
    """An appointment that is to move: its seats are free for itself.

    Args:
        id: whose seats.
        time: the station and the start it has, which is no choice; None where it is one.
    """

    id: UUID
    time: tuple[str, datetime] | None


@dataclass(frozen=True, slots=True)
class Offer:
    """Stations and services, as far as asked for."""

    stations: tuple[Station, ...]
    services: tuple[Service, ...]


_Hours = tuple[int, time, time, date | None, date | None, int, int | None, int, tuple[str, ...] | None]
_Closure = tuple[date, date, str, time | None, time | None]


@dataclass(frozen=True, slots=True)
class _Stop:
    arrives_at: datetime
    departs_at: datetime
    delay_minutes: int
    services: frozenset[str]
    quarter: int
    rhine_bank: RhineBank
    counters: int
    status: str
    bookable_from: date | None


@dataclass(frozen=True, slots=True)
class _Station:
    key: str
    name: str
    district: int
    address: str | None
    kind: Kind
    counters: tuple[str, ...]
    spoken: tuple[tuple[str, str], ...]
    hours: tuple[_Hours, ...]
    closures: tuple[_Closure, ...]
    stop: _Stop | None


@dataclass(frozen=True, slots=True)
class _Offer:
    stations: tuple[_Station, ...]
    services: tuple[Service, ...]


# Hours and closures are arrays: with the names of their columns the answer would be several times as long.
_OFFER = Query(
    _Offer,
    """
    select
        (select coalesce(jsonb_agg(to_jsonb(found) order by stop ->> 'arrives_at' nulls first, found.name), '[]') from (
            select key, name, district, address, kind,
                   (select coalesce(array_agg(c.key order by c.number), '{}')
                    from counters c where c.station = s.key) as counters,
                   (select coalesce(jsonb_agg(jsonb_build_array(c.key, language) order by c.number, place), '[]')
                    from counters c, unnest(c.languages) with ordinality as spoken (language, place)
                    where c.station = s.key) as spoken,
                   (select coalesce(jsonb_agg(jsonb_build_array(
                        weekday, opens, closes, valid_from, valid_until, every_weeks, nth, staff_counters, services
                    )), '[]')
                    from opening_hours h where h.station = s.key) as hours,
                   (select coalesce(jsonb_agg(jsonb_build_array(first_day, last_day, reason, from_time, until_time)),
                                    '[]')
                    from closures k
                    where k.station = s.key and k.last_day >= :today and k.lifted_at is null
                      and k.counter is null) as closures,
                   case when kind = 'stop' then (select to_jsonb(t) from stops t where t.station = s.key) end as stop
            from stations s where key in (
                select cast(:station as text)
                union all select key from stations where cast(:station as text) is null and kind <> 'stop'
                union all select station from stops
                where cast(:station as text) is null and departs_at > cast(:today as date)
                  and bookable_from <= cast(:today as date) and status = 'scheduled'
            )
        ) found) as stations,
        (select coalesce(jsonb_agg(to_jsonb(v) order by v.position), '[]')
         from services v where cast(:services as text[]) is null or v.key = any(:services)) as services
""",
)


def grid_of(city: City) -> Grid:
    """The city's slot grid and booking window."""
    return Grid(timedelta(minutes=city.slot_minutes), city.bookable_days)


async def load_offer(act: Act, station: str | None = None, services: Collection[str] | None = None) -> Offer:
    """Stations with counters, hours and coming closures, and services, in one round trip.

    Args:
        station: only this one; None means all, and the stops to come that can be booked already.
        services: only these keys, in the quantity in which each occurs; None means all. Unknown keys are simply not
            found.
    """
    return await load_offer_on(act.conn, act.today, station, services)


async def load_offer_on(
    conn: AsyncConnection, day: date, station: str | None = None, services: Collection[str] | None = None
) -> Offer:
    """The offer as it is from a day on; see `load_offer`."""
    values = {"today": day, "station": station, "services": None if services is None else list(services)}
    found = await _OFFER.one(conn, values)
    return Offer(
        tuple(map(_station, found.stations)),
        found.services if services is None else tuple(choose(found.services, services)),
    )


_LOCK_STOP = Statement("select from stops where station = :station for share")


async def lock_stop(conn: AsyncConnection, station: str) -> None:
    """Let a stop stay as it is until this transaction ends; a station that is none is left alone.

    Seats at a stop are taken after it is locked, and the offer is loaded then: the seats are still there, or what
    changes the stop later finds their holders.
    """
    if is_id(station):
        note_lock(conn, Lock.STOP, station)
        await _LOCK_STOP.run(conn, {"station": station})


async def load_free_times(
    act: Act, stations: Sequence[Station], days: Iterable[date], needed: int, leaving: Leaving | None = None
) -> dict[str, list[datetime]]:
    """The free starts per station on some days, for appointments of `needed` seats; `leaving` is the one to move."""
    wanted = sorted(days)
    if not wanted:
        return {station.key: [] for station in stations}
    counters = [counter for station in stations for counter in station.counters]
    taken = await load_taken_minutes(act, counters, wanted, leaving.id if leaving else None)
    grid = grid_of(act.tools.city)
    free = {station.key: free_times(station, wanted, taken, needed, grid, act.now) for station in stations}
    if leaving and leaving.time and leaving.time[0] in free:
        station, present = leaving.time
        free[station] = [start for start in free[station] if start != present]
    return free


@dataclass(frozen=True, slots=True)
class _Taken:
    counter: str
    minutes: frozenset[int]


_TAKEN = Query(
    _Taken,
    """
    select counter, array_agg((date_part('epoch', starts_at) / 60)::int) as minutes from seats
    where counter = any(:counters) and starts_at >= :first and starts_at < :last and (until is null or until > :now)
      and (cast(:owner as uuid) is null or appointment <> :owner)
    group by counter
""",
)


async def load_taken_minutes(
    act: Act, counters: Iterable[str], days: Sequence[date], owner: UUID | None = None
) -> Taken:
    """The seats of some counters that are taken on some days, which are in order and at least one.

    Args:
        owner: whose seats count as free.
    """
    first = datetime.combine(days[0], time(), BERLIN)
    last = datetime.combine(days[-1] + timedelta(days=1), time(), BERLIN)
    values = {"counters": list(counters), "first": first, "last": last, "now": act.now, "owner": owner}
    return {each.counter: each.minutes for each in await _TAKEN.all(act.conn, values)}


def _station(found: _Station) -> Station:
    stop = _stop(found.stop) if found.stop else None
    return Station(
        key=found.key,
        name=found.name,
        district=found.district,
        address=found.address,
        counters=found.counters[: found.stop.counters] if found.stop else found.counters,
        hours=stop.hours if stop else tuple(Hours(*each) for each in found.hours),
        closures=tuple(ClosedTime(*each) for each in found.closures),
        kind=found.kind,
        spoken=found.spoken,
        stop=stop,
    )


def _stop(found: _Stop) -> Stop:
    return Stop(
        arrives_at=found.arrives_at,
        departs_at=found.departs_at,
        delay_minutes=found.delay_minutes,
        services=found.services,
        quarter=found.quarter,
        rhine_bank=found.rhine_bank,
        open=found.status == "scheduled" and found.bookable_from is not None,
    )
