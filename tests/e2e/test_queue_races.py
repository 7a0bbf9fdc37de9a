"""Two clerks call at the same moment: two processes of `appointments` on one database, asked over HTTP."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest_asyncio
from sqlalchemy import text

from deploy.local.far_ends.web import WebSettings, create_web
from services.appointments.queue.usecases import TicketWish, issue
from services.appointments.settings import Settings
from shared.act import acting
from shared.events.registry import all_topics
from shared.kafka import create_topics
from shared.settings import SERVICES, Platform
from shared.tools import Tools
from tests.deploy.far_ends import web_server
from tests.e2e.processes import two_processes
from tests.support.browsing import PLAIN
from tests.support.days import berlin, now, run_clock, stand_at, working_day
from tests.support.stack import Backend

API = "/appointments/api/v1/staff"
ROUNDS = 50
CALLS_AT_ONCE = 4


@pytest_asyncio.fixture
async def tools(
    stack: Backend, database: Callable[[str], Awaitable[str]], topic_prefix: str, tmp_path: Path
) -> AsyncIterator[Tools]:
    """The service's database seen from outside the processes, at ten o'clock of a working day, with an issuer."""
    await create_topics(stack.bootstrap, all_topics(topic_prefix, SERVICES), 2)
    listener = socket.create_server(("127.0.0.1", 0))
    issuer = f"http://127.0.0.1:{listener.getsockname()[1]}/issuer"
    platform = Platform(
        kafka=stack.bootstrap,
        postgres=stack.url,
        topic_prefix=topic_prefix,
        clock_file=run_clock(tmp_path),
        oidc_issuer=issuer,
    )
    tools = Tools(Settings(platform=platform, database=await database("appointments")))
    stand_at(platform.clock_file, berlin(working_day(now().date(), 1), 10))
    async with tools.db.transaction() as conn:
        await conn.execute(text("update stations set daily_tickets = 900"))
    with web_server(create_web(WebSettings(folder=tmp_path, webhook="", issuer=issuer)), listener):
        yield tools
    await tools.db.close()


@pytest_asyncio.fixture
async def clerks(tools: Tools, tmp_path: Path) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Two clerks, each at a process of their own."""
    platform = tools.settings.platform
    form = {"grant_type": "client_credentials", "client_id": "schalter", "client_secret": "nahbar-development"}
    async with httpx.AsyncClient(verify=PLAIN) as client:
        token = (await client.post(f"{platform.oidc_issuer}/token", data=form)).raise_for_status().json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    async with two_processes(tools, platform.oidc_issuer, tmp_path, {}) as addresses:
        clerks = [
            httpx.AsyncClient(base_url=address, timeout=30, headers=headers, verify=PLAIN) for address in addresses
        ]
        yield clerks
        for clerk in clerks:
            await clerk.aclose()


async def test_two_clerks_call_200_times_and_never_get_the_same_person(
    tools: Tools, clerks: list[httpx.AsyncClient]
) -> None:
    """INVARIANT: nobody is called to two counters, and a counter has one person, though each clerk clicks twice."""
    wish = TicketWish("mitte", ("meldebescheinigung",))
    async with acting(tools) as act:
        for _ in range(2 * ROUNDS + CALLS_AT_ONCE):
            await issue(act, uuid4(), wish)
    called: list[str] = []
    statuses: Counter[int] = Counter()
    for _ in range(ROUNDS):
        answers = await asyncio.gather(
            *[
                clerks[number % 2].post(f"{API}/counters/mitte-{number % 2 + 1}/call", json={})
                for number in range(CALLS_AT_ONCE)
            ]
        )
        statuses.update(answer.status_code for answer in answers)
        tickets = [answer.json() for answer in answers if answer.status_code == 200]
        called += [ticket["number"] for ticket in tickets]
        for ticket in tickets:
            clerk = clerks[int(ticket["counter"][-1]) - 1]
            path = f"{API}/counters/{ticket['counter']}/finish"
            assert (await clerk.post(path, json={"ticket": ticket["id"]})).status_code == 200
    assert statuses == {200: 2 * ROUNDS, 409: 2 * ROUNDS}
    assert len(set(called)) == len(called) == 2 * ROUNDS
    async with tools.db.transaction() as conn:
        told = await conn.execute(
            text("""
                select count(*), count(distinct aggregate) from outbox
                where type = 'de.nahbar.appointments.TicketCalled'
            """)
        )
        assert tuple(told.one()) == (2 * ROUNDS, 2 * ROUNDS)
