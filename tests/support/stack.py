"""One broker and one PostgreSQL per test run, and databases cloned from migrated templates."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import asyncpg
import psutil
import pytest

from deploy.local.java import KAFKA
from deploy.local.kafka import PROPERTIES, Kafka
from deploy.local.postgres import IN_MEMORY, Postgres
from deploy.local.processes import free_port
from deploy.services import load_city_into, settings_class
from shared import migrations
from shared.tools import Tools

_TEMPLATE_LOCK = 0x746D706C
_FOLDERS = "nahbar-test-"
_ROOM = 2 * 2**30
"""Bytes of memory that must be free for a run to keep its data there; it takes some hundred MiB."""
_HEAP = 1024
"""MiB for the broker of a whole run: every test has topics of its own, in the end thousands of partitions."""


@dataclass(frozen=True)
class Backend:
    """Servers for tests: Kafka's bootstrap servers, PostgreSQL's URL without a database, and how to end them."""

    bootstrap: str
    url: str
    stop: Callable[[], None]


def start_backend(durable: bool = False) -> Backend:
    """Start what STACK names; servers named in the environment are used as they are.

    Args:
        durable: let the embedded PostgreSQL wait for the disk, as in production; tests end with their data.

    Raises:
        pytest.UsageError: STACK names something else, or there is no container engine.
    """
    if os.environ.get("NAHBAR_KAFKA") and os.environ.get("NAHBAR_POSTGRES"):
        return Backend(os.environ["NAHBAR_KAFKA"], os.environ["NAHBAR_POSTGRES"], lambda: None)
    match os.environ.get("STACK", "embedded"):
        case "embedded":
            return _embedded(durable)
        case "containers":
            return _containers()
        case other:
            raise pytest.UsageError(f"There is no stack {other!r}. STACK is embedded (the default) or containers.")


def _embedded(durable: bool) -> Backend:
    _end_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=_FOLDERS, dir=tempfile.gettempdir() if durable else place_of_data()))
    (folder / "owner").write_text(str(os.getpid()))
    kafka, postgres = Kafka(folder, heap=_HEAP), Postgres(folder, durable=durable)

    def stop() -> None:
        kafka.kill()
        postgres.kill()
        postgres.remove()
        shutil.rmtree(folder, ignore_errors=True)

    try:
        postgres.start()
        kafka.start(print)
    except BaseException:
        stop()
        raise
    return Backend(kafka.bootstrap, postgres.url, stop)


def place_of_data() -> Path:
    """Where data may lie that end with the run: in memory if there is room, for a new database takes a tenth there."""
    if os.access(IN_MEMORY, os.W_OK):
        free = min(shutil.disk_usage(IN_MEMORY).free, psutil.virtual_memory().available)
        if free >= _ROOM:
            return IN_MEMORY
    return Path(tempfile.gettempdir())


def _end_abandoned() -> None:
    """End what runs left behind that were killed themselves."""
    places = (Path(tempfile.gettempdir()), IN_MEMORY)
    for folder in chain.from_iterable(place.glob(f"{_FOLDERS}*") for place in places):
        owner = folder / "owner"
        if owner.exists() and not psutil.pid_exists(int(owner.read_text())):
            Kafka(folder).kill()
            postgres = Postgres(folder)
            postgres.kill()
            postgres.remove()
            shutil.rmtree(folder, ignore_errors=True)


def _containers() -> Backend:
    from docker.errors import DockerException
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    try:
        kafka = DockerContainer(f"apache/kafka:{KAFKA.rpartition(':')[2]}")
        bootstrap = f"{kafka.get_docker_client().host()}:{(port := free_port())}"
        kafka.with_bind_ports(9092, port).with_envs(**_kafka_environment(bootstrap))
        kafka.waiting_for(LogMessageWaitStrategy("Kafka Server started")).start()
        postgres = PostgresContainer("postgres:18.3", username="postgres", driver=None).start()
    except DockerException as error:
        raise pytest.UsageError(
            "STACK=containers needs a container engine that answers; without one leave STACK away."
        ) from error

    def stop() -> None:
        kafka.stop()
        postgres.stop()

    return Backend(bootstrap, postgres.get_connection_url().rpartition("/")[0], stop)


def _kafka_environment(bootstrap: str) -> dict[str, str]:
    """The embedded broker's settings as the container image takes them."""
    lines = PROPERTIES.format(port=9092, controller=9093, data="/var/lib/kafka/data").splitlines()
    settings = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    settings["listeners"] = "PLAINTEXT://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093"
    settings["advertised.listeners"] = f"PLAINTEXT://{bootstrap}"
    return {f"KAFKA_{name.replace('.', '_').upper()}": value for name, value in settings.items()}


async def clone_database(server: str, service: str, name: str) -> str:
    """A new database of a service with the city's data, cloned from a template the first caller makes: its URL."""
    template = f"template_{service}"
    conn = await asyncpg.connect(f"{server}/postgres", timeout=30)
    try:
        await conn.execute("select pg_advisory_lock($1)", _TEMPLATE_LOCK)
        if not await conn.fetchval("select true from pg_database where datname = $1", template):
            await migrations.create_database(f"{server}/{template}_new")
            await migrations.upgrade(f"{server}/{template}_new", service)
            await _load_city(service, f"{server}/{template}_new")
            await conn.execute(f'alter database "{template}_new" rename to "{template}"')
        await conn.execute(f'create database "{name}" template "{template}" strategy file_copy')
    finally:
        await conn.close()
    return f"{server}/{name}"


async def _load_city(service: str, url: str) -> None:
    found = Tools(settings_class(service)(database=url))
    await load_city_into(found)
    await found.db.close()


async def drop_database(url: str) -> None:
    """Drop a database and whoever is connected to it."""
    found = re.fullmatch(r"(.*)/([^/]+)", url)
    assert found
    conn = await asyncpg.connect(f"{found[1]}/postgres", timeout=30)
    try:
        await conn.execute(f'drop database if exists "{found[2]}" with (force)')
    finally:
        await conn.close()
