"""What happens on the way: delays, cancellations, breakdowns."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from services.mobile_office.tours.bookings import note_booking
from services.mobile_office.tours.changes import load_delay
from services.mobile_office.tours.refusals import DelayUnfit
from shared.act import acting
from shared.tools import Tools
from tests.mobile_office.kit import (
    MONDAY,
    ONE,
    OTHER,
    REASON,
    Client,
    appointment,
    ask,
    at,
    book,
    empty_week,
    facts,
    publish,
    put,
    told,
)

TRAFFIC = {"known": "traffic"}
TUESDAY = MONDAY + timedelta(days=1)


@pytest_asyncio.fixture
async def tour(client: Client, tools: Tools) -> list[UUID]:
    """Two stops of one vehicle today, an hour and a half apart, which were told."""
    await empty_week(client, tools, MONDAY)
    stops = [await put(client, "marxloh", MONDAY, 9, 12), await put(client, "wehofen", MONDAY, 13, 16)]
    await publish(client, MONDAY)
    return stops


async def late(client: Client, minutes: int, *stops: UUID, version: int = 1, status: int = 200) -> Any:
    body = {"stops": {str(stop): {"version": version, "minutes": minutes} for stop in stops}, "reason": TRAFFIC}
    return await ask(client, "POST", "/staff/delays", body, status)


async def test_a_delay_is_told_once_and_taken_back(client: Client, tools: Tools, tour: list[UUID]) -> None:
    for _ in range(2):
        [answer] = await late(client, 25, tour[0])
        assert (answer["version"], answer["stop"]["delay_minutes"]) == (2, 25)
    assert (await told(tools))[2:] == [("MobilStopDelayed", tour[0], 2)]
    last = (await facts(tools))[-1]["stop"]
    assert (last["reason"], last["known_reason"]) == ("Der Verkehr hält das Fahrzeug auf.", "traffic")
    refused = await late(client, 40, tour[0], status=409)
    assert refused["type"].endswith(":stop-changed"), "it was looked at before the first delay was told"
    [in_time] = await late(client, 0, tour[0], version=2)
    assert (in_time["stop"]["delay_minutes"], in_time["stop"]["known_reason"]) == (0, None)


async def test_a_delay_says_what_it_makes_late_and_tells_all_with_one_confirmation(
    client: Client, tools: Tools, tour: list[UUID]
) -> None:
    await book(tools, tour[1], 4)
    found = await ask(client, "GET", f"/staff/stops/{tour[0]}/delay", minutes=90)
    assert [(UUID(each["stop"]["id"]), each["minutes"], each["people"]) for each in found] == [
        (tour[0], 90, 0),
        (tour[1], 55, 4),
    ], "12:00 and 90 minutes, 25 on the way, 13:00 was announced"
    assert len(await ask(client, "GET", f"/staff/stops/{tour[0]}/delay", minutes=30)) == 1
    await late(client, 55, *tour)
    assert {each[0] for each in (await told(tools))[2:]} == {"MobilStopDelayed"}


async def test_a_delay_reaches_the_stops_of_the_same_vehicle_and_day_that_take_place(
    client: Client, tools: Tools
) -> None:
    await empty_week(client, tools, MONDAY)
    late = await put(client, "marxloh", MONDAY, 8, 9)
    next_one = await put(client, "wehofen", MONDAY, 10, 11, counters=2)
    called_off = await put(client, "fahrn", MONDAY, 12, 13)
    await put(client, "vierlinden", MONDAY, 10, 11, vehicle=OTHER)
    await put(client, "fahrn", TUESDAY, 0, 9)
    last = await put(client, "marxloh", MONDAY, 21, 22)
    await publish(client, MONDAY)
    await ask(client, "POST", f"/staff/stops/{called_off}/cancellation", REASON)
    found = await ask(client, "GET", f"/staff/stops/{late}/delay", minutes=120)
    assert [UUID(each["stop"]["id"]) for each in found] == [late, next_one], "with however many counters it comes"
    found = await ask(client, "GET", f"/staff/stops/{last}/delay", minutes=240)
    assert [UUID(each["stop"]["id"]) for each in found] == [last], "the next day is another"


async def test_a_delay_leaves_what_is_planned_alone(client: Client, tools: Tools, tour: list[UUID]) -> None:
    await put(client, "wehofen", MONDAY, 14, 17, id=tour[1])
    await late(client, 10, tour[1])
    week = await ask(client, "GET", f"/staff/weeks/{MONDAY}")
    [planned] = [each for each in week["stops"] if each["id"] == str(tour[1])]
    assert (planned["change"], planned["announced"]["delay_minutes"]) == ("changed", 10)
    assert planned["announced"]["arrives_at"] != planned["plan"]["arrives_at"]


async def test_a_stop_is_called_off_once(client: Client, tools: Tools, tour: list[UUID]) -> None:
    for _ in range(2):
        answer = await ask(client, "POST", f"/staff/stops/{tour[0]}/cancellation", {"known": "illness"})
        assert (answer["stop"]["status"], answer["stop"]["known_reason"]) == ("cancelled", "illness")
    assert (await told(tools))[2:] == [("MobilStopCancelled", tour[0], 2)]
    assert (await late(client, 5, tour[0], status=409))["type"].endswith(":stop-over")
    await put(client, "fahrn", MONDAY, 9, 12)
    await ask(client, "GET", f"/stops/{tour[0]}")


async def test_what_nobody_knows_of_is_not_changed_on_the_way(client: Client, tour: list[UUID]) -> None:
    planned = await put(client, "fahrn", MONDAY, 18, 19)
    assert (await late(client, 5, planned, status=409))["type"].endswith(":not-announced")
    await late(client, 5, uuid4(), status=404)
    await ask(client, "GET", f"/stops/{planned}", status=404)
    await ask(client, "POST", "/staff/delays", {"stops": {str(tour[0]): {"version": 1, "minutes": 5}}}, 422)
    await ask(client, "POST", "/staff/delays", {"stops": {str(tour[0]): {"version": 1, "minutes": 241}}}, 422)


async def test_nobody_looks_at_a_delay_that_cannot_be_announced(tools: Tools, tour: list[UUID]) -> None:
    async with acting(tools) as act:
        for minutes in (-1, 241):
            with pytest.raises(DelayUnfit):
                await load_delay(act, tour[0], minutes)


async def test_a_breakdown_proposes_for_each_stop_and_tells_with_one_confirmation(
    client: Client, tools: Tools, tour: list[UUID]
) -> None:
    await put(client, "fahrn", MONDAY, 12, 14, vehicle=OTHER)
    await publish(client, MONDAY)
    await book(tools, tour[1], 2)
    query: dict[str, Any] = {"vehicle": ONE, "from_time": at(MONDAY, 8).isoformat()}
    found = await ask(client, "GET", "/staff/breakdowns/preview", **query)
    assert [(each["proposal"]["decision"], each["people"]) for each in found] == [("cancel", 0), ("cancel", 2)]
    body = query | {
        "reason": {"known": "breakdown"},
        "answers": {
            str(tour[0]): {"decision": "delay", "minutes": 60},
            str(tour[1]): {"decision": "replace", "vehicle": OTHER},
        },
    }
    path = f"/staff/breakdowns/{uuid4()}"
    refused = await ask(client, "PUT", path, body, 409)
    assert refused["stop"]["place"] == "Fahrn"
    body["answers"][str(tour[1])] = {"decision": "cancel"}
    for _ in range(2):
        await ask(client, "PUT", path, body, 204)
    assert set((await told(tools))[3:]) == {("MobilStopDelayed", tour[0], 2), ("MobilStopCancelled", tour[1], 2)}
    again = await ask(client, "PUT", f"/staff/breakdowns/{uuid4()}", body, 409)
    assert again["type"].endswith(":others-vehicle"), "a colleague has confirmed the same"


async def test_a_breakdown_is_refused_where_an_answer_says_nothing(client: Client, tour: list[UUID]) -> None:
    body = {"vehicle": ONE, "from_time": at(MONDAY, 8).isoformat(), "reason": {"known": "breakdown"}}
    for vehicle, answer, problem in (
        (ONE, {"decision": "delay"}, "delay-unfit"),
        (ONE, {"decision": "replace"}, "answer-missing"),
        (ONE, {"decision": "replace", "vehicle": ONE}, "answer-missing"),
        (ONE, {"decision": "replace", "vehicle": "tram"}, "answer-missing"),
        ("tram", {"decision": "cancel"}, "answer-missing"),
        (OTHER, {"decision": "cancel"}, "others-vehicle"),
    ):
        wanted = body | {"vehicle": vehicle, "answers": {str(tour[0]): answer}}
        status = 409 if problem == "others-vehicle" else 422
        refused = await ask(client, "PUT", f"/staff/breakdowns/{uuid4()}", wanted, status)
        assert refused["type"].endswith(f":{problem}")


async def test_another_vehicle_comes_with_as_many_counters_as_it_has(
    client: Client, tools: Tools, tour: list[UUID]
) -> None:
    await ask(client, "POST", f"/staff/stops/{tour[0]}/cancellation", REASON)
    two = await put(client, "fahrn", MONDAY, 9, 12, counters=2)
    await publish(client, MONDAY)
    query: dict[str, Any] = {"vehicle": ONE, "from_time": at(MONDAY, 8).isoformat()}
    found = await ask(client, "GET", "/staff/breakdowns/preview", **query)
    answers = {each["stop"]["id"]: each["proposal"] for each in found}
    assert {each["vehicle"] for each in answers.values()} == {OTHER}
    body = query | {"reason": {"known": "breakdown"}, "answers": answers}
    await ask(client, "PUT", f"/staff/breakdowns/{uuid4()}", body, 204)
    state = (await ask(client, "GET", f"/stops/{two}"))["stop"]
    assert (state["vehicle"]["key"], state["vehicle"]["counters"]) == (OTHER, 1)
    await put(client, "wehofen", MONDAY, 9, 12)
    await put(client, "wehofen", MONDAY, 9, 12, vehicle=OTHER, status=409)


@pytest.mark.parametrize("order", [[1, 2], [2, 1]])
async def test_older_facts_of_appointments_change_nothing(
    client: Client, tools: Tools, tour: list[UUID], order: list[int]
) -> None:
    id = uuid4()
    known = {1: appointment(str(tour[0]), 1, id), 2: appointment(str(tour[0]), 2, id, "cancelled")}
    await book(tools, tour[0])
    async with tools.db.transaction() as conn:
        for version in [*order, *order]:
            await note_booking(conn, known[version])
    [found] = await ask(client, "GET", f"/staff/stops/{tour[0]}/delay", minutes=5)
    assert found["people"] == 1


async def test_who_drives_may_tell_but_strangers_may_not(client: Client, tour: list[UUID]) -> None:
    path = "/mobile_office/api/v1/staff/delays"
    body = {"stops": {str(tour[0]): {"version": 1, "minutes": 5}}, "reason": TRAFFIC}
    for token, status in (("appointments:lead", 403), ("mobile_office:staff", 200)):
        answer = await client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status
    deeds = await client.get("/mobile_office/api/v1/staff/audit")
    assert deeds.json()[0]["action"] == "stop-delayed"
