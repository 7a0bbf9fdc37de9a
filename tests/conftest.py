"""Fixtures for all tests: the run's shared stack, names of one's own in it, and servers of one's own to break."""

import gc
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
import pytest_asyncio
import structlog

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from shared.locks import check_order
from shared.telemetry import configure_logging
from tests.support.stack import Backend, clone_database, drop_database, start_backend

pytest_plugins = ["tests.browser.chromium"]

_ADDRESSES = pytest.StashKey[Backend]()


def pytest_configure(config: pytest.Config) -> None:
    """The controller owns the stack, so that it ends with the run and all workers share it."""
    configure_logging("error")
    check_order()
    hypothesis.settings.register_profile("nahbar", deadline=None)  # a busy machine is no failure
    hypothesis.settings.load_profile("nahbar")
    if not hasattr(config, "workerinput") and getattr(config.option, "numprocesses", None):
        backend = start_backend()
        config.stash[_ADDRESSES] = backend
        os.environ["NAHBAR_TEST_STACK"] = f"{backend.bootstrap} {backend.url}"


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what stays for the whole run: all modules and tests."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the controller started."""
    if backend := config.stash.get(_ADDRESSES, None):
        backend.stop()


@pytest.fixture(scope="session")
def stack() -> Iterator[Backend]:
    """The run's shared Kafka and PostgreSQL."""
    if shared := os.environ.get("NAHBAR_TEST_STACK"):
        bootstrap, url = shared.split()
        yield Backend(bootstrap, url, lambda: None)
        return
    backend = start_backend()
    yield backend
    backend.stop()


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Logging that a test may configure."""
    root = logging.getLogger()
    handlers, level, configured = root.handlers[:], root.level, structlog.get_config()
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**configured)


@pytest.fixture
def topic_prefix() -> str:
    """A prefix no other test uses for its topics and groups."""
    return f"t{uuid4().hex[:12]}"


@pytest_asyncio.fixture
async def database(stack: Backend) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """Makes databases: `await database("appointments")` is the URL of a fresh one with the city's data."""
    made: list[str] = []

    async def make(service: str) -> str:
        made.append(await clone_database(stack.url, service, f"{service}_{uuid4().hex[:12]}"))
        return made[-1]

    yield make
    for url in made:
        await drop_database(url)


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Kafka]:
    """A broker of this test alone, to be killed or frozen."""
    kafka = Kafka(tmp_path / "kafka")
    kafka.start()
    yield kafka
    kafka.kill()


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[Postgres]:
    """A PostgreSQL of this test alone, to be killed or frozen."""
    postgres = Postgres(tmp_path / "postgres")
    postgres.start()
    yield postgres
    postgres.kill()
    postgres.remove()
