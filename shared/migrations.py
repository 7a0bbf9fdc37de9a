"""Migrations: each service has an Alembic history of its own database, and all run it the same way."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import asyncpg
from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from shared import postgres

ROOT = Path(__file__).parent.parent


def config(service: str, connection: Connection | None = None) -> Config:
    """Alembic's configuration for one service."""
    settings = Config()
    settings.set_main_option("script_location", str(ROOT / "services" / service / "migrations"))
    settings.attributes["connection"] = connection
    return settings


async def create_database(url: str) -> bool:
    """Create the database an URL names, unless it exists; returns whether it was created."""
    name = postgres.database_of(url)
    conn = await postgres.connect(postgres.with_database(url, "postgres"))
    try:
        if await conn.fetchval("select true from pg_database where datname = $1", name):
            return False
        await conn.execute(f'create database "{name}"')
        return True
    except asyncpg.DuplicateDatabaseError:
        return False
    finally:
        await conn.close()


async def upgrade(url: str, service: str, revision: str = "head") -> None:
    """Bring a service's database to a revision, upwards. Two that run at once wait for each other."""
    await _run(url, service, lambda settings: command.upgrade(settings, revision))


async def downgrade(url: str, service: str, revision: str = "base") -> None:
    """Take a service's database back to a revision."""
    await _run(url, service, lambda settings: command.downgrade(settings, revision))


async def _run(url: str, service: str, action: Callable[[Config], None]) -> None:
    engine = create_async_engine("postgresql+asyncpg://", async_creator=partial(postgres.connect, url))

    def work(connection: Connection) -> None:
        connection.exec_driver_sql("select pg_advisory_xact_lock(hashtext('nahbar migrations'))")
        action(config(service, connection))

    try:
        async with engine.begin() as conn:
            await conn.run_sync(work)
    finally:
        await engine.dispose()


def run_migrations(metadata: MetaData) -> None:
    """What each service's `migrations/env.py` calls: run the history on the connection `upgrade` opened."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata)
    context.run_migrations()
