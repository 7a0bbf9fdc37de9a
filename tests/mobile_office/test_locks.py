"""Of two changes of stops at once the second waits for the first: the week, the vehicles, the stops, in this order."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.mobile_office.fleet.domain import Vehicle
from services.mobile_office.fleet.queries import load_fleet, lock_vehicles
from services.mobile_office.fleet.usecases import save_place, save_vehicle
from services.mobile_office.tours.queries import lock_stops
from services.mobile_office.tours.usecases import replace_plans
from services.mobile_office.weekly.domain import WeeklyStop
from services.mobile_office.weekly.usecases import WeeklyStopClashes, save_weekly_stop
from shared.act import Act
from shared.auth import EVERY_STATION, Caller
from shared.recurrence import WEEK
from shared.tools import Tools
from tests.mobile_office.kit import API, NEXT, ONE, REASON, Client, ask, at, empty_week, plan, publish, put, told
from tests.support.locks import wait_not_long, waiting

Deed = Callable[[Client, UUID], Awaitable[Any]]
LEADING = Caller(subject="leitung", roles=frozenset({"mobile_office:lead"}), stations=frozenset({EVERY_STATION}))
_CHANGE_WEEK = text("update weeks set version = version where monday = :monday")


async def version(client: Client) -> int:
    found: int = (await ask(client, "GET", f"/staff/weeks/{NEXT}"))["version"]
    return found


async def replan(client: Client, stop: UUID) -> Any:
    body = plan("marxloh", NEXT, 10, 13) | {"week_version": await version(client)}
    return await client.put(f"{API}/staff/weeks/{NEXT}/stops/{stop}", json=body)


async def drop(client: Client, stop: UUID) -> Any:
    path = f"{API}/staff/weeks/{NEXT}/stops/{stop}"
    return await client.delete(path, params={"week_version": await version(client)})


async def announce(client: Client, stop: UUID) -> Any:
    return await publish(client, reason=REASON)


async def break_down(client: Client, stop: UUID) -> Any:
    body = {
        "vehicle": ONE,
        "from_time": at(NEXT, 8).isoformat(),
        "reason": REASON,
        "answers": {str(stop): {"decision": "cancel"}},
    }
    return await client.put(f"{API}/staff/breakdowns/{uuid4()}", json=body)


async def call_off(client: Client, stop: UUID) -> Any:
    return await client.post(f"{API}/staff/stops/{stop}/cancellation", json=REASON)


async def be_late(client: Client, stop: UUID) -> Any:
    body = {"stops": {str(stop): {"version": 1, "minutes": 30}}, "reason": REASON}
    return await client.post(f"{API}/staff/delays", json=body)


async def tour(client: Client, tools: Tools) -> UUID:
    """A stop people know of, which is planned later by now."""
    await empty_week(client, tools)
    stop = await put(client, "marxloh", NEXT)
    await publish(client)
    await put(client, "marxloh", NEXT, 11, 14, id=stop)
    return stop


@pytest.mark.parametrize("act", [replan, drop, announce])
async def test_a_change_of_a_week_waits_for_it_before_taking_vehicles_or_stops(
    client: Client, tools: Tools, act: Deed
) -> None:
    stop = await tour(client, tools)
    async with tools.db.transaction() as conn:
        await conn.execute(_CHANGE_WEEK, {"monday": NEXT})
        second = await waiting(tools, act(client, stop))
        await wait_not_long(conn)
        await lock_vehicles(conn)
        await lock_stops(conn, [stop])
    await second


@pytest.mark.parametrize("act", [replan, drop, announce, break_down])
async def test_a_change_of_where_vehicles_are_waits_for_them_before_taking_stops(
    client: Client, tools: Tools, act: Deed
) -> None:
    stop = await tour(client, tools)
    async with tools.db.transaction() as conn:
        await lock_vehicles(conn)
        second = await waiting(tools, act(client, stop))
        await wait_not_long(conn)
        await lock_stops(conn, [stop])
    await second


@pytest.mark.parametrize("act", [announce, break_down, call_off, be_late])
async def test_what_is_called_off_meanwhile_is_told_no_more(client: Client, tools: Tools, act: Deed) -> None:
    stop = await tour(client, tools)
    async with tools.db.transaction() as conn:
        await lock_stops(conn, [stop])
        second = await waiting(tools, act(client, stop))
        await conn.execute(text("update stops set status = 'cancelled', version = 2 where id = :id"), {"id": stop})
    await second
    assert await told(tools) == [("MobilStopScheduled", stop, 1)]


@pytest.mark.parametrize("act", [replan, drop])
async def test_what_is_called_off_meanwhile_is_planned_no_more(client: Client, tools: Tools, act: Deed) -> None:
    stop = await tour(client, tools)
    async with tools.db.transaction() as conn:
        await lock_stops(conn, [stop])
        second = await waiting(tools, act(client, stop))
        await conn.execute(text("update stops set status = 'cancelled', version = 2 where id = :id"), {"id": stop})
    assert (await second).json()["type"].endswith(":stop-over")


async def test_a_week_that_is_filled_leaves_out_where_a_vehicle_is_by_then(client: Client, tools: Tools) -> None:
    await empty_week(client, tools)
    monday = NEXT + WEEK
    elsewhere = text("""
        insert into stops (id, week, status, vehicle, place, arrives_at, departs_at, counters)
        values (:id, :week, 'planned', :vehicle, 'marxloh', :arrives_at, :departs_at, 1)
    """)
    values = {"arrives_at": at(monday, 0), "departs_at": at(monday + WEEK, 0), "week": NEXT, "vehicle": ONE}
    async with tools.db.transaction() as conn:
        await lock_vehicles(conn)
        filling = await waiting(tools, ask(client, "PUT", f"/staff/weeks/{monday}"))
        await conn.execute(elsewhere, {"id": uuid4(), **values})
    await filling
    await ask(client, "PUT", f"/staff/weeks/{monday + WEEK}")
    stops = [(await ask(client, "GET", f"/staff/weeks/{each}"))["stops"] for each in (monday, monday + WEEK)]
    assert [{each["plan"]["vehicle"] for each in found} for found in stops] == [set(), {ONE}]


async def test_a_week_planned_anew_waits_for_vehicles_before_taking_stops(client: Client, tools: Tools) -> None:
    await empty_week(client, tools)
    stop, now = await put(client, "marxloh", NEXT), tools.clock.now()

    async def plan_anew() -> None:
        async with tools.db.transaction() as conn:
            await replace_plans(Act(conn, tools, now, who=LEADING), {NEXT: []})

    async with tools.db.transaction() as conn:
        await lock_vehicles(conn)
        second = await waiting(tools, plan_anew())
        await wait_not_long(conn)
        assert await lock_stops(conn, [stop])
    await second
    assert (await ask(client, "GET", f"/staff/weeks/{NEXT}"))["stops"] == []


async def test_weeks_planned_anew_are_waited_for_before_taking_vehicles(client: Client, tools: Tools) -> None:
    weeks, now = (NEXT, NEXT + WEEK), tools.clock.now()
    for monday in weeks:
        await empty_week(client, tools, monday)

    async def plan_anew() -> None:
        async with tools.db.transaction() as conn:
            await replace_plans(Act(conn, tools, now, who=LEADING), {monday: [] for monday in weeks})

    async with tools.db.transaction() as conn:
        await conn.execute(_CHANGE_WEEK, {"monday": weeks[1]})
        second = await waiting(tools, plan_anew())
        await wait_not_long(conn)
        await lock_vehicles(conn)
    await second
    assert [(await ask(client, "GET", f"/staff/weeks/{each}"))["version"] for each in weeks] == [2, 2]


async def test_vehicles_are_not_taken_after_stops(client: Client, tools: Tools) -> None:
    stop = await tour(client, tools)
    async with tools.db.transaction() as conn:
        await lock_stops(conn, [stop])
        with pytest.raises(AssertionError, match=r"VEHICLES.*after.*STOPS"):
            await lock_vehicles(conn)


async def test_a_week_is_not_taken_after_vehicles(client: Client, tools: Tools) -> None:
    await empty_week(client, tools)
    async with tools.db.transaction() as conn:
        await lock_vehicles(conn)
        with pytest.raises(AssertionError, match=r"WEEK.*after.*VEHICLES"):
            await replace_plans(Act(conn, tools, tools.clock.now(), who=LEADING), {NEXT: []})


async def test_stops_of_the_weekly_plan_put_in_at_once_do_not_meet(client: Client, tools: Tools) -> None:
    """No constraint keeps them apart: the second has to find what the first put in."""
    saturday: dict[str, Any] = {
        "weekday": 5,
        "arrives": time(9),
        "departs": time(12),
        "every_weeks": 1,
        "valid_from": NEXT,
    }
    first, second = [WeeklyStop(uuid4(), ONE, place, **saturday, version=0) for place in ("marxloh", "wehofen")]
    now = tools.clock.now()

    async def save() -> None:
        async with tools.db.transaction() as conn:
            await save_weekly_stop(Act(conn, tools, now, who=LEADING), second)

    async with tools.db.transaction() as conn:
        await save_weekly_stop(Act(conn, tools, now, who=LEADING), first)
        saving = await waiting(tools, save())
    with pytest.raises(WeeklyStopClashes):
        await saving


@pytest.mark.parametrize("key", ["buergermobil-3", ONE], ids=["new", "known"])
async def test_of_two_changes_of_a_vehicle_at_once_the_second_sees_the_first(
    client: Client, tools: Tools, key: str
) -> None:
    mine = Vehicle(key, "Unser Bürgermobil", 2, True, ())
    body = {"version": 0, "name": "Euer Bürgermobil", "counters": 3, "step_free": True, "equipment": []}
    async with tools.db.transaction() as conn:
        await save_vehicle(Act(conn, tools, tools.clock.now(), who=LEADING), mine)
        second = await waiting(tools, client.put(f"{API}/staff/vehicles/{key}", json=body))
    assert (await second).json()["type"].endswith(":fleet-changed")
    [saved] = [each for each in await ask(client, "GET", "/staff/vehicles") if each["key"] == key]
    assert (saved["version"], saved["name"]) == (1, "Unser Bürgermobil")


async def test_two_places_saved_at_once_write_their_ways_in_one_order(client: Client, tools: Tools) -> None:
    lock_way = text("select from travel_times where origin = :origin and destination = :destination for update")
    async with tools.db.transaction() as conn:
        places = (await load_fleet(conn, tools.city)).places
    first, last = places[min(places)], places[max(places)]

    async def save() -> None:
        async with tools.db.transaction() as conn:
            await save_place(Act(conn, tools, tools.clock.now(), who=LEADING), replace(last, name="Markt"))

    async with tools.db.transaction() as conn:
        await conn.execute(lock_way, {"origin": first.key, "destination": last.key})
        saving = await waiting(tools, save())
        await wait_not_long(conn)
        await conn.execute(lock_way, {"origin": last.key, "destination": first.key})
    await saving
