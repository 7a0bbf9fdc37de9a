"""Any service, with a database and topics of its own."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest_asyncio
from fastapi import FastAPI

from deploy.services import create, settings_class
from shared.events.registry import all_topics
from shared.kafka import create_topics
from shared.runtime import Role
from shared.settings import SERVICES, Platform, ServiceSettings
from tests.support.days import run_clock
from tests.support.stack import Backend


@pytest_asyncio.fixture
async def settings(
    name: str, stack: Backend, topic_prefix: str, database: Callable[[str], Awaitable[str]], tmp_path: Path
) -> ServiceSettings:
    """Settings of the service with a database and topics of its own."""
    await create_topics(stack.bootstrap, all_topics(topic_prefix, SERVICES), 2)
    platform = Platform(
        kafka=stack.bootstrap, postgres=stack.url, topic_prefix=topic_prefix, clock_file=run_clock(tmp_path)
    )
    return settings_class(name)(platform=platform, database=await database(name))


@pytest_asyncio.fixture
async def answering(name: str, stack: Backend, topic_prefix: str, database: Callable[[str], Awaitable[str]]) -> FastAPI:
    """The service as it answers requests, with a database of its own and without loops."""
    platform = Platform(kafka=stack.bootstrap, postgres=stack.url, topic_prefix=topic_prefix)
    return create(settings_class(name)(platform=platform, database=await database(name)), frozenset({Role.HTTP}))
