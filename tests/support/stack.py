"""One broker and one PostgreSQL per test run, and databases cloned from migrated templates."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from shared import migrations

_TEMPLATE_LOCK = 0x746D706C
_FOLDERS = "nahbar-test-"


@dataclass(frozen=True)
class Backend:
    """Servers for tests: Kafka's bootstrap servers, PostgreSQL's URL without a database, and how to end them."""

    bootstrap: str
    url: str
    stop: Callable[[], None]


def start_backend() -> Backend:
    """Start what STACK names: `embedded` (default) or `containers`; servers named in the environment are used as is."""
    if os.environ.get("NAHBAR_KAFKA") and os.environ.get("NAHBAR_POSTGRES"):
        return Backend(os.environ["NAHBAR_KAFKA"], os.environ["NAHBAR_POSTGRES"], lambda: None)
    return {"embedded": _embedded, "containers": _containers}[os.environ.get("STACK", "embedded")]()


def _embedded() -> Backend:
    _end_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=_FOLDERS))
    (folder / "owner").write_text(str(os.getpid()))
    kafka, postgres = Kafka(folder), Postgres(folder)

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


def _end_abandoned() -> None:
    """End what runs left behind that were killed themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDERS}*"):
        owner = folder / "owner"
        if owner.exists() and not psutil.pid_exists(int(owner.read_text())):
            Kafka(folder).kill()
            postgres = Postgres(folder)
            postgres.kill()
            postgres.remove()
            shutil.rmtree(folder, ignore_errors=True)


def _containers() -> Backend:
    from testcontainers.kafka import KafkaContainer
    from testcontainers.postgres import PostgresContainer

    kafka = KafkaContainer("confluentinc/cp-kafka:8.1.0").with_kraft()
    postgres = PostgresContainer("postgres:18", driver=None, username="postgres")
    kafka.start()
    postgres.start()
    url = postgres.get_connection_url().rsplit("/", 1)[0]

    def stop() -> None:
        kafka.stop()
        postgres.stop()

    return Backend(kafka.get_bootstrap_server(), url, stop)


async def clone_database(server: str, service: str, name: str) -> str:
    """A new database of a service, cloned from a template that the first caller migrates; returns its URL."""
    template = f"template_{service}"
    conn = await asyncpg.connect(f"{server}/postgres", timeout=30)
    try:
        await conn.execute("select pg_advisory_lock($1)", _TEMPLATE_LOCK)
        if not await conn.fetchval("select true from pg_database where datname = $1", template):
            await migrations.create_database(f"{server}/{template}_new")
            await migrations.upgrade(f"{server}/{template}_new", service)
            await conn.execute(f'alter database "{template}_new" rename to "{template}"')
        await conn.execute(f'create database "{name}" template "{template}"')
    finally:
        await conn.close()
    return f"{server}/{name}"


async def drop_database(url: str) -> None:
    """Drop a database and whoever is connected to it."""
    found = re.fullmatch(r"(.*)/([^/]+)", url)
    assert found
    conn = await asyncpg.connect(f"{found[1]}/postgres", timeout=30)
    try:
        await conn.execute(f'drop database if exists "{found[2]}" with (force)')
    finally:
        await conn.close()
