"""Places, vehicles and the weekly plan as staff change them, and planning help."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.mobile_office.fleet.usecases import load_city
from shared.recurrence import WEEK
from shared.tools import Tools
from tests.mobile_office.kit import MONDAY, NEXT, ONE, Client, ask, empty_week, publish, put, told

FIELDS = {"landmark": "vor dem Rathaus", "latitude": 51.5, "longitude": 6.7, "step_free": True, "power": False}


def weekly(**changes: Any) -> dict[str, Any]:
    """A stop of the weekly plan on Saturdays."""
    return {
        "version": 0,
        "vehicle": ONE,
        "place": "marxloh",
        "weekday": 5,
        "arrives": "09:00",
        "departs": "12:00",
        "every_weeks": 2,
        "valid_from": str(NEXT),
        **changes,
    }


async def test_what_staff_change_of_a_place_the_citys_data_leave_alone(client: Client, tools: Tools) -> None:
    [known] = [each for each in await ask(client, "GET", "/places") if each["key"] == "marxloh"]
    body = {**FIELDS, "version": known["version"], "name": "Rathaus Marxloh", "quarter": known["quarter"]}
    for _ in range(2):
        saved = await ask(client, "PUT", "/staff/places/marxloh", body)
        assert (saved["version"], saved["district"], saved["rhine_bank"]) == (1, 200, "right")
    other = await ask(client, "PUT", "/staff/places/marxloh", {**body, "name": "Markt"}, 409)
    assert other["current"] == saved
    async with tools.db.transaction() as conn:
        await load_city(conn, tools.city)
    found = {each["key"]: each for each in await ask(client, "GET", "/places")}
    assert (found["marxloh"], found["wehofen"]["name"], len(found)) == (saved, "Wehofen", 46)


async def test_a_new_place_has_its_ways_and_a_permission(client: Client, tools: Tools) -> None:
    body = {**FIELDS, "version": 0, "name": "Markt", "quarter": 601, "permit_from": str(NEXT + timedelta(days=1))}
    await ask(client, "PUT", "/staff/places/markt", {**body, "permit_until": str(NEXT)}, 422)
    await ask(client, "PUT", "/staff/places/markt", {**body, "quarter": 999}, 422)
    assert (await ask(client, "PUT", "/staff/places/markt", body))["rhine_bank"] == "left"
    await empty_week(client, tools)
    id = await put(client, "markt", NEXT, 9, 12)
    preview = await ask(client, "GET", f"/staff/weeks/{NEXT}/preview")
    assert [each["stop"] for each in preview["warnings"] if each["notice"] == "no_permit"] == [str(id)]
    missed = [each["district"] for each in preview["warnings"] if each["notice"] == "district_missed"]
    assert missed == [100, 200, 300, 400, 500, 700]
    never = [each["weeks"] for each in preview["warnings"] if each["notice"] == "long_gap"]
    assert never == [None] * 45
    async with tools.db.transaction() as conn:
        ways = await conn.execute(text("select distinct minutes from travel_times where origin = 'markt' order by 1"))
        assert ways.scalars().all() == [15, 25, 40]


async def test_vehicles_are_added_and_changed(client: Client) -> None:
    body = {"version": 0, "name": "Bürgermobil 3", "counters": 3, "step_free": False, "equipment": ["Drucker"]}
    assert (await ask(client, "PUT", "/staff/vehicles/buergermobil-3", body))["version"] == 1
    stale = await ask(client, "PUT", "/staff/vehicles/buergermobil-3", {**body, "counters": 2}, 409)
    assert stale["current"]["counters"] == 3
    changed = await ask(client, "PUT", "/staff/vehicles/buergermobil-3", {**body, "version": 1, "counters": 2})
    assert changed["counters"] == 2
    assert changed in await ask(client, "GET", "/staff/vehicles")


@pytest.mark.parametrize("key", [ONE, "buergermobil-3"])
async def test_a_version_that_has_no_next_one_is_refused(client: Client, key: str) -> None:
    body = {"version": 2**31 - 1, "name": "Bürgermobil", "counters": 1, "step_free": True, "equipment": []}
    await ask(client, "PUT", f"/staff/vehicles/{key}", body, 422)
    await ask(client, "PUT", f"/staff/vehicles/{key}", {**body, "version": 2**31 - 2}, 409 if key == ONE else 200)


async def test_the_weekly_plan_is_changed_for_weeks_to_come(client: Client) -> None:
    await ask(client, "PUT", f"/staff/weeks/{NEXT}")
    path = f"/staff/weekly-stops/{uuid4()}"
    for _ in range(2):
        assert (await ask(client, "PUT", path, weekly()))["version"] == 1
    stale = await ask(client, "PUT", path, weekly(departs="13:00"), 409)
    assert stale["current"]["departs"] == "12:00"
    await ask(client, "PUT", path, weekly(version=1, arrives="13:00"), 422)
    assert len((await ask(client, "PUT", f"/staff/weeks/{NEXT}"))["stops"]) == 10
    assert len((await ask(client, "PUT", f"/staff/weeks/{NEXT + WEEK}"))["stops"]) == 10, "every other week"
    assert len((await ask(client, "PUT", f"/staff/weeks/{NEXT + 2 * WEEK}"))["stops"]) == 11
    for _ in range(2):
        await ask(client, "DELETE", path, status=204)
    assert len(await ask(client, "GET", "/staff/weekly-stops")) == 46


async def test_stops_of_the_weekly_plan_do_not_meet(client: Client) -> None:
    await ask(client, "PUT", f"/staff/weekly-stops/{uuid4()}", weekly())
    clash = weekly(place="wehofen", arrives="12:00", departs="14:00", every_weeks=3, valid_from=str(NEXT + WEEK))
    refused = await ask(client, "PUT", f"/staff/weekly-stops/{uuid4()}", clash, 409)
    assert (refused["place"], refused["first"]) == ("Marxloh", str(NEXT + 4 * WEEK + timedelta(days=5)))
    await ask(client, "PUT", f"/staff/weekly-stops/{uuid4()}", {**clash, "every_weeks": 2})


async def test_a_proposal_is_taken_over_week_by_week_and_moves_nothing_people_know_of(
    client: Client, tools: Tools
) -> None:
    await empty_week(client, tools)
    known = await put(client, "marxloh", NEXT, 9, 12)
    await publish(client)
    drafted = await put(client, "fahrn", NEXT, 14, 16)
    help = await ask(client, "GET", "/staff/planning-help")
    assert (help["first"], help["proposed"]["left_out"]) == (str(NEXT), [])
    assert help["proposed"]["spread"] < help["planned"]["spread"]
    assert [each["place"] for each in help["kept"]] == ["marxloh"]
    chosen = {"version": help["version"], "mondays": [str(NEXT), str(NEXT + WEEK), str(MONDAY)]}
    for _ in range(2):
        assert await ask(client, "POST", "/staff/planning-help/takeover", chosen) == [str(NEXT), str(NEXT + WEEK)]
    for monday in (NEXT, NEXT + WEEK):
        week = await ask(client, "GET", f"/staff/weeks/{monday}")
        there = {(each["plan"]["place"], each["plan"]["arrives_at"]) for each in week["stops"]}
        proposed = {
            (each["place"], each["arrives_at"])
            for each in help["proposal"]
            if str(monday) <= each["arrives_at"] < str(monday + WEEK)
        }
        assert len(proposed) >= 8
        assert proposed <= there
        assert str(drafted) not in {each["id"] for each in week["stops"]}
    assert await told(tools) == [("MobilStopScheduled", known, 1)]
    await ask(client, "POST", "/staff/planning-help/takeover", chosen | {"version": "x"}, 409)
