"""Mails handed to the mail server by `notifications`, against bare aiosmtplib sending the same mails."""

import asyncio
import time
from collections.abc import Sequence

import asyncpg
from aiosmtplib import SMTP

from deploy.local.far_ends.records import Accepted
from deploy.local.far_ends.store import Store
from deploy.local.stack import FarEnd
from services.notifications.app import create_app
from services.notifications.settings import Settings
from services.notifications.telling.usecases import take_fact
from shared.act import acting
from shared.runtime import Role
from shared.settings import Platform
from shared.tools import Tools
from tests.benchmarks.facts import booked
from tests.benchmarks.rows import Row, compare
from tests.benchmarks.site import Site
from tests.support.wait import eventually

AIM = 0.9
CONNECTIONS = 20
AT_ONCE = 100

_DELIVERED = "select count(*) from messages where state = 'delivered'"


async def mail_fan_out(site: Site) -> list[Row]:
    """Confirmations are due; from the start of the due worker to the last mail the server accepted."""
    platform = await site.platform()
    ours: list[float] = []
    alone: list[float] = []
    async with site.database("notifications") as waiting:
        await plan(platform, waiting, site.sizes.mails)
        for _ in range(site.sizes.rounds):
            async with site.database("notifications", like=waiting) as database:
                with site.mail_server() as server:
                    ours.append(await drained(platform, database, server, site.sizes.mails))
                    mails = accepted(server)
            with site.mail_server() as server:
                alone.append(await bare(server, mails))
    return [compare("mail fan-out", "mails/s", ours, alone, AIM)]


async def plan(platform: Platform, database: str, count: int) -> None:
    """Let the service learn of bookings, so that their confirmations are due."""
    tools = Tools(Settings(platform=platform, database=database))
    for first in range(0, count, AT_ONCE):
        async with acting(tools) as act:
            for number in range(first, min(count, first + AT_ONCE)):
                received = booked(number)
                await take_fact(act.following(received), received)
    await tools.db.close()


def accepted(server: FarEnd) -> list[Accepted]:
    """What a mail server accepted."""
    store = Store(server.log.parent)
    try:
        return store.accepted()
    finally:
        store.close()


async def drained(platform: Platform, database: str, server: FarEnd, count: int) -> float:
    """Mails a second, from the start of the due worker until this many are delivered."""
    app = create_app(Settings(platform=platform, database=database, smtp_port=server.port), frozenset({Role.DUE}))
    conn = await asyncpg.connect(database)

    async def all_delivered() -> bool:
        return bool(await conn.fetchval(_DELIVERED) == count)

    started = time.time()
    async with app.router.lifespan_context(app):
        await eventually(all_delivered, timeout=600, every=0.05)
    await conn.close()
    return _rate(server, count, started)


async def bare(server: FarEnd, mails: Sequence[Accepted]) -> float:
    """Mails a second when aiosmtplib alone sends them."""
    waiting = iter(mails)

    async def send() -> None:
        client = SMTP(hostname="127.0.0.1", port=server.port)
        await client.connect()
        for mail in waiting:
            await client.sendmail(mail.sender, [mail.recipient], mail.source)
        await client.quit()

    started = time.time()
    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
    return _rate(server, len(mails), started)


def _rate(server: FarEnd, count: int, started: float) -> float:
    mails = accepted(server)
    if len(mails) != count:
        raise RuntimeError(f"{count} mails, {len(mails)} accepted.")
    return count / (max(mail.accepted_at.timestamp() for mail in mails) - started)
