"""Fills a database of `appointments` with those of other people: each with its seat, its person and its state."""

from datetime import datetime, time, timedelta

import asyncpg

from shared.clock import BERLIN
from tests.support.days import now

# Working hours of weekdays, the last days first; `share` of the seats are taken, the same in every run.
_FILL = """
    with seats_there_are as (
        select c.key as counter, c.station, day + make_interval(mins => 10 * slot) as starts_at
        from generate_series($1::timestamptz, $2::timestamptz, interval '-1 day') day,
             generate_series(0, 47) slot, counters c join stations s on s.key = c.station
        where s.kind = 'counter' and extract(isodow from day) < 6
          and hashint8(abs(extract(epoch from day)::bigint / 600 + slot) * 64 + c.number) % 1000 < $3
    ), chosen as (
        select gen_random_uuid() as id, row_number() over () as count, counter, station, starts_at
        from seats_there_are limit $4
    ), seated as (
        insert into seats (counter, starts_at, appointment) select counter, starts_at, id from chosen
    ), known as (
        insert into people (matter, person_key, box, delete_after)
        select id, encode(sha256(id::text::bytea), 'hex'), decode(repeat('00', 180), 'hex'),
               starts_at + interval '14 days' from chosen
    )
    insert into appointments (id, version, status, number, station, counter, services, starts_at, ends_at, channels,
                              state)
    select id, 1, 'confirmed', 'x' || count, station, counter, '{meldebescheinigung}', starts_at,
           starts_at + interval '10 minutes', '{mail}', jsonb_build_object('number', count, 'filler', repeat('x', 700))
    from chosen
"""


async def fill(database: str, count: int, until: datetime, share: float = 1) -> None:
    """Let there be so many appointments at counters, from a day backwards.

    Args:
        until: when the counters open on the last day.
        share: how much of each day is taken (0 to 1).
    """
    conn = await asyncpg.connect(database)
    first = until - timedelta(days=2_000)
    await conn.execute("set synchronous_commit = off")
    await conn.execute(_FILL, until, first, round(share * 1000), count)
    await conn.execute("vacuum analyze")
    await conn.close()


def opening(ahead: int) -> datetime:
    """When the counters open on a day, some days from now."""
    return datetime.combine(now().date() + timedelta(days=ahead), time(9), BERLIN)
