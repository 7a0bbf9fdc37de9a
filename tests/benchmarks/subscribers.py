"""News told to subscribers, against bare aiosmtplib sending the same mails."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import insert, select

from services.notifications.news.usecases import FAN_OUT, fan_out, take_news
from services.notifications.settings import Settings
from services.notifications.tables import fan_outs, metadata, subscriptions
from shared.calendar import end_of_quiet
from shared.clock import Clock
from shared.due import Claim
from shared.people import Person
from shared.service import Service
from shared.settings import Platform
from tests.benchmarks.mail import accepted, bare, drained
from tests.benchmarks.rows import Row, compare
from tests.benchmarks.site import Site
from tests.notifications.facts import as_news, closed

AIM = 0.9


async def news_to_subscribers(site: Site) -> list[Row]:
    """A station closes; from the start of the due worker to the last mail the server accepted."""
    platform, count = by_day(site, await site.platform()), site.sizes.bulk
    ours: list[float] = []
    alone: list[float] = []
    async with site.database("notifications") as waiting:
        await subscribe(platform, waiting, count)
        for _ in range(site.sizes.rounds):
            async with site.database("notifications", like=waiting) as database:
                with site.mail_server() as server:
                    ours.append(await drained(platform, database, server, count))
                    mails = accepted(server)
            with site.mail_server() as server:
                alone.append(await bare(server, mails))
    return [compare(f"news to {count:,} subscribers", "mails/s", ours, alone, AIM)]


def by_day(site: Site, platform: Platform) -> Platform:
    """The same platform at an hour at which nobody minds news."""
    file = site.folder / f"clock-{platform.topic_prefix}"
    now = datetime.now(UTC)
    Clock.move(file, end_of_quiet(now + timedelta(hours=2)) - now)
    return platform.model_copy(update={"clock_file": file})


async def subscribe(platform: Platform, database: str, count: int) -> None:
    """Let there be subscribers, and news for them that has not begun to spread."""
    service = Service(Settings(platform=platform, database=database))
    now = service.clock.now()
    rows, people = [], []
    for number in range(count):
        id, person = uuid4(), Person(name="", mail=f"anna+{number}@example.org")
        people.append({"matter": id, **service.people.row(id, person)})
        rows.append(
            {
                "id": id, "version": 1, "address": service.people.person_key(person), "channel": "mail",
                "districts": [200], "quarters": [], "topics": ["stations"], "language": ("de", "en")[number % 2],
                "digest": False, "confirmed_at": now,
            }
        )  # fmt: skip
    async with service.db.transaction() as conn:
        await conn.execute(insert(metadata.tables["people"]), people)
        await conn.execute(insert(subscriptions), rows)
        day = now.date() + timedelta(days=10)
        fact = as_news(closed(first_day=day, last_day=day), now)
        await take_news(conn, service, fact, now)
    await service.db.close()


async def spread(platform: Platform, database: str) -> None:
    """Plan the messages of all news."""
    service = Service(Settings(platform=platform, database=database))
    while True:
        async with service.db.transaction() as conn:
            matter = (await conn.execute(select(fan_outs.c.matter))).scalar()
            if matter is None:
                break
            await fan_out(conn, service, Claim(FAN_OUT, str(matter), 1, uuid4()))
    await service.db.close()
