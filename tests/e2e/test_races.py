"""Many want the same at the same moment: two processes of `appointments` on one database, asked over HTTP."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import text

from deploy.local.far_ends.issuer import create_issuer
from services.appointments.settings import Settings
from shared.events.registry import all_topics
from shared.kafka import create_topics
from shared.settings import DEVELOPMENT_CLIENT_SECRET, SERVICES, Platform
from shared.tools import Tools
from tests.appointments.checks import assert_consistent
from tests.appointments.waiting import assert_line_consistent, sell_out, wait
from tests.deploy.far_ends import listen, port_of, web_server
from tests.e2e.processes import two_processes
from tests.support.browsing import PLAIN
from tests.support.days import berlin, now, run_clock, working_day
from tests.support.limits import NO_LIMITS, NO_LIMITS_ENVIRONMENT
from tests.support.stack import Backend
from tests.support.wait import eventually

API = "/appointments/api/v1"
CLIENTS = 32
COUNTERS_OF_MITTE = 8


@pytest_asyncio.fixture
async def tools(
    stack: Backend, database: Callable[[str], Awaitable[str]], topic_prefix: str, tmp_path: Path
) -> AsyncIterator[Tools]:
    """The service's database with Duisburg loaded, seen from outside the processes."""
    await create_topics(stack.bootstrap, all_topics(topic_prefix, SERVICES), 2)
    platform = Platform(
        kafka=stack.bootstrap, postgres=stack.url, topic_prefix=topic_prefix, clock_file=run_clock(tmp_path)
    )
    tools = Tools(Settings(platform=platform, database=await database("appointments"), **NO_LIMITS))
    yield tools
    await tools.db.close()


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The identity provider of staff."""
    listening = listen()
    url = f"http://127.0.0.1:{port_of(listening)}/issuer"
    app = FastAPI()
    secret = DEVELOPMENT_CLIENT_SECRET.get_secret_value()
    app.include_router(create_issuer(tmp_path_factory.mktemp("issuer"), url, "nahbar", secret), prefix="/issuer")
    with web_server(app, listening):
        yield url


@pytest_asyncio.fixture
async def clients(tools: Tools, issuer: str, tmp_path: Path) -> AsyncIterator[list[httpx.AsyncClient]]:
    """One client per citizen, half of them at each process."""
    async with two_processes(tools, issuer, tmp_path, NO_LIMITS_ENVIRONMENT) as addresses:
        clients = [httpx.AsyncClient(base_url=addresses[n % 2], timeout=30, verify=PLAIN) for n in range(CLIENTS)]
        yield clients
        for client in clients:
            await client.aclose()


@pytest.fixture
def start(tools: Tools) -> datetime:
    """Nine o'clock on a working day to come."""
    return berlin(working_day(now().date(), 3), 9)


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


async def test_bookings_of_several_services_that_overlap_share_no_seat(
    tools: Tools, clients: list[httpx.AsyncClient], start: datetime
) -> None:
    async with tools.db.transaction() as conn:
        await conn.execute(text("delete from counters where station = 'mitte' and key not in ('mitte-1', 'mitte-2')"))

    def overlapping(n: int) -> dict[str, Any]:
        services = ["familienanmeldung"] if n % 2 else ["meldebescheinigung", "reisepass"]
        wanted = wish(start + n % 5 * timedelta(minutes=10)) | {"services": services}
        return booking(start, f"P{n}") | {"time": wanted}

    _, statuses = await all_at_once(clients, "/appointments", overlapping)
    assert set(statuses) == {201, 409}
    await assert_consistent(tools)


async def test_one_request_sent_by_32_at_once_books_once(clients: list[httpx.AsyncClient], start: datetime) -> None:
    headers = {"Idempotency-Key": "the-very-same-key"}
    answers, statuses = await all_at_once(clients, "/appointments", lambda _: booking(start), headers=headers)
    assert statuses == {201: CLIENTS}
    assert len({answer.json()["number"] for answer in answers}) == 1


async def test_a_hold_confirmed_by_many_is_one_appointment_cancelled_once(
    tools: Tools, clients: list[httpx.AsyncClient], start: datetime
) -> None:
    held = (await clients[0].post(f"{API}/holds", json=wish(start))).json()["token"]
    person = booking(start)["person"]
    answers, statuses = await all_at_once(clients, "/appointments", lambda _: {"hold": held, "person": person})
    assert statuses == {201: 1, 409: CLIENTS - 1}
    [booked] = [answer.json() for answer in answers if answer.status_code == 201]
    _, statuses = await all_at_once(clients, f"/appointments/{booked['token']}/cancellation", lambda _: None)
    assert statuses == {200: 1, 410: CLIENTS - 1}
    id, _ = tools.links.read("manage", booked["token"])
    assert await facts_of(tools, id) == ["AppointmentBooked", "AppointmentCancelled"]


