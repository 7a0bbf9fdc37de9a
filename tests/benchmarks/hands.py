"""From the commit of a fact to the hands of a consumer in another service, one fact at a time."""

import asyncio
import time
from uuid import UUID

from services.appointments.settings import Settings as RecordingSettings
from services.notifications.settings import Settings as ConsumingSettings
from shared.act import Act
from shared.events.appointments import AppointmentBooked
from shared.events.base import Received
from shared.runtime import Parts, Role, application
from shared.tools import Tools
from tests.benchmarks.facts import booked
from tests.benchmarks.rows import Row, at_most, percentile, remark
from tests.benchmarks.site import Site
from tests.support.wait import eventually

AIM = 5
PAUSE = 0.05


async def commit_to_hands(site: Site) -> list[Row]:
    """A fact each 50 ms, from its commit until the reaction of a consumer begins; both in this process."""
    platform = await site.platform()
    committed: dict[UUID, float] = {}
    arrived: dict[UUID, float] = {}

    async def react(_act: Act, received: Received[AppointmentBooked]) -> None:
        arrived[received.fact.id] = time.perf_counter()

    async with site.database("appointments") as first, site.database("notifications") as second:
        recording = Tools(RecordingSettings(platform=platform, database=first))
        consuming = Tools(ConsumingSettings(platform=platform, database=second))
        relay = application(recording, frozenset({Role.RELAY}), Parts())
        consumer = application(consuming, frozenset({Role.CONSUME}), Parts(reactions={AppointmentBooked: react}))
        async with relay.router.lifespan_context(relay), consumer.router.lifespan_context(consumer):
            for number in range(site.sizes.singles + 1):
                fact = booked(number).fact
                async with recording.db.transaction() as conn:
                    await recording.outbox.record(conn, fact)
                committed[fact.id] = time.perf_counter()
                if number == 0:  # opens the connections and lets the consumer join its group
                    await eventually(lambda: len(arrived) == 1)
                    committed.clear()
                    arrived.clear()
                await asyncio.sleep(PAUSE)
            await eventually(lambda: len(arrived) == len(committed))
    waits = [(arrived[id] - moment) * 1000 for id, moment in committed.items()]
    return [
        at_most("commit to a consumer's hands, p50", "ms", percentile(waits, 0.5), AIM),
        remark("commit to a consumer's hands, p99", f"{percentile(waits, 0.99):.1f} ms"),
    ]
