"""A stop of the Bürgermobil that is full is called off: until the last of its people has been told."""

import time
from datetime import UTC, datetime, timedelta
from datetime import time as hour
from typing import Any

import asyncpg

from shared.clock import BERLIN
from shared.events.mobile_office import MobilStopScheduled
from shared.settings import Platform
from tests.benchmarks.facts import publish
from tests.benchmarks.mail import accepted, bare
from tests.benchmarks.rows import Row, at_most_times, percentile, remark
from tests.benchmarks.site import Site
from tests.benchmarks.subscribers import by_day
from tests.notifications.facts import as_news
from tests.notifications.stops import scheduled, stop_cancelled
from tests.support.days import now
from tests.support.wait import eventually

AIM_BY_BARE = 20
SLOT = timedelta(minutes=10)
COUNTERS = 2
SERVICE = "meldebescheinigung"

_OPEN = "select count(*) from stations where key = $1"
_DELIVERED = "select count(*) from messages where state = 'delivered'"


async def cancelled_stop(site: Site) -> list[Row]:
    """From the moment the fact is published to the last mail the server accepted; then bare, the same mails."""
    count = site.sizes.at_stop
    ours, alone = [], []
    for _ in range(site.sizes.rounds):
        took, mails = await _call_off(site, count)
        ours.append(took)
        with site.mail_server() as server:
            alone.append(count / await bare(server, mails))
    seconds, usual = percentile(ours, 0.5), percentile(alone, 0.5)
    return [
        at_most_times(
            f"a cancelled stop with {count} bookings, until the last message", "s", seconds, usual, AIM_BY_BARE
        ),
        remark("each of them told", f"{seconds / count * 1000:.1f} ms"),
    ]


def a_stop(days: int = 5) -> MobilStopScheduled:
    """A stop of a whole day, in some days' time."""
    arrives = datetime.combine(now().date() + timedelta(days=days), hour(9), BERLIN).astimezone(UTC)
    known = scheduled().stop
    return scheduled(
        arrives_at=arrives,
        departs_at=arrives + timedelta(hours=8),
        services=[SERVICE],
        vehicle=known.vehicle.model_copy(update={"counters": COUNTERS}),
    )


async def _call_off(site: Site, count: int) -> tuple[float, list[Any]]:
    """Seconds until the last message, and the mails of the cancellation."""
    platform, stop = by_day(site, await site.platform()), a_stop()
    async with site.database("appointments") as appointments, site.database("notifications") as notifications:
        with site.mail_server() as server:
            async with (
                site.service("notifications", platform, notifications, smtp_port=server.port),
                site.service("appointments", platform, appointments) as (address, _),
            ):
                await _publish(platform, stop)
                await _until(appointments, _OPEN, 1, str(stop.id))
                await site.load(f"{address}/appointments/api/v1/appointments", _bookings(stop, count))
                await _until(notifications, _DELIVERED, count)
                told, began = len(accepted(server)), time.time()
                await _publish(platform, stop_cancelled(stop))
                await _until(notifications, _DELIVERED, 2 * count)
                mails = accepted(server)[told:]
    if len(mails) != count:
        raise RuntimeError(f"{count} people, {len(mails)} mails.")
    return max(mail.accepted_at.timestamp() for mail in mails) - began, mails


def _bookings(stop: MobilStopScheduled, count: int) -> list[dict[str, Any]]:
    starts = [stop.stop.arrives_at + number // COUNTERS * SLOT for number in range(count)]
    return [
        {
            "time": {"station": str(stop.id), "services": [SERVICE], "starts_at": start.isoformat()},
            "person": {"name": "Anna Muster", "mail": f"anna+{number}@example.org", "channels": ["mail"]},
        }
        for number, start in enumerate(starts)
    ]


async def _publish(platform: Platform, fact: Any) -> None:
    await publish(platform, [as_news(fact, now())])


async def _until(database: str, question: str, answer: int, *values: str) -> None:
    """Wait until a question is answered so."""
    conn = await asyncpg.connect(database)

    async def answered() -> bool:
        return bool(await conn.fetchval(question, *values) == answer)

    await eventually(answered, timeout=60, every=0.02)
    await conn.close()