async def wait_for(clients: list[httpx.AsyncClient], tools: Tools, start: datetime, count: int) -> list[str]:
    """Everything that is free at Mitte that day is taken, and people wait for it: their tokens, in their turn."""
    await sell_out(tools, start, counter="mitte-%")
    tokens = []
    for n in range(count):
        body = wait(start, name=f"W{n}", stations=["mitte"])
        answer = await clients[n].post(f"{API}/waiting", json=body)
        assert answer.status_code == 201, answer.text
        tokens.append(answer.json()["token"])
    return tokens


async def entries(clients: list[httpx.AsyncClient], tokens: list[str]) -> list[dict[str, Any]]:
    """The entries as they are now."""
    return [(await clients[n].get(f"{API}/waiting/{token}")).json() for n, token in enumerate(tokens)]


async def test_what_is_cancelled_at_once_goes_to_the_first_who_wait_and_to_nobody_else(
    tools: Tools, clients: list[httpx.AsyncClient], start: datetime
) -> None:
    booked = [(await clients[n].post(f"{API}/appointments", json=booking(start))).json() for n in range(8)]
    tokens = await wait_for(clients, tools, start, 16)

    async def ask(n: int) -> int:
        cancels = n < 16
        path = f"/appointments/{booked[n // 2]['token']}/cancellation" if cancels else "/appointments"
        body = None if cancels else booking(start)
        return (await clients[n].post(f"{API}{path}", json=body)).status_code

    statuses = Counter(await asyncio.gather(*map(ask, range(CLIENTS))))
    assert statuses == {200: 8, 410: 8, 409: 16}, "each cancelled once, and nobody could book in between"
    found = await entries(clients, tokens)
    assert [each["status"] for each in found] == ["offered"] * 8 + ["waiting"] * 8
    assert {datetime.fromisoformat(each["offer"]["starts_at"]) for each in found[:8]} == {start}
    await assert_line_consistent(tools)


async def test_one_offered_time_taken_by_32_at_once_is_one_appointment(
    tools: Tools, clients: list[httpx.AsyncClient], start: datetime
) -> None:
    booked = (await clients[0].post(f"{API}/appointments", json=booking(start))).json()
    [token] = await wait_for(clients, tools, start, 1)
    await clients[0].post(f"{API}/appointments/{booked['token']}/cancellation")
    [waiting] = await entries(clients, [token])
    answers, statuses = await all_at_once(clients, f"/offers/{waiting['offer']['token']}/taking", lambda _: None)
    assert statuses == {200: CLIENTS}
    assert len({answer.json()["number"] for answer in answers}) == 1
    id, _ = tools.links.read("manage", answers[0].json()["token"])
    assert await facts_of(tools, id) == ["AppointmentBooked"]
    await assert_line_consistent(tools)


async def test_taking_and_expiring_at_the_same_moment_end_in_one_or_the_other(
    tools: Tools, clients: list[httpx.AsyncClient], start: datetime
) -> None:
    booked = [(await clients[n].post(f"{API}/appointments", json=booking(start))).json() for n in range(8)]
    tokens = await wait_for(clients, tools, start, 16)
    for each in booked:
        await clients[0].post(f"{API}/appointments/{each['token']}/cancellation")
    offers = [each["offer"]["token"] for each in (await entries(clients, tokens))[:8]]
    soon = tools.clock.now() + timedelta(seconds=1)
    async with tools.db.transaction() as conn:
        for change in ("seat_offers set until = :soon", "due_work set due_at = :soon where kind = 'offer-expiry'"):
            await conn.execute(text(f"update {change}"), {"soon": soon})

    async def take(n: int) -> int:
        await asyncio.sleep((soon - tools.clock.now()).total_seconds() + (n - 16) * 0.005)
        return (await clients[n].post(f"{API}/offers/{offers[n % 8]}/taking")).status_code

    answers = await asyncio.gather(*map(take, range(CLIENTS)))

    taken = {n % 8 for n, status in enumerate(answers) if status == 200}
    assert set(answers) <= {200, 410}

    async def settled() -> bool:
        found = Counter(each["status"] for each in await entries(clients, tokens))
        return found["booked"] == len(taken) and found["offered"] == 8 - len(taken)

    await eventually(settled)
    await assert_line_consistent(tools)


