"""Use cases of the offer."""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.tables import counters, opening_hours, services, stations
from shared.city import City


async def load_city(conn: AsyncConnection, city: City) -> None:
    """Take over stations, counters, services and opening hours from the city's data; again changes nothing twice."""
    found = [station.model_dump(exclude={"counters", "phone"}) for station in city.stations]
    upsert = insert(stations)
    changed = {name: upsert.excluded[name] for name in found[0] if name != "key"}
    await conn.execute(upsert.on_conflict_do_update(index_elements=["key"], set_=changed), found)

    numbered = [
        {"key": f"{station.key}-{number}", "station": station.key, "number": number}
        for station in city.stations
        for number in range(1, station.counters + 1)
    ]
    await conn.execute(insert(counters).on_conflict_do_nothing(), numbered)

    offered = [
        {
            "key": service.key,
            "position": position,
            "names": service.names,
            "bring": service.bring,
            "situation": service.situation,
            "minutes": service.minutes,
            "fee_cents": service.fee_cents,
            "most": service.most,
            "stations": service.stations,
            "video": service.video,
        }
        for position, service in enumerate(city.services)
    ]
    upsert = insert(services)
    changed = {name: upsert.excluded[name] for name in offered[0] if name != "key"}
    await conn.execute(upsert.on_conflict_do_update(index_elements=["key"], set_=changed), offered)

    await conn.execute(delete(opening_hours))
    open_on = [
        {
            "station": station.key,
            "weekday": weekday,
            "opens": hours.opens,
            "closes": hours.closes,
            "valid_from": hours.valid_from,
            "valid_until": hours.valid_until,
            "every_weeks": hours.every_weeks,
            "nth": hours.nth,
            "staff_counters": hours.staff_counters,
            "services": hours.services,
        }
        for station in city.stations
        for hours in city.opening_hours
        if (station.kind == "counter" if hours.stations is None else station.key in hours.stations)
        for weekday in hours.weekdays
    ]
    await conn.execute(insert(opening_hours), open_on)
