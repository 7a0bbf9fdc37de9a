"""News told to subscribers, against bare aiosmtplib sending the same mails."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import insert, text

from services.notifications.news.digest import GATHERING, write_digests
from services.notifications.news.usecases import FAN_OUT, fan_out, take_news
from services.notifications.settings import Settings
from services.notifications.subscribing.domain import Topic
from services.notifications.tables import matters, metadata, subscriptions
from shared.act import Act, acting
from shared.calendar import end_of_quiet
from shared.due import Claim
from shared.events.base import Fact
from shared.events.notifications import SubscriptionConfirmed
from shared.events.registry import type_of
from shared.people import Person
from shared.settings import Platform
from shared.tools import Tools
from tests.benchmarks.mail import accepted, bare, drained
from tests.benchmarks.rows import Row, compare
from tests.benchmarks.site import Site
from tests.notifications.facts import as_news, closed
from tests.support.days import now, stand_at

AIM = 0.9

_SPREADING = {FAN_OUT: fan_out, GATHERING: write_digests}
_TAKE = text("""
    delete from due_work where (kind, key) = (select kind, key from due_work where kind = any(:kinds) limit 1)
    returning kind, key
""")


async def news_to_subscribers(site: Site) -> list[Row]:
    """A station closes; from the start of the due worker to the last mail the server accepted."""
    platform, count = by_day(site, await site.platform()), site.sizes.bulk
    ours: list[float] = []
    alone: list[float] = []
    async with site.database("notifications") as waiting:
        await subscribe(platform, waiting, count, a_closure())
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
    stand_at(file, end_of_quiet(now() + timedelta(hours=2)))
    return platform.model_copy(update={"clock_file": file})


def a_closure() -> Fact:
    """A station of the subscribers' district closes."""
    day = now().date() + timedelta(days=10)
    return closed(first_day=day, last_day=day)


async def subscribe(platform: Platform, database: str, count: int, news: Fact) -> None:
    """Let there be subscribers, and news for them that has not begun to spread."""
    tools = Tools(Settings(platform=platform, database=database))
    now = tools.clock.now()
    rows, people, known = [], [], []
    subscribed = type_of(SubscriptionConfirmed)
    for number in range(count):
        id, person = uuid4(), Person(name="", mail=f"anna+{number}@example.org")
        people.append({"matter": id, **tools.people.row(id, person)})
        known.append({"id": id, "version": 1, "told_version": 1, "type": subscribed, "fact": {}, "changed_at": now})
        rows.append(
            {
                "id": id, "version": 1, "address": tools.people.person_key(person), "channel": "mail",
                "districts": [200], "quarters": [], "topics": list(Topic), "language": ("de", "en")[number % 2],
                "digest": False, "confirmed_at": now,
            }
        )  # fmt: skip
    async with tools.db.transaction() as conn:
        await conn.execute(insert(metadata.tables["people"]), people)
        await conn.execute(insert(matters), known)
        await conn.execute(insert(subscriptions), rows)
        await take_news(Act(conn, tools, now), as_news(news, now))
    await tools.db.close()


async def spread(platform: Platform, database: str) -> None:
    """Plan the messages of all news."""
    tools = Tools(Settings(platform=platform, database=database))
    while True:
        async with acting(tools) as act:
            work = (await act.conn.execute(_TAKE, {"kinds": list(_SPREADING)})).one_or_none()
            if work is None:
                break
            await _SPREADING[work.kind](act, Claim(work.kind, work.key, 1, uuid4()))
    await tools.db.close()
