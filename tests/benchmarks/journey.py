"""The whole way: a booking is committed, its confirmation is accepted by the mail server."""

from collections.abc import Sequence

import asyncpg

from deploy.local.far_ends.records import Accepted
from shared.events.base import Fact
from shared.settings import Platform
from tests.benchmarks.booking import bookings
from tests.benchmarks.mail import accepted
from tests.benchmarks.rows import Row, at_most, at_most_times, percentile, remark
from tests.benchmarks.site import Site
from tests.benchmarks.stops import a_stop
from tests.benchmarks.subscribers import a_closure, spread, subscribe
from tests.support.wait import eventually

AIM = 250
AIM_WITH_BULK = 2
WARM_UP = 50

_AT_ANY_HOUR = "update notices set loud_from = planned_at"
_DELIVERED = (
    "select count(*) from messages m join notices n on n.id = m.notice where n.urgency = 1 and m.state = 'delivered'"
)
_MATTERS = "select m.id, n.matter from messages m join notices n on n.id = m.notice where n.urgency = 1"
_COMMITTED = "select aggregate, uuid_extract_timestamp(event_id) as moment from outbox order by id desc limit $1"
_BULK_LEFT = "select count(*) from due_work where kind = 'send' and urgency = 3"


async def booking_to_mail(site: Site) -> list[Row]:
    """Services and mail server in processes of their own, bookings at a steady rate; then while news is told."""
    quiet, _ = await _measure(site, None)
    rate, usual = site.sizes.journey_rate, percentile(quiet, 0.99)
    rows = [
        at_most(f"booking to mail server at {rate}/s, p99", "ms", usual, AIM),
        remark(f"booking to mail server at {rate}/s, p50", f"{percentile(quiet, 0.5):.1f} ms"),
    ]
    for what, news in (("a closure", a_closure()), ("a stop", a_stop())):
        busy, left = await _measure(site, news)
        told = f"the same while {site.sizes.bulk:,} subscribers are told of {what}, p99"
        rows.append(at_most_times(told, "ms", percentile(busy, 0.99), usual, AIM_WITH_BULK))
        rows.append(remark("subscribers not yet told at the end", f"{left:,}"))
    return rows


async def _measure(site: Site, news: Fact | None) -> tuple[list[float], int]:
    """Milliseconds from commit to acceptance of each booking, and how many subscribers were left at the end."""
    platform, rate = await site.platform(), site.sizes.journey_rate
    count = int(rate * site.sizes.journey_seconds)
    async with site.database("appointments") as appointments, site.database("notifications") as notifications:
        if news:
            await _make_bulk(platform, notifications, site.sizes.bulk, news)
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


async def _make_bulk(platform: Platform, database: str, count: int, news: Fact) -> None:
    """Let news be due to this many subscribers, whatever the hour."""
    await subscribe(platform, database, count, news)
    await spread(platform, database)
    conn = await asyncpg.connect(database)
    await conn.execute(_AT_ANY_HOUR)
    await conn.close()


async def _until_delivered(database: str, count: int) -> int:
    """Wait until the confirmations are out; how many subscribers were left then."""
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
