"""Use cases of the offer."""

import json
from collections.abc import Iterable
from dataclasses import asdict, fields

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.offer.windows import Hours
from services.appointments.tables import opening_hours
from shared.city import City
from shared.statements import Insert, Query, Statement

_SAVE_STATION = Statement("""
    insert into stations (key, name, district, address, kind, daily_tickets)
    values (:key, :name, :district, :address, :kind, :daily_tickets)
    on conflict (key) do update set name = excluded.name, district = excluded.district, address = excluded.address,
        kind = excluded.kind, daily_tickets = excluded.daily_tickets
""")
_SAVE_COUNTER = Statement("""
    insert into counters (key, station, number, languages) values (:key, :station, :number, :languages)
    on conflict (key) do update set languages = excluded.languages
""")
_SAVE_SERVICE = Statement("""
    insert into services (key, position, names, bring, situation, minutes, fee_cents, leika, most, stations, video)
    values (:key, :position, cast(:names as jsonb), cast(:bring as jsonb), :situation, :minutes, :fee_cents, :leika,
            :most, :stations, :video)
    on conflict (key) do update set position = excluded.position, names = excluded.names, bring = excluded.bring,
        situation = excluded.situation, minutes = excluded.minutes, fee_cents = excluded.fee_cents,
        leika = excluded.leika, most = excluded.most, stations = excluded.stations, video = excluded.video
""")
_WITH_HOURS_OF_THE_CITY = Query(str, "select key from stations where hours_version = 0")
_FORGET_HOURS = Statement("delete from opening_hours where station = :station")
_ADD_HOURS = Insert(opening_hours, "station", *(each.name for each in fields(Hours)))


async def load_city(conn: AsyncConnection, city: City) -> None:
    """Take over stations, counters, services and opening hours from the city's data; again changes nothing twice.

    Hours that staff have changed stay as they are.
    """
    found = [station.model_dump(exclude={"counters", "languages", "phone"}) for station in city.stations]
    await _SAVE_STATION.run_each(conn, found)

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
    await _SAVE_COUNTER.run_each(conn, numbered)

    offered = [
        {
            "key": service.key,
            "position": position,
            "names": json.dumps(service.names),
            "bring": json.dumps(service.bring),
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
    await _SAVE_SERVICE.run_each(conn, offered)

    for key in await _WITH_HOURS_OF_THE_CITY.all(conn):
        await replace_hours(conn, key, _hours_of(city, key))


async def replace_hours(conn: AsyncConnection, station: str, hours: Iterable[Hours]) -> None:
    """Give a station other opening hours."""
    await _FORGET_HOURS.run(conn, {"station": station})
    await _ADD_HOURS.run_each(conn, [{"station": station, **asdict(each)} for each in hours])


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
