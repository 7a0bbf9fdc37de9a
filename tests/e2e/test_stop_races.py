"""Many act on one stop at the same moment: three replicas of a service on one database, asked over HTTP."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text

from tests.appointments.waiting import assert_line_consistent, sell_out
from tests.e2e.kit import API, City
from tests.e2e.people import ASKED, WAITS, Citizen, by_mail, said_to
from tests.e2e.processes import two_processes
from tests.e2e.stops import BREAKDOWN, PLACE, Tours, appointment, tours_of
from tests.e2e.subscribers import texts
from tests.support.browsing import PLAIN
from tests.support.limits import NO_LIMITS_ENVIRONMENT
from tests.support.wait import eventually

CLIENTS = 32
SLOTS = 24
FREE_ELSEWHERE = 6


@asynccontextmanager
async def clients_of(city: City, name: str) -> AsyncIterator[list[httpx.AsyncClient]]:
    """One client per person, half of them at each of two more processes of a service."""
    platform = city.platform
    environment = {"NAHBAR_PUBLIC_URL": platform.public_url, **NO_LIMITS_ENVIRONMENT}
    async with two_processes(city.tools(name), platform.oidc_issuer, city.folder, environment) as addresses:
        clients = [httpx.AsyncClient(base_url=addresses[n % 2], timeout=30, verify=PLAIN) for n in range(CLIENTS)]
        yield clients
        for client in clients:
            await client.aclose()


async def test_32_book_while_the_stop_is_called_off_and_each_who_has_booked_is_told_once(city: City) -> None:
    city.move_to(city.day(1) + timedelta(hours=10))  # at night nobody would be told
    tours, start = await tours_of(city), city.day() + timedelta(hours=9)
    tools = city.tools("appointments")
    async with tools.db.transaction() as conn:
        await conn.execute(text("delete from counters where key <> 'rheinhausen-1'"))
    await sell_out(tools, *[start + timedelta(days=day) for day in range(-7, 29)], counter="rheinhausen-1")
    async with tools.db.transaction() as conn:
        some = text("delete from seats where starts_at >= :start and starts_at < :start + interval '1 hour'")
        assert (await conn.execute(some, {"start": start})).rowcount == FREE_ELSEWHERE
    stop = await tours.announce(start, hours=SLOTS / 6)
    await city.until_known(by="appointments", of="mobile_office")
    acknowledged: dict[Citizen, dict[str, Any]] = {}

    async def book(client: httpx.AsyncClient, n: int) -> httpx.Response:
        citizen = by_mail(str(n), "en")
        time = {"station": stop.key, "services": ["meldebescheinigung"]}
        start = stop.at(n // 2 % SLOTS * 10)
        body = {"time": {**time, "starts_at": start.isoformat()}, "person": citizen.details}
        answer = await client.post(f"{API}/appointments", json=body)
        if answer.status_code == 201:
            acknowledged[citizen] = answer.json()
        return answer

    async def book_until_refused(client: httpx.AsyncClient, n: int) -> str:
        while True:
            n += CLIENTS
            answer = await book(client, n)
            if answer.status_code != 201 and problem(answer) != "time-taken":
                return problem(answer)

    async with clients_of(city, "appointments") as clients:
        for n in range(FREE_ELSEWHERE + 2):
            assert (await book(clients[n], n)).status_code == 201
        _, *refused = await asyncio.gather(
            tours.call_off(stop), *[book_until_refused(client, n) for n, client in enumerate(clients)]
        )
        await city.until_known(by="appointments", of="mobile_office")
    assert set(refused) == {"time-not-offered"}
    found = Counter([(await appointment(city, each))["status"] for each in acknowledged.values()])
    assert found == {"offered": FREE_ELSEWHERE, "cancelled": len(acknowledged) - FREE_ELSEWHERE}
    async with tools.db.transaction() as conn:
        kept = text("select count(*) from seats where counter like :counters")
        assert (await conn.execute(kept, {"counters": f"{stop.key}-%"})).scalar_one() == 0
    await assert_line_consistent(tools)

    def told_of_it() -> list[int]:
        messages = defaultdict(list)
        for each in city.accepted():
            messages[each.channel, each.recipient].append(" ".join(texts(each).split()))
        assert all(len(messages[citizen.where]) <= 2 for citizen in acknowledged), "besides the confirmation"
        return [sum(_is_of_it(citizen, each) for each in messages[citizen.where]) for citizen in acknowledged]

    await eventually(lambda: 0 not in told_of_it(), timeout=60, every=0.5)
    await asyncio.sleep(1)
    assert set(told_of_it()) == {1}


def problem(answer: httpx.Response) -> str:
    """Why something was refused."""
    return str(answer.json()["type"]).rpartition(":")[2]


def _is_of_it(citizen: Citizen, message: str) -> bool:
    return any(said_to(citizen, words) in message for words in (ASKED, WAITS))


async def test_one_vehicle_wanted_in_two_tours_by_32_is_in_one_and_all_is_announced_once(city: City) -> None:
    leads, start = await tours_of(city), city.day() + timedelta(hours=9)
    other = await leads.plan(start + timedelta(hours=6))
    times = {"arrives_at": start.isoformat(), "departs_at": (start + timedelta(hours=3)).isoformat()}

    async def put(n: int, each: Tours) -> httpx.Response:
        plan = {"vehicle": "buergermobil-1", "place": (PLACE, "bergheim")[n % 2], "counters": 2, **times}
        path = f"weeks/{other.monday}"
        while True:
            week = await each.do("GET", path)
            body = plan | {"week_version": week["version"]}
            answer = await each.ask("PUT", f"{path}/stops/{uuid4()}", json=body)
            if answer.is_success or problem(answer) != "week-changed":
                return answer

    async with clients_of(city, "mobile_office") as clients:
        tours = [leads.at(client) for client in clients]
        answers = await asyncio.gather(*[put(n, each) for n, each in enumerate(tours)])
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: CLIENTS - 1}
        assert {problem(answer) for answer in answers if not answer.is_success} == {"vehicle-elsewhere"}

        preview = await leads.do("GET", f"weeks/{other.monday}/preview")
        body = {"preview": preview["version"]}
        path = f"weeks/{other.monday}/publication"
        published = await asyncio.gather(*[each.ask("POST", path, json=body) for each in tours])
        assert {answer.status_code for answer in published} == {200}

        broken = {
            "vehicle": "buergermobil-1",
            "from_time": start.isoformat(),
            "reason": BREAKDOWN,
            "answers": {each["stop"]["id"]: {"decision": "cancel"} for each in preview["changes"]},
        }
        path = f"breakdowns/{uuid4()}"
        sent = await asyncio.gather(*[each.ask("PUT", path, json=broken) for each in tours])
        assert {answer.status_code for answer in sent} == {204}
    async with city.tools("mobile_office").db.transaction() as conn:
        told = await conn.execute(text("select type, count(*), count(distinct aggregate) from outbox group by type"))
    assert {(row[0].rpartition(".")[2], *row[1:]) for row in told} == {
        ("MobilStopScheduled", 2, 2),
        ("MobilStopCancelled", 2, 2),
    }
