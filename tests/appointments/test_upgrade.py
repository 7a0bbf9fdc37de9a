"""From the first version to this one: what a city already has stays, and goes on."""

from collections.abc import Awaitable, Callable

import asyncpg

from services.appointments.offer.usecases import load_city
from services.appointments.settings import Settings
from shared import migrations
from shared.tools import Tools

_FIRST_VERSION = """
    insert into stations (key, name, district) values ('mitte', 'Bürger-Service-Station Mitte', 500);
    insert into counters (key, station, number) values ('mitte-1', 'mitte', 1);
    insert into services (key, position, names, bring, minutes)
    values ('reisepass', 1, '{"de": "Reisepass"}', '{}', 20);
    insert into opening_hours (station, weekday, opens, closes) values ('mitte', 0, '09:00', '17:00');
    insert into closures (station, first_day, last_day, reason) values ('mitte', '2027-01-04', '2027-01-05', 'Umzug');
    insert into appointments (id, version, status, number, station, counter, services, starts_at, ends_at, held_until)
    values ('0199f0a0-0000-7000-8000-000000000001', 0, 'held', '0000-0001', 'mitte', 'mitte-1', '{reisepass}',
            '2026-12-01 09:00+01', '2026-12-01 09:20+01', '2026-11-24 12:10+01');
    insert into due_work (kind, key, due_at, urgency)
    values ('draft-expiry', '0199f0a0-0000-7000-8000-000000000001', '2026-11-24 14:10+01', 3);
"""


async def test_what_the_first_version_kept_is_still_there(database: Callable[[str], Awaitable[str]]) -> None:
    url = await database("appointments")
    conn = await asyncpg.connect(url)
    await conn.execute("truncate stations, services cascade")
    await migrations.downgrade(url, "appointments", "0001")
    await conn.execute(_FIRST_VERSION)
    await migrations.upgrade(url, "appointments")
    for table in ("stations", "counters", "services", "opening_hours", "closures", "appointments"):
        assert await conn.fetchval(f"select count(*) from {table}") == 1, table
    assert await conn.fetchval("select kind from due_work") == "hold-end", "holds made before end as well"
    await conn.close()
    tools = Tools(Settings(database=url))
    async with tools.db.transaction() as connection:
        await load_city(connection, tools.city)
    await tools.db.close()
