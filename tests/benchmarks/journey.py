"""The whole way: a booking is committed, its confirmation is accepted by the mail server."""

from collections.abc import Sequence

import asyncpg

from deploy.local.far_ends.records import Accepted
from shared.settings import Platform
from tests.benchmarks.booking import bookings
from tests.benchmarks.mail import accepted, plan
from tests.benchmarks.rows import Row, at_most, at_most_times, percentile, remark
from tests.benchmarks.site import Site
from tests.support.wait import eventually

AIM = 250
AIM_WITH_BULK = 2
WARM_UP = 50
PER_MATTER = 20

_MAKE_BULK = """
    with more as (
        insert into notices
        select (jsonb_populate_record(n, jsonb_build_object('id', gen_random_uuid(), 'urgency', 3))).*
        from notices n, generate_series(1, $1) where n.purpose = 'confirmation' returning id, useful_until
    ), waiting as (
        insert into messages (id, notice, channel, state, due_at, changed_at)
        select gen_random_uuid(), id, 'mail', 'waiting', now(), now() from more returning id
    )
    insert into due_work (kind, key, due_at, urgency) select 'send', id::text, now(), 3 from waiting
"""
_DELIVERED = (
    "select count(*) from messages m join notices n on n.id = m.notice where n.urgency = 1 and m.state = 'delivered'"
)
_MATTERS = "select m.id, n.matter from messages m join notices n on n.id = m.notice where n.urgency = 1"
_COMMITTED = "select aggregate, uuid_extract_timestamp(event_id) as moment from outbox order by id desc limit $1"
_BULK_LEFT = "select count(*) from due_work where kind = 'send' and urgency = 3"


async def booking_to_mail(site: Site) -> list[Row]:
    """Services and mail server in processes of their own, bookings at a steady rate; then with bulk waiting."""
    quiet, _ = await _measure(site, bulk=0)
    busy, left = await _measure(site, bulk=site.sizes.bulk)
    rate, usual = site.sizes.journey_rate, percentile(quiet, 0.99)
    return [
        at_most(f"booking to mail server at {rate}/s, p99", "ms", usual, AIM),
        remark(f"booking to mail server at {rate}/s, p50", f"{percentile(quiet, 0.5):.1f} ms"),
        at_most_times(
            f"the same while {site.sizes.bulk:,} bulk messages wait, p99",
            "ms",
            percentile(busy, 0.99),
            usual,
            AIM_WITH_BULK,
        ),
        remark("bulk messages left at the end", f"{left:,}"),
    ]


async def _measure(site: Site, bulk: int) -> tuple[list[float], int]:
    """Milliseconds from commit to acceptance of each booking, and how many bulk messages were left at the end."""
    platform, rate = await site.platform(), site.sizes.journey_rate
    count = int(rate * site.sizes.journey_seconds)
    async with site.city() as appointments, site.database("notifications") as notifications:
        await _make_bulk(platform, notifications, bulk)
        bodies = await bookings(appointments, WARM_UP + count)
        with site.mail_server() as server:
            async with (
                site.service("notifications", platform, notifications, smtp_port=server.port),
                site.service("appointments", platform, appointments) as (address, _),
            ):
                url = f"{address}/appointments/api/v1/appointments"
                await site.load(url, bodies[:WARM_UP], rate=rate)
                await site.load(url, bodies[WARM_UP:], rate=rate)
                left = await _until_delivered(notifications, WARM_UP + count)
            return await _waits(appointments, notifications, accepted(server), count), left


async def _make_bulk(platform: Platform, database: str, count: int) -> None:
    """Let bulk messages be due, and nothing else."""
    await plan(platform, database, count // PER_MATTER)
    conn = await asyncpg.connect(database)
    await conn.execute("delete from due_work")
    await conn.execute(_MAKE_BULK, PER_MATTER)
    await conn.close()


async def _until_delivered(database: str, count: int) -> int:
    """Wait until the confirmations are out; how many bulk messages were left then."""
    conn = await asyncpg.connect(database)

    async def delivered() -> bool:
        return bool(await conn.fetchval(_DELIVERED) == count)

    await eventually(delivered, timeout=60, every=0.1)
    left: int = await conn.fetchval(_BULK_LEFT)
    await conn.close()
    return left


async def _waits(appointments: str, notifications: str, mails: Sequence[Accepted], count: int) -> list[float]:
    """Milliseconds of the last bookings: their rows were written just before the commit, so no wait is too short."""
    first, second = await asyncpg.connect(appointments), await asyncpg.connect(notifications)
    committed = dict(await first.fetch(_COMMITTED, count))
    matters = {str(id): matter for id, matter in await second.fetch(_MATTERS)}
    await first.close()
    await second.close()
    arrived = {matters[mail.reference]: mail.accepted_at for mail in mails if mail.reference in matters}
    return [(arrived[id] - moment).total_seconds() * 1000 for id, moment in committed.items()]
