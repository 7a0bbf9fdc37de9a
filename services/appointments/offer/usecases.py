"""Use cases of the offer."""

from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.offer.windows import Hours
from services.appointments.tables import counters, opening_hours, services, stations
from shared.city import City


async def load_city(conn: AsyncConnection, city: City) -> None:
    """Take over stations, counters, services and opening hours from the city's data; again changes nothing twice.

    Hours that staff have changed stay as they are.
    """
    found = [station.model_dump(exclude={"counters", "languages", "phone"}) for station in city.stations]
    upsert = insert(stations)
    changed = {name: upsert.excluded[name] for name in found[0] if name != "key"}
    await conn.execute(upsert.on_conflict_do_update(index_elements=["key"], set_=changed), found)

    numbered = [
        {
            "key": f"{station.key}-{number}",
            "station": station.key,
            "number": number,
            "languages": station.languages.get(number, []),
        }
        for station in city.stations
        for number in range(1, station.counters + 1)
    ]
    upsert = insert(counters)
    spoken = {"languages": upsert.excluded.languages}
    await conn.execute(upsert.on_conflict_do_update(index_elements=["key"], set_=spoken), numbered)

    offered = [
        {
            "key": service.key,
            "position": position,
            "names": service.names,
            "bring": service.bring,
            "situation": service.situation,
            "minutes": service.minutes,
            "fee_cents": service.fee_cents,
            "leika": service.leika,
            "most": service.most,
            "stations": service.stations,
            "video": service.video,
        }
        for position, service in enumerate(city.services)
    ]
    upsert = insert(services)
    changed = {name: upsert.excluded[name] for name in offered[0] if name != "key"}
    await conn.execute(upsert.on_conflict_do_update(index_elements=["key"], set_=changed), offered)

    unchanged = await conn.execute(select(stations.c.key).where(stations.c.hours_version == 0))
    for key in unchanged.scalars().all():
        await replace_hours(conn, key, _hours_of(city, key))


async def replace_hours(conn: AsyncConnection, station: str, hours: Iterable[Hours]) -> None:
    """Give a station other opening hours."""
    await conn.execute(delete(opening_hours).where(opening_hours.c.station == station))
    if rows := [{"station": station, **asdict(each)} for each in hours]:
        await conn.execute(insert(opening_hours), rows)


def _hours_of(city: City, key: str) -> list[Hours]:
    """The hours of a station in the city's data; none if it is no longer in them."""
    return [
        Hours(
            weekday,
            given.opens,
            given.closes,
            given.valid_from,
            given.valid_until,
            given.every_weeks,
            given.nth,
            given.staff_counters,
            None if given.services is None else tuple(given.services),
        )
        for given in city.reach(key).hours
        for weekday in given.weekdays
    ]
