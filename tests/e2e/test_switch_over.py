"""The standby takes over while people book: nothing acknowledged is lost, nothing is said that did not happen."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from deploy.local.postgres import Postgres
from services.appointments.app import create_app
from services.appointments.settings import Settings
from shared.events.appointments import AppointmentBooked
from shared.events.registry import all_topics, topic_of
from shared.kafka import create_topics
from shared.runtime import Role
from shared.settings import SERVICES, Platform
from shared.tools import Tools
from tests.appointments.checks import assert_consistent
from tests.appointments.kit import API, at, booking
from tests.shared.kit import Bench
from tests.support.limits import NO_LIMITS
from tests.support.stack import Backend, clone_database
from tests.support.standby import Standby, ask, together
from tests.support.wait import eventually

PEOPLE = 6
BEFORE, AFTER = 12, 12
"""How many bookings are acknowledged before the primary is killed, and by the standby before the load ends."""


@pytest.fixture
def primary(tmp_path: Path) -> Iterator[Postgres]:
    server = Postgres(tmp_path / "primary")
    server.start()
    yield server
    server.kill()
    server.remove()


@pytest.fixture
def standby(tmp_path: Path, primary: Postgres) -> Iterator[Standby]:
    server = Standby(tmp_path / "standby", primary)
    yield server
    server.kill()
    server.remove()


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[tuple[str, Tools]]:
    """The service with its pages, API and relay, on a port; yields the address."""
    app = create_app(settings, frozenset({Role.HTTP, Role.RELAY}))
    tools: Tools = app.state.tools
    front = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve([front]))
    await eventually(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{front.getsockname()[1]}", tools
    finally:
        server.should_exit = True
        await serving


class Crowd:
    """People who book one time after another, each hoping for the same ones."""

    def __init__(self, client: httpx.AsyncClient, first: datetime) -> None:
        self.answers: Counter[int] = Counter()
        self.numbers: list[str] = []
        self.stopping = False
        self._client = client
        self._first = first

    async def book(self, name: str) -> None:
        time = self._first
        while not self.stopping:
            answer = await self._client.post(f"{API}/appointments", json=booking(time, name=name, station="sued"))
            self.answers[answer.status_code] += 1
            assert (answer.status_code == 503) == ("retry-after" in answer.headers)
            if answer.status_code == 201:
                self.numbers.append(answer.json()["number"])
            if answer.status_code != 503:
                time = _next(time)
            await asyncio.sleep(0.02)


def _next(time: datetime) -> datetime:
    """Ten minutes later; from eleven o'clock the same time a week later."""
    later = time + timedelta(minutes=10)
    return later if later.hour < 11 else later.replace(hour=9, minute=0) + timedelta(days=7)


async def test_what_was_acknowledged_is_kept_by_the_standby_that_takes_over(
    stack: Backend, topic_prefix: str, primary: Postgres, standby: Standby
) -> None:
    await clone_database(primary.url, "appointments", "nahbar_appointments")
    await asyncio.to_thread(standby.start)
    await ask(primary.url, "alter system set synchronous_standby_names = '*'", "select pg_reload_conf()")

    async def is_synchronous() -> bool:
        return bool(await ask(primary.url, "select sync_state = 'sync' from pg_stat_replication"))

    await eventually(is_synchronous)
    await create_topics(stack.bootstrap, all_topics(topic_prefix, SERVICES), 3)
    platform = Platform(kafka=stack.bootstrap, postgres=together(primary, standby), topic_prefix=topic_prefix)
    async with served(Settings(platform=platform, **NO_LIMITS)) as (address, tools):
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            crowd = Crowd(client, at(tools, 9))
            people = [asyncio.create_task(crowd.book(f"P{n}")) for n in range(PEOPLE)]
            await eventually(lambda: len(crowd.numbers) >= BEFORE)
            await asyncio.to_thread(primary.kill)
            acknowledged = len(crowd.numbers)
            await eventually(lambda: crowd.answers[503] > 0)
            assert (await client.get("/appointments/health/ready")).json() == {"missing": ["database"]}
            await standby.promote()
            await eventually(lambda: len(crowd.numbers) >= acknowledged + AFTER)
            assert (await client.get("/appointments/health/ready")).status_code == 200
            crowd.stopping = True
            await asyncio.gather(*people)

        assert set(crowd.answers) == {201, 409, 503}
        kept = await ask(standby.url + "/nahbar_appointments", _NUMBERS)
        assert set(crowd.numbers) <= set(kept)
        assert len(crowd.numbers) == len(set(crowd.numbers))
        await assert_consistent(tools)

        async def all_published() -> bool:
            return not await ask(standby.url + "/nahbar_appointments", _UNPUBLISHED)

        await eventually(all_published)
        rows = set(await ask(standby.url + "/nahbar_appointments", _FACTS))
        topic = topic_of(topic_prefix, AppointmentBooked)
        published = {
            _event_id(each)
            for each in await Bench(stack.bootstrap, standby.url, topic_prefix, standby.url).records(topic, len(rows))
        }
    assert published == rows


_NUMBERS = "select array_agg(number) from appointments where status = 'confirmed'"
_UNPUBLISHED = "select count(*) from outbox where published_at is null"
_FACTS = "select array_agg(event_id::text) from outbox"


def _event_id(record: Any) -> str:
    """The CloudEvents id of a record."""
    return str(dict(record.headers)["ce_id"].decode())
