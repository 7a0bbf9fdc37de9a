"""Reads of the offer, and the lock on a stop whose seats are taken."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.locks import Lock
from services.appointments.offer.domain import ClosedTime, Grid, Kind, Service, Station, Taken, choose, free_times
from services.appointments.offer.stops import Stop
from services.appointments.offer.windows import Hours
from shared.act import Act
from shared.city import City
from shared.clock import BERLIN
from shared.locks import note_lock
from shared.numbers import is_id
from shared.statements import Statement

_OFFER = Statement("""
    select
        (select coalesce(jsonb_agg(to_jsonb(found) order by stop ->> 'arrives_at' nulls first, found.name), '[]') from (
            select key, name, district, address, kind,
                   (select array_agg(c.key order by c.number) from counters c where c.station = s.key) as counters,
                   (select jsonb_agg(jsonb_build_array(c.key, language) order by c.number, place)
                    from counters c, unnest(c.languages) with ordinality as spoken (language, place)
                    where c.station = s.key) as spoken,
                   (select jsonb_agg(jsonb_build_array(
                       weekday, opens, closes, valid_from, valid_until, every_weeks, nth, staff_counters, services))
                    from opening_hours h where h.station = s.key) as hours,
                   (select jsonb_agg(jsonb_build_array(first_day, last_day, reason, from_time, until_time))
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
""")
_LOCK_STOP = text("select from stops where station = :station for share")
_TAKEN = Statement("""
    select counter, array_agg((date_part('epoch', starts_at) / 60)::int) as minutes from seats
    where counter = any(:counters) and starts_at >= :first and starts_at < :last and (until is null or until > :now)
      and (cast(:owner as uuid) is null or appointment <> :owner)
    group by counter
""")


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
    row = await _OFFER.row(conn, values)
    found = tuple(map(_service, row["services"]))
    return Offer(tuple(map(_station, row["stations"])), found if services is None else tuple(choose(found, services)))


async def lock_stop(conn: AsyncConnection, station: str) -> None:
    """Let a stop stay as it is until this transaction ends; a station that is none is left alone.

    Seats at a stop are taken after it is locked, and the offer is loaded then: the seats are still there, or what
    changes the stop later finds their holders.
    """
    if is_id(station):
        note_lock(conn, Lock.STOP, station)
        await conn.execute(_LOCK_STOP, {"station": station})


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
    rows = await _TAKEN.rows(act.conn, values)
    return {counter: frozenset(minutes) for counter, minutes in rows}


def _station(row: dict[str, Any]) -> Station:
    stop = _stop(row["stop"]) if row["stop"] else None
    counters = tuple(row["counters"] or ())
    return Station(
        key=row["key"],
        name=row["name"],
        district=row["district"],
        address=row["address"],
        counters=counters[: row["stop"]["counters"]] if stop else counters,
        hours=stop.hours if stop else tuple(_hours(each) for each in row["hours"] or ()),
        closures=tuple(_closure(*each) for each in row["closures"] or ()),
        kind=Kind(row["kind"]),
        spoken=tuple((counter, language) for counter, language in row["spoken"] or ()),
        stop=stop,
    )


def _stop(row: dict[str, Any]) -> Stop:
    return Stop(
        arrives_at=datetime.fromisoformat(row["arrives_at"]),
        departs_at=datetime.fromisoformat(row["departs_at"]),
        delay_minutes=row["delay_minutes"],
        services=frozenset(row["services"]),
        quarter=row["quarter"],
        rhine_bank=row["rhine_bank"],
        open=row["status"] == "scheduled" and row["bookable_from"] is not None,
    )


def _hours(row: list[Any]) -> Hours:
    weekday, opens, closes, first, last, weeks, nth, staff_counters, services = row
    return Hours(
        weekday,
        time.fromisoformat(opens),
        time.fromisoformat(closes),
        _day(first),
        _day(last),
        weeks,
        nth,
        staff_counters,
        _keys(services),
    )


def _closure(first: str, last: str, reason: str, begins: str | None, ends: str | None) -> ClosedTime:
    return ClosedTime(date.fromisoformat(first), date.fromisoformat(last), reason, _time(begins), _time(ends))


def _service(row: dict[str, Any]) -> Service:
    return Service(
        key=row["key"],
        names=row["names"],
        bring=row["bring"],
        minutes=row["minutes"],
        situation=row["situation"],
        fee_cents=row["fee_cents"],
        leika=row["leika"],
        most=row["most"],
        stations=_keys(row["stations"]),
        video=row["video"],
    )


def _keys(value: list[str] | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(value)


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _time(value: str | None) -> time | None:
    return time.fromisoformat(value) if value else None
