"""Changing opening hours: over HTTP, and what follows from it at once."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from services.appointments.offer.usecases import load_city
from shared.clock import BERLIN
from shared.tools import Tools
from tests.appointments.closing import Lead, closing, counter_of, facts_of
from tests.appointments.closing import book as booked
from tests.appointments.desk import deeds
from tests.appointments.kit import API, Client, at, booking
from tests.appointments.waiting import entry, join, sell_out
from tests.support.wait import eventually

pytestmark = pytest.mark.usefixtures("roles_as_tokens")

WEEK = {"weekdays": [0, 1, 2, 3, 4], "opens": "09:00", "closes": "17:00"}
ADDRESS = f"{API}/staff/hours"


async def ask(
    client: Client, method: str, path: str = "/mitte", role: str = "appointments:lead", status: int = 200, **body: Any
) -> Any:
    headers = {"Authorization": f"Bearer {role}"}
    answer = await client.request(method, ADDRESS + path, json=body or None, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def free_starts(client: Client, day: datetime) -> list[datetime]:
    query: dict[str, Any] = {
        "services": "meldebescheinigung",
        "station": "mitte",
        "first_day": str(day.date()),
        "days": 1,
    }
    [found] = (await client.get(f"{API}/free-times", params=query)).json()
    return [datetime.fromisoformat(each).astimezone(BERLIN) for each in found["starts"]]


async def test_new_hours_hold_at_once_and_the_citys_file_leaves_them(client: Client, tools: Tools) -> None:
    day = at(tools, 9)
    found = await ask(client, "GET")
    assert (found["version"], found["hours"][0]["weekdays"], found["hours"][1]["nth"]) == (0, [0, 1, 2, 3, 4], 1)
    late = [{**WEEK, "opens": "10:00", "closes": "12:00"}]
    for _ in range(2):
        changed = await ask(client, "PUT", version=0, hours=late)
        assert changed["version"] == 1, "sent again it changes nothing"
    assert await deeds(tools) == [("leitung", "hours-changed")]
    async with tools.db.transaction() as conn:
        await load_city(conn, tools.city)
    assert await ask(client, "GET") == changed
    assert (await ask(client, "GET", "/homberg"))["hours"][0]["opens"] == "09:00"
    starts = await free_starts(client, day)
    assert (starts[0].hour, starts[-1].strftime("%H:%M")) == (10, "11:50")


async def test_whoever_was_slower_is_shown_what_the_other_made_of_it(client: Client) -> None:
    await ask(client, "PUT", version=0, hours=[WEEK])
    refused = await ask(client, "PUT", version=0, hours=[{**WEEK, "opens": "08:00"}], status=409)
    assert refused["current"] == await ask(client, "GET")
    await ask(client, "POST", "/mitte/preview", version=0, hours=[], status=409)


async def test_all_that_is_wrong_is_named(client: Client) -> None:
    wrong = [WEEK, {**WEEK, "opens": "09:05", "every_weeks": 2, "staff_counters": 9}]
    for method, path in (("PUT", "/mitte"), ("POST", "/mitte/preview")):
        refused = await ask(client, method, path, version=0, hours=wrong, status=422)
        fields = [each["field"] for each in refused["errors"]]
        assert fields == ["hours.1.opens", "hours.1.valid_from", "hours.1.staff_counters"]


async def test_only_who_leads_the_station_may(client: Client) -> None:
    for role in ("appointments:staff", "appointments:lead@homberg"):
        await ask(client, "GET", role=role, status=403)
        await ask(client, "PUT", role=role, status=403, version=0, hours=[])
    await ask(client, "GET", "/nirgends", status=404)


async def test_the_preview_counts_who_would_be_left_out_and_they_stay_booked(client: Client, tools: Tools) -> None:
    early, noon = await booked(client, at(tools, 9)), await booked(client, at(tools, 12))
    later = [{**WEEK, "opens": "10:00"}]
    assert await ask(client, "POST", "/mitte/preview", version=0, hours=later) == {"hours": 1, "counters": 0}
    numbers = [int((await counter_of(tools, each))[-1]) for each in (early, noon)]
    share = [{**WEEK, "staff_counters": 9 - max(numbers)}]
    before = await ask(client, "POST", "/mitte/preview", version=0, hours=share)
    assert before == {"hours": 0, "counters": numbers.count(max(numbers))}
    await ask(client, "PUT", version=0, hours=later)
    assert [each["type"] for each in await facts_of(tools, early)] == ["AppointmentBooked"]

    lead = Lead(client)
    shown = await lead.preview(closing(at(tools, 9).date(), from_time="09:00", until_time="10:00"))
    assert [each["number"] for each in shown["appointments"]] == [early["number"]], "a closure still reaches them"


async def test_closures_take_what_new_hours_open(client: Client, tools: Tools) -> None:
    day = at(tools, 9)
    for number in range(2, 9):
        await Lead(client).close(closing(day.date(), counter=f"mitte-{number}"))
    await ask(client, "PUT", version=0, hours=[{**WEEK, "closes": "18:00"}])
    evening = day.replace(hour=17)
    assert evening in await free_starts(client, day)
    statuses = [(await client.post(f"{API}/appointments", json=booking(evening))).status_code for _ in range(2)]
    assert statuses == [201, 409], "only the counter that is not closed"


@pytest.mark.due_work
async def test_who_waits_is_offered_what_new_hours_open(client: Client, tools: Tools) -> None:
    day = at(tools, 9)
    await ask(client, "PUT", "/walsum", version=0, hours=[{**WEEK, "closes": "12:00"}])
    await sell_out(tools, day)
    joined = await join(client, day)
    async with tools.db.transaction() as conn:
        await conn.execute(text("delete from seats where starts_at = :start"), {"start": day.replace(hour=12)})
    await ask(client, "PUT", "/walsum", version=1, hours=[{**WEEK, "closes": "13:00"}])

    async def offered() -> bool:
        return bool((await entry(client, joined))["status"] == "offered")

    await eventually(offered)
