"""Many want the same at the same moment: two processes of `appointments` on one database, asked over HTTP."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from deploy.local.processes import Child, free_port
from services.appointments.offer.usecases import load_city
from services.appointments.settings import Settings
from shared.calendar import is_working_day
from shared.clock import BERLIN
from shared.events.registry import all_topics
from shared.kafka import create_topics
from shared.service import Service
from shared.settings import SERVICES, Platform
from tests.support.limits import NO_LIMITS
from tests.support.stack import Backend
from tests.support.wait import eventually

API = "/appointments/api/v1"
CLIENTS = 32
COUNTERS_OF_MITTE = 8


@pytest_asyncio.fixture
async def service(
    stack: Backend, database: Callable[[str], Awaitable[str]], topic_prefix: str
) -> AsyncIterator[Service]:
    """The service's database with Duisburg loaded, seen from outside the processes."""
    await create_topics(stack.bootstrap, all_topics(topic_prefix, SERVICES), 2)
    platform = Platform(kafka=stack.bootstrap, postgres=stack.url, topic_prefix=topic_prefix)
    service = Service(Settings(platform=platform, database=await database("appointments"), **NO_LIMITS))
    async with service.db.transaction() as conn:
        await load_city(conn, service.city)
    yield service
    await service.db.close()


@pytest_asyncio.fixture
async def clients(service: Service, tmp_path: Path) -> AsyncIterator[list[httpx.AsyncClient]]:
    """One client per citizen, half of them at each process."""
    platform = service.settings.platform
    environment = os.environ | {
        "NAHBAR_KAFKA": platform.kafka,
        "NAHBAR_TOPIC_PREFIX": platform.topic_prefix,
        "APPOINTMENTS_DATABASE": service.settings.database,
    }
    processes, addresses = [Child(f"appointments-{n}", tmp_path) for n in range(2)], []
    for process in processes:
        port = free_port()
        process.spawn([sys.executable, "-m", "deploy.cli", "serve", "appointments", "--port", str(port)], environment)
        addresses.append(f"http://127.0.0.1:{port}")
    clients = [httpx.AsyncClient(base_url=addresses[n % 2], timeout=30) for n in range(CLIENTS)]

    async def ready() -> bool:
        with suppress(httpx.HTTPError):
            states = [(await client.get("/appointments/health/ready")).status_code for client in clients[:2]]
            return states == [200, 200]
        return False

    try:
        await eventually(ready, timeout=40, every=0.2)
        yield clients
    finally:
        for client in clients:
            await client.aclose()
        for process in processes:
            process.kill()


@pytest.fixture
def start(service: Service) -> datetime:
    """Nine o'clock on a working day to come."""
    day = service.clock.now().astimezone(BERLIN).date() + timedelta(days=3)
    while not is_working_day(day):
        day += timedelta(days=1)
    return datetime(day.year, day.month, day.day, 9, tzinfo=BERLIN)


def wish(start: datetime) -> dict[str, Any]:
    return {"station": "mitte", "services": ["meldebescheinigung"], "starts_at": start.isoformat()}


def booking(start: datetime, name: str = "Anna Muster") -> dict[str, Any]:
    return {"time": wish(start), "person": {"name": name, "mail": "anna@example.org", "channels": ["mail"]}}


async def all_at_once(
    clients: list[httpx.AsyncClient], path: str, body: Callable[[int], Any], **given: Any
) -> tuple[list[httpx.Response], Counter[int]]:
    """Post with every client at the same moment; the answers, and how often each status came."""
    answers = await asyncio.gather(
        *[client.post(f"{API}{path}", json=body(n), **given) for n, client in enumerate(clients)]
    )
    return answers, Counter(answer.status_code for answer in answers)


async def test_32_clients_want_the_last_seat(clients: list[httpx.AsyncClient], start: datetime) -> None:
    for n in range(COUNTERS_OF_MITTE - 1):
        assert (await clients[n].post(f"{API}/appointments", json=booking(start))).status_code == 201
    answers, statuses = await all_at_once(clients, "/appointments", lambda n: booking(start, f"P{n}"))
    assert statuses == {201: 1, 409: CLIENTS - 1}
    assert all(len(answer.json()["nearest"]) == 5 for answer in answers if answer.status_code == 409)


async def test_holds_and_bookings_share_the_seats_of_a_time(clients: list[httpx.AsyncClient], start: datetime) -> None:
    async def ask(n: int) -> int:
        path, body = (("/holds", wish(start)), ("/appointments", booking(start)))[n // 2 % 2]
        return (await clients[n].post(f"{API}{path}", json=body)).status_code

    statuses = Counter(await asyncio.gather(*map(ask, range(CLIENTS))))
    assert statuses == {201: COUNTERS_OF_MITTE, 409: CLIENTS - COUNTERS_OF_MITTE}


async def test_one_request_sent_by_32_at_once_books_once(clients: list[httpx.AsyncClient], start: datetime) -> None:
    headers = {"Idempotency-Key": "the-very-same-key"}
    answers, statuses = await all_at_once(clients, "/appointments", lambda _: booking(start), headers=headers)
    assert statuses == {201: CLIENTS}
    assert len({answer.json()["number"] for answer in answers}) == 1


async def test_a_hold_confirmed_by_many_is_one_appointment_cancelled_once(
    service: Service, clients: list[httpx.AsyncClient], start: datetime
) -> None:
    held = (await clients[0].post(f"{API}/holds", json=wish(start))).json()["token"]
    person = booking(start)["person"]
    answers, statuses = await all_at_once(clients, "/appointments", lambda _: {"hold": held, "person": person})
    assert statuses == {201: 1, 409: CLIENTS - 1}
    [booked] = [answer.json() for answer in answers if answer.status_code == 201]
    _, statuses = await all_at_once(clients, f"/appointments/{booked['token']}/cancellation", lambda _: None)
    assert statuses == {200: 1, 410: CLIENTS - 1}
    id, _ = service.links.read("manage", booked["token"])
    assert await facts_of(service, id) == ["AppointmentBooked", "AppointmentCancelled"]


async def facts_of(service: Service, id: UUID) -> list[str]:
    """The facts of an appointment, in order of their versions."""
    async with service.db.transaction() as conn:
        rows = await conn.execute(text("select type from outbox where aggregate = :id order by version"), {"id": id})
        return [type.rpartition(".")[2] for type in rows.scalars()]
