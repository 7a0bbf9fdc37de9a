"""What the `nahbar` command does to a running platform's databases."""

import importlib
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_bytes
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from deploy import serve
from deploy.services import load_city_into, reactions_of
from shared import dead_letters, kafka, migrations
from shared.city import City
from shared.clock import Clock
from shared.db import Database
from shared.events.registry import all_topics
from shared.sealing import new_key_pair
from shared.settings import SECRETS, SERVICES, Platform, read
from shared.statements import Query
from shared.tools import Tools

_WAITING = Query(int, "select count(*) from outbox where published_at is null and refused is null")


@dataclass(frozen=True, slots=True)
class OpenLetter:
    """An unsettled dead letter: when it was recorded (`YYYY-MM-DD HH:MM`), where the record stood in Kafka, and why."""

    id: UUID
    recorded: str
    topic: str
    partition: int
    position: int
    reason: str


_OPEN_LETTERS = Query(
    OpenLetter,
    """
    select id, to_char(recorded_at, 'YYYY-MM-DD HH24:MI') as recorded, topic, partition, position, reason
    from dead_letters where settled_at is null order by id
""",
)


@asynccontextmanager
async def database_of(service: str) -> AsyncIterator[AsyncConnection]:
    """A transaction on a service's database."""
    database = Database(serve.settings_of(service).database, pool_size=2)
    try:
        async with database.transaction() as conn:
            yield conn
    finally:
        await database.close()


async def prepare() -> None:
    """Databases, schemas, topics and the city's data, as far as they are not there yet."""
    for name in SERVICES:
        await migrate(name)
    await create_topics()
    await load_city()


async def migrate(service: str) -> None:
    """Create a service's database and bring it to the newest schema."""
    url = serve.settings_of(service).database
    await migrations.create_database(url)
    await migrations.upgrade(url, service)


async def create_topics() -> tuple[int, int]:
    """Create the topics that do not exist; returns how many were created and how many are needed."""
    platform = read(Platform)
    names = all_topics(platform.topic_prefix, SERVICES)
    created = await kafka.create_topics(
        platform.kafka, names, platform.partitions, platform.replication, kafka.security_of(platform)
    )
    return len(created), len(names)


async def ledger() -> dict[str, Any]:
    """The account of all messages, as `notifications` keeps it."""
    queries = importlib.import_module("services.notifications.delivery.queries")
    async with database_of("notifications") as conn:
        found: dict[str, Any] = (await queries.ledger(conn, Clock(read(Platform).clock_file).now())).model_dump(
            mode="json"
        )
        return found


async def waiting_facts(service: str) -> int:
    """How many facts of a service Kafka does not have yet."""
    async with database_of(service) as conn:
        return await _WAITING.one(conn)


async def load_city() -> str:
    """Load the city's data into the services that own them; returns what was loaded, in words."""
    owners = []
    for name in SERVICES:
        tools = Tools(serve.settings_of(name))
        try:
            if await load_city_into(tools):
                owners.append(name)
        finally:
            await tools.db.close()
    city = tools.city
    return f"{city.name}: {len(city.stations)} stations, {len(city.services)} services; known to {', '.join(owners)}"


def check_city() -> list[tuple[str, str]]:
    """What of the city's data nobody has confirmed: what it is, and its path in the city's files."""
    return City.load(read(Platform).city).unconfirmed


def new_secrets(service: str) -> list[str]:
    """Settings with new secrets for a service; the public key goes to everybody who seals values to it."""
    private, public = new_key_pair()
    name = token_bytes(4).hex()
    prefix = service.upper()
    return [
        f'{prefix}_PRIVATE_KEYS=["{name}:{private}"]',
        *[f"{prefix}_{secret.upper()}={b64encode(token_bytes(32)).decode()}" for secret in SECRETS],
        f'# into NAHBAR_PUBLIC_KEYS of every service: "{service}": "{name}:{public}"',
    ]


async def open_letters(service: str) -> list[OpenLetter]:
    """The unsettled dead letters of a service, oldest first."""
    async with database_of(service) as conn:
        return await _OPEN_LETTERS.all(conn)


async def replay_letters(service: str, letter: UUID | None) -> tuple[int, int]:
    """Apply dead letters again; returns how many were applied and how many failed again."""
    owner = Tools(serve.settings_of(service))
    try:
        return await dead_letters.replay(owner, reactions_of(service), letter)
    finally:
        await owner.db.close()


async def discard_letter(service: str, letter: UUID, by: str) -> bool:
    """Settle a dead letter without applying it; returns whether there was one."""
    async with database_of(service) as conn:
        return await dead_letters.settle(conn, letter, "discarded", by)
