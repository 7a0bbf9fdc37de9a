"""Closures: announced, changed, lifted; never over an appointment, whoever is faster."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.tools import Tools
from tests.appointments.closing import ADDRESS, closing, send
from tests.appointments.kit import API, Client, at, booking, outbox, wish

pytestmark = pytest.mark.usefixtures("roles_as_tokens")


async def closed_facts(tools: Tools) -> list[dict[str, Any]]:
    return [json.loads(row.body) for row in await outbox(tools) if row.type.endswith(".StationClosed")]


async def free_on(client: Client, start: datetime) -> list[str]:
    query: dict[str, str | int] = {
        "services": "meldebescheinigung",
        "station": "mitte",
        "first_day": str(start.date()),
        "days": 1,
    }
    starts: list[str] = (await client.get(f"{API}/free-times", params=query)).json()[0]["starts"]
    return starts


async def test_a_closure_ends_the_offer_and_is_told_until_it_is_lifted(client: Client, tools: Tools) -> None:
    start, id = at(tools, 9), str(uuid4())
    assert await free_on(client, start)
    closed = await send(client, "PUT", f"/{id}", closing(start.date()))
    whole = {"counter": None, "from_time": None, "until_time": None}
    assert closed == {"id": id, "version": 1, "status": "in_force", **closing(start.date()), **whole}
    assert await send(client, "PUT", f"/{id}", closing(start.date())) == closed, "sent again"
    assert await send(client, "GET", f"/{id}") == closed
    assert await free_on(client, start) == []
    assert (await client.post(f"{API}/appointments", json=booking(start))).status_code == 409

    later = at(tools, 9, days=10)
    assert (await send(client, "PUT", f"/{id}", closing(later.date())))["version"] == 2
    assert await free_on(client, start)
    lifted = await send(client, "POST", f"/{id}/lifting")
    assert (lifted["version"], lifted["status"]) == (3, "lifted")
    assert await send(client, "POST", f"/{id}/lifting") == lifted
    assert await free_on(client, later)
    assert (await client.post(f"{API}/appointments", json=booking(later))).status_code == 201
    await send(client, "PUT", f"/{id}", closing(later.date()), status=410)

    facts = await closed_facts(tools)
    assert [(each["id"], each["version"], each["closure"]["status"]) for each in facts] == [
        (id, 1, "in_force"), (id, 2, "in_force"), (id, 3, "lifted"),
    ]  # fmt: skip
    assert facts[0]["closure"]["place"]["district"] == 500


async def test_no_closure_over_an_appointment(client: Client, tools: Tools) -> None:
    start = at(tools, 9)
    for name in ("Anna", "Berta"):
        assert (await client.post(f"{API}/appointments", json=booking(start, name))).status_code == 201
    refused = await send(client, "PUT", f"/{uuid4()}", closing(start.date() - timedelta(days=1), 3), status=409)
    assert refused["appointments"] == 2
    assert await closed_facts(tools) == []
    assert await free_on(client, start), "nothing was closed"


async def test_a_hold_on_closed_days_ends(client: Client, tools: Tools) -> None:
    start = at(tools, 9)
    held = (await client.post(f"{API}/holds", json=wish(start))).json()
    await send(client, "PUT", f"/{uuid4()}", closing(start.date()))
    body = {"hold": held["token"], "person": booking(start)["person"]}
    refused = await client.post(f"{API}/appointments", json=body)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:nahbar:problem:hold-over")


async def test_two_closures_may_overlap(client: Client, tools: Tools) -> None:
    start, first, second = at(tools, 9), str(uuid4()), str(uuid4())
    await send(client, "PUT", f"/{first}", closing(start.date()))
    await send(client, "PUT", f"/{second}", closing(start.date(), reason="Personalversammlung"))
    await send(client, "POST", f"/{first}/lifting")
    assert await free_on(client, start) == []
    await send(client, "POST", f"/{second}/lifting")
    assert await free_on(client, start)


async def test_a_station_closed_while_people_book_is_either_empty_or_open(client: Client, tools: Tools) -> None:
    for round in range(3):
        start, id = at(tools, 9, days=3 + 5 * round), str(uuid4())
        bookings = [client.post(f"{API}/appointments", json=booking(start, f"Person {n}")) for n in range(4)]
        close = client.put(
            f"{ADDRESS}/{id}", json=closing(start.date()), headers={"Authorization": "Bearer appointments:lead"}
        )
        answers = await asyncio.gather(*bookings[:round], close, *bookings[round:])
        closed = answers.pop(round)
        wins = [answer.status_code for answer in answers].count(201)
        assert closed.status_code == (409 if wins else 200), (wins, closed.text)
        if closed.status_code == 409:
            assert closed.json()["appointments"] <= wins


@pytest.mark.parametrize(
    ("first", "days", "changes", "problem"),
    [
        (-2, 1, {}, "days-unfit"),
        (3, 0, {}, "days-unfit"),
        (3, 400, {}, "days-unfit"),
        (800, 1, {}, "days-unfit"),
        (2_900_000, 1, {}, "days-unfit"),
        (3, 1, {"station": "nirgends"}, "unknown-choice"),
        (3, 1, {"reason": " "}, "invalid-input"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    client: Client, tools: Tools, first: int, days: int, changes: dict[str, str], problem: str
) -> None:
    body = closing(tools.clock.now().date() + timedelta(days=first), days, **changes)
    refused = await send(client, "PUT", f"/{uuid4()}", body, status=422)
    assert refused["type"] == f"urn:nahbar:problem:{problem}"


async def test_a_closure_stays_at_its_station_and_only_the_lead_may_close(client: Client, tools: Tools) -> None:
    id, day = str(uuid4()), at(tools, 9).date()
    await send(client, "PUT", f"/{id}", closing(day), role="appointments:staff", status=403)
    await send(client, "GET", f"/{id}", status=404)
    await send(client, "POST", f"/{id}/lifting", status=404)
    await send(client, "PUT", f"/{id}", closing(day))
    await send(client, "PUT", f"/{id}", closing(day, station="homberg"), status=422)
