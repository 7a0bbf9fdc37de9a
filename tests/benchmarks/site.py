"""Where benchmarks run: one broker, one PostgreSQL, and processes beside this one."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from deploy.local.processes import Child, free_port
from deploy.local.stack import ROOT, FarEnd
from shared.db import Database
from shared.events.registry import all_topics
from shared.kafka import create_topics
from shared.settings import SERVICES, Platform
from tests.support.days import clock_of_run
from tests.support.forked import Forked, ForkedFarEnd
from tests.support.stack import Backend, clone_database, drop_database

PARTITIONS = 3


@dataclass(frozen=True)
class Sizes:
    """How much is measured; seconds where it says so.

    Processes that are `forked` find everything imported: they start in a tenth of the time, not as in production.
    """

    rounds: int = 3
    bookings: int = 1_500
    calls: int = 600
    outbox: int = 20_000
    singles: int = 200
    facts: int = 3_000
    mails: int = 1_000
    idle_seconds: float = 20
    journey_seconds: float = 12
    journey_rate: int = 100
    bulk: int = 10_000
    at_stop: int = 60
    year: int = 280_000
    million: int = 1_000_000
    looks: int = 300
    forked: bool = False


TINY = Sizes(
    rounds=1,
    bookings=40,
    calls=30,
    outbox=300,
    singles=5,
    facts=100,
    mails=30,
    idle_seconds=0.5,
    journey_seconds=1,
    journey_rate=20,
    bulk=40,
    at_stop=6,
    year=3_000,
    million=2_000,
    looks=3,
    forked=True,
)


class Site:
    """Servers to measure on.

    Args:
        folder: for logs and what the mail server received.
    """

    def __init__(self, backend: Backend, folder: Path, sizes: Sizes) -> None:
        self.backend = backend
        self.folder = folder
        self.sizes = sizes

    async def platform(self) -> Platform:
        """Settings with topics of one's own, which exist."""
        platform = Platform(
            kafka=self.backend.bootstrap,
            postgres=self.backend.url,
            topic_prefix=f"b{uuid4().hex[:12]}",
            partitions=PARTITIONS,
            log_level="error",
            clock_file=clock_of_run(self.folder),
        )
        await create_topics(platform.kafka, all_topics(platform.topic_prefix, SERVICES), PARTITIONS)
        return platform

    @asynccontextmanager
    async def database(self, service: str, like: str | None = None) -> AsyncIterator[str]:
        """The URL of a database: a copy of `like`, to which nobody is connected, else fresh, with the city's data."""
        name = f"bench_{uuid4().hex[:12]}"
        if like is None:
            url = await clone_database(self.backend.url, service, name)
        else:
            url = f"{self.backend.url}/{name}"
            await copy_database(self.backend.url, like, url)
        try:
            yield url
        finally:
            await drop_database(url)

    @asynccontextmanager
    async def process(
        self, name: str, command: Sequence[str], ready: str, env: Mapping[str, str]
    ) -> AsyncIterator[Child]:
        """A process, as soon as a GET of `ready` answers 200."""
        child = (Forked if self.sizes.forked else Child)(name, self.folder)
        child.spawn([sys.executable, "-m", *command], env={**os.environ, **env}, cwd=ROOT)

        def answers() -> bool:
            try:
                return httpx.get(ready, timeout=2).status_code == 200
            except httpx.HTTPError:
                return False

        try:
            await asyncio.to_thread(child.wait_until, answers, 30)
            yield child
        finally:
            await asyncio.to_thread(child.stop)

    @asynccontextmanager
    async def service(
        self, name: str, platform: Platform, database: str, roles: str = "http,relay,consume,due", **settings: object
    ) -> AsyncIterator[tuple[str, Child]]:
        """A service in a process of its own, as it runs in production; yields its address and the process."""
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        env = {
            f"NAHBAR_{field.upper()}": str(value)
            for field, value in platform.model_dump(exclude_unset=True, exclude_none=True).items()
        }
        env |= {f"{name.upper()}_DATABASE": database, "NAHBAR_TRUSTED_PROXIES": '["127.0.0.1/32"]'}
        env |= {f"{name.upper()}_{field.upper()}": str(value) for field, value in settings.items()}
        command = ["deploy.cli", "serve", name, "--port", str(port), "--roles", roles]
        async with self.process(f"{name}-{port}", command, f"{address}/{name}/health/ready", env) as child:
            yield address, child

    @contextmanager
    def mail_server(self) -> Iterator[FarEnd]:
        """The simulated mail server, in a process of its own, with nothing received yet."""
        folder = self.folder / uuid4().hex
        server = (ForkedFarEnd if self.sizes.forked else FarEnd)(folder, "mail", "--reports-to", "127.0.0.1:9")
        server.start()
        try:
            yield server
        finally:
            server.stop()

    async def load(self, url: str, bodies: Sequence[Any], connections: int = 32, rate: float = 0) -> "Load":
        """POST bodies from a process of its own: as fast as answers come, or `rate` a second whatever comes back."""
        file = self.folder / "bodies"
        file.write_text("\n".join(map(json.dumps, bodies)))
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.benchmarks.load", url, str(file), str(connections), str(rate)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await client.communicate()
        load = Load(**json.loads(printed))
        if set(load.statuses) != {"201"}:
            raise RuntimeError(f"Not every booking was taken: {load.statuses}.")
        return load


@dataclass(frozen=True)
class Load:
    """What the load client saw; times in seconds, `cpu` is its own."""

    answered: int
    seconds: float
    cpu: float
    statuses: dict[str, int]
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


async def copy_database(server: str, source: str, target: str) -> None:
    """Copy a database nobody is connected to; both by their URLs."""
    database = Database(f"{server}/postgres", pool_size=2)
    names = [url.rpartition("/")[2] for url in (target, source)]
    async with database.engine.connect() as conn:
        plain = await conn.execution_options(isolation_level="AUTOCOMMIT")
        await plain.exec_driver_sql(f'create database "{names[0]}" template "{names[1]}"')
    await database.close()
