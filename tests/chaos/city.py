"""The city of a run: databases, topics and a clock of its own on given servers, between simulated far ends."""

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from time import time as real_time

import asyncpg
from sqlalchemy import delete

from deploy.local.laptop import REPLY_NUMBER
from services.mobile_office.tables import weekly_stops
from shared.calendar import previous_working_day
from shared.city import City as CityData
from shared.clock import BERLIN, Clock
from shared.db import Database
from shared.events.registry import all_topics
from shared.kafka import create_topics
from shared.settings import SERVICES, Platform
from tests.support.days import berlin, now, working_day
from tests.support.limits import NO_LIMITS_ENVIRONMENT
from tests.support.stack import clone_database, drop_database

_RUSH_SHORT = """
    update opening_hours set opens = '09:00', closes = $1, valid_from = $3, valid_until = $3, staff_counters = (
        select count(*) - 1 from counters c where c.station = $2) where station = $2
"""
_OPEN_NEVER = "insert into stations (key, name, district) values ($1, 'Bürger-Service-Station im Umbau', 500)"
_KEEP_RARE = "update services set stations = array[$2] where key = $1"
PARTITIONS = 3
RUSH, RUSH_SLOTS = "walsum", 5
"""A third of all wishes are for the first few times of one small station."""
NARROW, NARROW_SLOTS = "rheinhausen", 3
"""A station with so few times that some people who hold them leave none for others."""
RARE, REBUILT = "fuehrungszeugnis", "umbau"
"""A service of stops, and of a station without hours: people that lose their time at the last stop have to wait."""
SEND_TIMEOUT = 1.5
"""Seconds `notifications` waits for each answer of a far end; five of them are shorter than a lease."""


@dataclass
class City:
    """A city's own names on a broker and a PostgreSQL, and the environment of the services that serve it.

    Args:
        folder: keeps the clock.
        bootstrap, url: the servers.
        smtp, gateway: ports of the far ends.
        bounces, webhook: ports where their reports are listened to.
    """

    folder: Path
    bootstrap: str
    url: str
    smtp: int
    gateway: int
    bounces: int
    webhook: int

    def __post_init__(self) -> None:
        self.prefix = "chaos" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(10))
        """Without digits, for names of people begin with it, and those with numbers are refused."""
        self.databases: dict[str, str] = {}
        self._moves: list[tuple[float, timedelta]] = []

    async def prepare(self) -> None:
        """Databases, topics and the city's data, with an empty weekly plan; it is noon of a working day."""
        for service in SERVICES:
            self.databases[service] = await clone_database(self.url, service, f"{self.prefix}_{service}")
        await create_topics(self.bootstrap, all_topics(self.prefix, SERVICES), PARTITIONS)
        city = CityData.load(self.platform.city)
        database = Database(self.databases["mobile_office"])
        async with database.transaction() as conn:
            await conn.execute(delete(weekly_stops))
        await database.close()
        self.counters = {each.key: each.counters for each in city.stations if each.kind == "counter"}
        self.move_to(berlin(working_day(now().date(), 1), 12))
        self.day = berlin(working_day(self.now.astimezone(BERLIN).date(), 3))

    async def keep_rush_short(self) -> None:
        """Let one counter of the stations that are wanted open for those few times alone, so that people wait.

        What is rare is to be had at stops alone, as long as a station is being rebuilt.
        """
        conn = await asyncpg.connect(self.databases["appointments"], timeout=10)
        try:
            for station, slots in ((RUSH, RUSH_SLOTS), (NARROW, NARROW_SLOTS)):
                await conn.execute(_RUSH_SHORT, time(9, 10 * slots), station, self.day.date())
            await conn.execute(_OPEN_NEVER, REBUILT)
            await conn.execute(_KEEP_RARE, RARE, REBUILT)
        finally:
            await conn.close()

    async def remove(self) -> None:
        """Drop the databases."""
        for url in self.databases.values():
            await drop_database(url)

    @cached_property
    def platform(self) -> Platform:
        return Platform(kafka=self.bootstrap, postgres=self.url, topic_prefix=self.prefix, clock_file=self._clock_file)

    @property
    def environment(self) -> Mapping[str, str]:
        """What the processes of the services are started with."""
        address = f"http://127.0.0.1:{self.webhook}"
        return {
            "NAHBAR_KAFKA": self.bootstrap,
            "NAHBAR_POSTGRES": self.url,
            "NAHBAR_TOPIC_PREFIX": self.prefix,
            "NAHBAR_PARTITIONS": str(PARTITIONS),
            "NAHBAR_PUBLIC_URL": address,
            "NAHBAR_CLOCK_FILE": str(self._clock_file),
            "NAHBAR_OIDC_ISSUER": self.issuer,
            **{f"{service.upper()}_DATABASE": url for service, url in self.databases.items()},
            "NOTIFICATIONS_SMTP_PORT": str(self.smtp),
            "NOTIFICATIONS_SMS_URL": self.sms,
            "NOTIFICATIONS_SMS_REPLY_NUMBER": REPLY_NUMBER,
            "NOTIFICATIONS_BOUNCE_PORT": str(self.bounces),
            "NOTIFICATIONS_SEND_TIMEOUT": str(SEND_TIMEOUT),
            "NOTIFICATIONS_RETRY_FIRST": "PT0.2S",
            "NOTIFICATIONS_RETRY_LONGEST": "PT1S",
            "NOTIFICATIONS_AWAY_LONGEST": "PT1S",
            "NOTIFICATIONS_RETRY_LIMIT": "5",
            **NO_LIMITS_ENVIRONMENT,
        }

    @property
    def sms(self) -> str:
        """The SMS gateway."""
        return f"http://127.0.0.1:{self.gateway}/sms"

    @property
    def issuer(self) -> str:
        """Where staff get their tokens."""
        return f"http://127.0.0.1:{self.gateway}/issuer"

    @property
    def now(self) -> datetime:
        """Business time."""
        return Clock(self._clock_file).now()

    @property
    def reminder_time(self) -> datetime:
        """When the reminders of the day of the appointments are due."""
        return datetime.combine(previous_working_day(self.day.date()), datetime.min.time(), BERLIN) + timedelta(
            hours=16
        )

    def move_to(self, moment: datetime) -> None:
        """Let it be this moment now, for all services."""
        offset = moment - datetime.now(UTC)
        self._moves.append((real_time(), offset))
        Clock.move(self._clock_file, offset)

    def real(self, moment: datetime) -> float:
        """The real time (seconds since the epoch) of a moment of business time; the clock only ever moved forward."""
        for (_, offset), (moved_on, _) in zip(self._moves, [*self._moves[1:], (float("inf"), None)], strict=True):
            if (moment - offset).timestamp() <= moved_on:
                return (moment - offset).timestamp()
        raise AssertionError("the last span has no end")

    @property
    def clock_moves(self) -> list[float]:
        """When the clock was moved (seconds since the epoch)."""
        return [moved_on for moved_on, _ in self._moves]

    @property
    def _clock_file(self) -> Path:
        return self.folder / f"{self.prefix}.clock"