async def access_token(issuer: str) -> str:
    """That of somebody who leads all stations."""
    data = {"grant_type": "client_credentials", "client_id": "leitung", "client_secret": "nahbar-development"}
    async with httpx.AsyncClient(verify=PLAIN) as client:
        answer = await client.post(f"{issuer}/token", data=data)
    return str(answer.raise_for_status().json()["access_token"])


async def close_until_it_holds(client: httpx.AsyncClient, closure: dict[str, str], token: str) -> int:
    """Look at the preview and confirm it, again and again while people make it outdated; how often."""
    headers, address = {"Authorization": f"Bearer {token}"}, f"{API}/staff/closures"
    for tries in range(1, 200):
        preview = (await client.get(f"{address}/preview", params=closure, headers=headers)).raise_for_status().json()
        body = closure | {"confirmation": {"preview": preview["version"]}}
        answer = await client.put(f"{address}/{UUID(int=1)}", json=body, headers=headers)
        if answer.status_code == 200:
            return tries
        assert answer.status_code == 409, answer.text
        assert answer.json()["preview"]["version"]
    raise AssertionError("It never held.")


@pytest.mark.parametrize("counter", [None, "mitte-3"], ids=["station", "counter"])
async def test_a_closure_while_people_book_move_and_cancel_loses_nobody(
    tools: Tools, clients: list[httpx.AsyncClient], issuer: str, start: datetime, counter: str | None
) -> None:
    statuses: Counter[int] = Counter()
    told: dict[str, str] = {}

    async def citizen(n: int, client: httpx.AsyncClient) -> None:
        for again in range(4):
            time = start + (n + again) % 6 * timedelta(minutes=10)
            booked = await client.post(f"{API}/appointments", json=booking(time, f"P{n}-{again}"))
            statuses[booked.status_code] += 1
            if booked.status_code != 201:
                continue
            address = f"{API}/appointments/{booked.json()['token']}"
            told[booked.json()["number"]] = "booked"
            if n % 4 == 1:
                answer = await client.post(f"{address}/cancellation")
                told[booked.json()["number"]] = "cancelled" if answer.status_code == 200 else "booked"
                statuses[answer.status_code] += 1
            elif n % 4 == 2:
                later = {"station": "mitte", "starts_at": (start + timedelta(hours=1)).isoformat()}
                statuses[(await client.post(f"{address}/rescheduling", json=later)).status_code] += 1

    day = {"station": "mitte", "first_day": str(start.date()), "last_day": str(start.date()), "reason": "Sturm"}
    closure = day | ({"counter": counter} if counter else {})
    token = await access_token(issuer)
    for n in range(COUNTERS_OF_MITTE):
        first = await clients[n].post(f"{API}/appointments", json=booking(start, f"first {n}"))
        statuses[first.status_code] += 1
        told[first.json()["number"]] = "booked"
    await asyncio.gather(
        *[citizen(n, client) for n, client in enumerate(clients[1:])], close_until_it_holds(clients[0], closure, token)
    )
    assert set(statuses) <= {200, 201, 409, 410}, statuses
    assert statuses[201] == len(told)
    await assert_consistent(tools)
    async with tools.db.transaction() as conn:
        rows = await conn.execute(text("select number, status, closure is not null as concerned from appointments"))
        became = {row.number: row for row in rows}
        closed = await conn.execute(
            text("select count(*), count(*) filter (where appointment <> :closure) from seats "
                 "where counter like :counters and starts_at >= :start and starts_at < :start + interval '2 hours'"),
            {"closure": UUID(int=1), "counters": counter or "mitte-%", "start": start},
        )  # fmt: skip
        decided = await conn.execute(
            text("""
                select aggregate from outbox
                where convert_from(body, 'UTF8')::jsonb #>> '{about,id}' = cast(:closure as text)
                group by aggregate having count(*) > 1
            """),
            {"closure": str(UUID(int=1))},
        )
    assert set(became) == set(told), "nobody is lost"
    assert {became[number].status for number, end in told.items() if end == "cancelled"} <= {"cancelled"}
    taken, by_others = closed.one()
    assert (taken, by_others) == (12 * (1 if counter else COUNTERS_OF_MITTE), 0), "nobody stays in a closed seat"
    assert decided.all() == [], "each is decided on once"
    assert any(row.concerned for row in became.values())


async def facts_of(tools: Tools, id: UUID) -> list[str]:
    """The facts of an appointment, in order of their versions."""
    async with tools.db.transaction() as conn:
        rows = await conn.execute(text("select type from outbox where aggregate = :id order by version"), {"id": id})
        return [type.rpartition(".")[2] for type in rows.scalars()]
