"""Many at once, over HTTP, on a real PostgreSQL."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.tools import Tools
from tests.mobile_office.kit import (
    API,
    MONDAY,
    NEXT,
    ONE,
    OTHER,
    REASON,
    Client,
    ask,
    at,
    empty_week,
    plan,
    publish,
    put,
    told,
)


async def put_until_decided(client: Client, place: str) -> str:
    """Put a stop at nine, however often the week changes meanwhile; what became of it."""
    while True:
        version = (await ask(client, "GET", f"/staff/weeks/{NEXT}"))["version"]
        body = plan(place, NEXT) | {"week_version": version}
        answer = await client.put(f"{API}/staff/weeks/{NEXT}/stops/{uuid4()}", json=body)
        said = answer.json().get("type", "planned").rpartition(":")[2]
        if said != "week-changed":
            return f"{answer.status_code} {said}"


async def test_16_planners_put_one_vehicle_into_16_places(client: Client, tools: Tools) -> None:
    await empty_week(client, tools)
    places = [each["key"] for each in await ask(client, "GET", "/places")][:16]
    found = Counter(await asyncio.gather(*[put_until_decided(client, place) for place in places]))
    assert found == {"200 planned": 1, "409 vehicle-elsewhere": 15}
    assert len((await ask(client, "GET", f"/staff/weeks/{NEXT}"))["stops"]) == 1


async def test_the_database_itself_keeps_a_vehicle_in_one_place(client: Client, tools: Tools) -> None:
    """Sixteen transactions that ask nobody: no code looks first, and no week is locked."""
    await empty_week(client, tools)
    places = [each["key"] for each in await ask(client, "GET", "/places")][:16]

    async def insert(number: int, place: str) -> str:
        hours = {"arrives": at(NEXT, 9 + number % 2), "departs": at(NEXT, 10 + number % 2)}
        try:
            async with tools.db.transaction() as conn:
                await conn.execute(
                    text("""
                        insert into stops (id, week, status, vehicle, place, arrives_at, departs_at, counters)
                        values (:id, :week, 'planned', :vehicle, :place, :arrives, :departs, 1)
                    """),
                    {"id": uuid4(), "week": NEXT, "vehicle": ONE, "place": place, **hours},
                )
        except DBAPIError as error:
            return type(error.orig.__cause__).__name__ if error.orig else "?"
        return "planned"

    found = Counter(await asyncio.gather(*[insert(number, place) for number, place in enumerate(places)]))
    assert found == {"planned": 1, "ExclusionViolationError": 15}, "nine to ten leaves no time to be elsewhere at ten"


async def test_two_planners_publish_at_once(client: Client, tools: Tools) -> None:
    await empty_week(client, tools)
    stop = await put(client, "marxloh", NEXT)
    answers = await asyncio.gather(*[publish(client) for _ in range(8)], return_exceptions=True)
    assert [each for each in answers if not isinstance(each, dict)] == []
    assert sorted(len(each["changes"]) for each in answers if isinstance(each, dict)) == [0] * 7 + [1]
    assert await told(tools) == [("MobilStopScheduled", stop, 1)]


@pytest.mark.parametrize("same", [True, False], ids=["sent twice", "by several people"])
async def test_a_breakdown_confirmed_many_times_is_told_once(client: Client, tools: Tools, same: bool) -> None:
    await empty_week(client, tools, MONDAY)
    stops = [await put(client, "marxloh", MONDAY, 9, 12), await put(client, "wehofen", MONDAY, 13, 16)]
    await publish(client, MONDAY)
    body: dict[str, Any] = {
        "vehicle": ONE,
        "from_time": at(MONDAY, 8).isoformat(),
        "reason": {"known": "breakdown"},
        "answers": {str(stops[0]): {"decision": "replace", "vehicle": OTHER}, str(stops[1]): {"decision": "cancel"}},
    }
    first = uuid4()
    ids = [first if same else uuid4() for _ in range(8)]
    answers = await asyncio.gather(*[client.put(f"{API}/staff/breakdowns/{id}", json=body) for id in ids])
    assert Counter(each.status_code for each in answers) == ({204: 8} if same else {204: 1, 409: 7})
    assert sorted((await told(tools))[2:]) == sorted(
        [("MobilStopRescheduled", stops[0], 2), ("MobilStopCancelled", stops[1], 2)]
    )


async def test_planners_and_drivers_are_not_in_each_others_way(client: Client, tools: Tools) -> None:
    """A week is changed and published while its stops are late, called off and break down: nothing is told twice."""
    await empty_week(client, tools, MONDAY)
    stops = [
        await put(client, place, MONDAY, first, first + 2, vehicle=vehicle)
        for place, first, vehicle in (
            ("marxloh", 9, ONE),
            ("wehofen", 13, ONE),
            ("fahrn", 17, ONE),
            ("vierlinden", 9, OTHER),
        )
    ]
    await publish(client, MONDAY)
    await put(client, "marxloh", MONDAY, 10, 12, id=stops[0])
    await put(client, "wehofen", MONDAY, 13, 15, id=stops[1], vehicle=OTHER)
    preview = await ask(client, "GET", f"/staff/weeks/{MONDAY}/preview")
    version = (await ask(client, "GET", f"/staff/weeks/{MONDAY}"))["version"]

    async def send(method: str, path: str, body: Any) -> int:
        return (await client.request(method, f"{API}/staff{path}", json=body)).status_code

    def late(stop: UUID) -> Any:
        return {"stops": {str(stop): {"version": 1, "minutes": 30}}, "reason": REASON}

    breakdown = {
        "vehicle": ONE,
        "from_time": at(MONDAY, 8).isoformat(),
        "reason": REASON,
        "answers": {str(stops[2]): {"decision": "replace", "vehicle": OTHER}, str(stops[1]): {"decision": "cancel"}},
    }
    found = await asyncio.gather(
        send("POST", f"/weeks/{MONDAY}/publication", {"preview": preview["version"], "reason": REASON}),
        *(send("POST", f"/stops/{stop}/cancellation", REASON) for stop in (stops[0], stops[0], stops[3])),
        *(send("POST", "/delays", late(stop)) for stop in (stops[1], stops[1], stops[3])),
        *(send("PUT", f"/breakdowns/{uuid4()}", breakdown) for _ in range(3)),
        *(
            send("PUT", f"/weeks/{MONDAY}/stops/{uuid4()}", {**plan("fahrn", MONDAY, 20, 21), "week_version": version})
            for _ in range(3)
        ),
    )
    assert max(found) < 500, found
    known = await told(tools)
    assert len(set(known)) == len(known)
    for stop in (stops[0], stops[3]):
        assert [type for type, id, _ in known if id == stop].count("MobilStopCancelled") == 1
        assert [type for type, id, _ in known if id == stop][-1] == "MobilStopCancelled"
