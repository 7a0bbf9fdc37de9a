"""Planning a week and publishing it as a whole."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from shared.clock import Clock
from shared.tools import Tools
from tests.mobile_office.kit import (
    API,
    MONDAY,
    NEXT,
    OTHER,
    REASON,
    Client,
    ask,
    at,
    book,
    empty_week,
    facts,
    plan,
    publish,
    put,
    told,
)

TUESDAY = NEXT + timedelta(days=1)
EASTER_WEEK = date(2027, 3, 29)


async def warned(client: Client, monday: date, notice: str) -> list[dict[str, Any]]:
    preview = await ask(client, "GET", f"/staff/weeks/{monday}/preview")
    return [each for each in preview["warnings"] if each["notice"] == notice]


async def test_a_week_follows_the_weekly_plan_and_is_planned_once(client: Client) -> None:
    for _ in range(2):
        week = await ask(client, "PUT", f"/staff/weeks/{NEXT}")
        assert (week["version"], len(week["stops"])) == (1, 10)
    assert {each["change"] for each in week["stops"]} == {"new"}
    assert len({each["plan"]["place"] for each in week["stops"]}) == 10
    assert await ask(client, "GET", "/stops", weeks_ahead=1) == [], "nobody is told yet"


async def test_public_holidays_are_left_out_and_can_be_planned_all_the_same(client: Client) -> None:
    week = await ask(client, "PUT", f"/staff/weeks/{EASTER_WEEK}")
    assert len(week["stops"]) == 8, "Easter Monday has two stops otherwise"
    assert [each["day"] for each in await warned(client, EASTER_WEEK, "left_out")] == [str(EASTER_WEEK)]
    assert await warned(client, EASTER_WEEK, "holiday") == []
    id = await put(client, "vierlinden", EASTER_WEEK)
    assert [each["stop"] for each in await warned(client, EASTER_WEEK, "holiday")] == [str(id)]


async def test_a_week_is_told_as_a_whole_and_once(client: Client, tools: Tools) -> None:
    await empty_week(client, tools)
    stops = [await put(client, place, NEXT, *hours) for place, hours in (("marxloh", (9, 12)), ("wehofen", (13, 16)))]
    assert await told(tools) == []
    assert len((await publish(client))["changes"]) == 2
    assert {each[1:] for each in await told(tools)} == {(stop, 1) for stop in stops}
    assert (await publish(client))["changes"] == []
    assert len(await told(tools)) == 2
    assert [each["id"] for each in await ask(client, "GET", "/stops", weeks_ahead=1)] == list(map(str, stops))
    assert [each["id"] for each in await ask(client, "GET", "/stops", weeks_ahead=1, quarter=105)] == [str(stops[1])]
    assert await ask(client, "GET", "/stops", weeks_ahead=1, district=700) == []
    assert await ask(client, "GET", "/stops", weeks_ahead=1, service="kfz") == []
    assert (await ask(client, "GET", f"/stops/{stops[0]}"))["stop"]["place"]["name"] == "Marxloh"


async def test_the_preview_says_whom_a_change_concerns_and_the_reason_is_told(client: Client, tools: Tools) -> None:
    await empty_week(client, tools)
    moved, dropped = await put(client, "marxloh", NEXT), await put(client, "wehofen", TUESDAY)
    await publish(client)
    await book(tools, moved, 3)
    await book(tools, dropped, 2)
    await put(client, "marxloh", NEXT, 10, 13, id=moved)
    added = await put(client, "fahrn", NEXT, 14, 16)
    version = (await ask(client, "GET", f"/staff/weeks/{NEXT}"))["version"]
    for _ in range(2):
        await ask(client, "DELETE", f"/staff/weeks/{NEXT}/stops/{dropped}", week_version=version)
    preview = await ask(client, "GET", f"/staff/weeks/{NEXT}/preview")
    changes = {each["stop"]["id"]: (each["change"], each["people"]) for each in preview["changes"]}
    assert changes == {str(moved): ("changed", 3), str(added): ("new", 0), str(dropped): ("dropped", 2)}
    assert (preview["people"], preview["needs_reason"]) == (5, True)
    silent = {"preview": preview["version"]}
    refused = await ask(client, "POST", f"/staff/weeks/{NEXT}/publication", silent, 422)
    assert refused["type"].endswith(":reason-missing")
    await book(tools, moved)
    confirmed = silent | {"reason": {"known": "weather", "words": "Sturm"}}
    outdated = await ask(client, "POST", f"/staff/weeks/{NEXT}/publication", confirmed, 409)
    assert outdated["preview"]["people"] == 6
    await publish(client, reason=confirmed["reason"])
    assert set((await told(tools))[2:]) == {
        ("MobilStopRescheduled", moved, 2),
        ("MobilStopCancelled", dropped, 2),
        ("MobilStopScheduled", added, 1),
    }
    by_id = {each["id"]: each for each in (await facts(tools))[2:]}
    assert by_id[str(moved)]["before"]["arrives_at"] != by_id[str(moved)]["stop"]["arrives_at"]
    assert (by_id[str(moved)]["reason"], by_id[str(moved)]["known_reason"]) == ("Sturm", "weather")
    assert by_id[str(dropped)]["stop"]["status"] == "cancelled"
    assert by_id[str(dropped)]["stop"]["known_reason"] == "weather"


async def test_a_vehicle_needs_time_for_the_way_and_more_of_it_across_the_rhine(client: Client, tools: Tools) -> None:
    await empty_week(client, tools)
    await put(client, "marxloh", NEXT, 9, 12)
    for place, first, minute, status in (
        ("marxloh", 11, 0, 409),
        ("wehofen", 12, 0, 409),
        ("wehofen", 12, 20, 409),
        ("hochemmerich", 12, 30, 409),
        ("wehofen", 12, 30, 200),
    ):
        version = (await ask(client, "GET", f"/staff/weeks/{NEXT}"))["version"]
        soon = {"arrives_at": at(NEXT, first, minute).isoformat(), "departs_at": at(NEXT, 15).isoformat()}
        body = plan(place, NEXT) | soon | {"week_version": version}
        answer = await ask(client, "PUT", f"/staff/weeks/{NEXT}/stops/{uuid4()}", body, status)
    assert len(answer["stops"]) == 2
    await put(client, "wehofen", NEXT, 9, 12, vehicle=OTHER)


async def test_a_plan_that_cannot_be_is_refused(client: Client, tools: Tools) -> None:
    await empty_week(client, tools)
    for place, hours, more in (
        ("nowhere", (9, 12), {}),
        ("marxloh", (12, 9), {}),
        ("marxloh", (9, 12), {"vehicle": "tram"}),
        ("marxloh", (9, 12), {"counters": 3}),
    ):
        await put(client, place, NEXT, *hours, status=422, **more)
    body = plan("marxloh", NEXT + timedelta(weeks=1)) | {"week_version": 1}
    await ask(client, "PUT", f"/staff/weeks/{NEXT}/stops/{uuid4()}", body, 422)
    await ask(client, "PUT", f"/staff/weeks/{NEXT + timedelta(weeks=5)}/stops/{uuid4()}", body, 404)
    await ask(client, "PUT", f"/staff/weeks/{TUESDAY}", status=422)
    for weeks in (-1, 53):
        await ask(client, "PUT", f"/staff/weeks/{MONDAY + timedelta(weeks=weeks)}", status=422)
    await ask(client, "GET", f"/staff/weeks/{NEXT + timedelta(weeks=5)}", status=404)


async def test_whoever_was_slower_sees_what_the_other_did(client: Client, tools: Tools) -> None:
    await empty_week(client, tools)
    body = plan("marxloh", NEXT) | {"week_version": 1}
    path = f"/staff/weeks/{NEXT}/stops/{uuid4()}"
    for _ in range(2):
        assert (await ask(client, "PUT", path, body))["version"] == 2, "sent again it changes nothing"
    refused = await ask(client, "PUT", f"/staff/weeks/{NEXT}/stops/{uuid4()}", body, 409)
    assert refused["type"].endswith(":week-changed")


async def test_a_stop_is_on_one_day_to_come_of_its_own_week(client: Client, tools: Tools) -> None:
    await empty_week(client, tools, MONDAY)
    await empty_week(client, tools)
    elsewhere = await put(client, "fahrn", NEXT)
    await put(client, "fahrn", MONDAY, id=elsewhere, status=404)
    for arrives, departs, status in (
        (at(MONDAY, 7), at(MONDAY, 9), 422),
        (at(MONDAY, 22), at(MONDAY + timedelta(days=1), 1), 422),
        (at(MONDAY, 7, 1), at(MONDAY, 9), 200),
    ):
        version = (await ask(client, "GET", f"/staff/weeks/{MONDAY}"))["version"]
        hours = {"arrives_at": arrives.isoformat(), "departs_at": departs.isoformat()}
        body = plan("marxloh", MONDAY) | hours | {"week_version": version}
        await ask(client, "PUT", f"/staff/weeks/{MONDAY}/stops/{uuid4()}", body, status)


async def test_what_is_over_or_called_off_is_planned_no_more(client: Client, tools: Tools) -> None:
    await empty_week(client, tools, MONDAY)
    over, off = await put(client, "marxloh", MONDAY, 8, 9), await put(client, "marxloh", MONDAY, 14, 15)
    await publish(client, MONDAY)
    await ask(client, "POST", f"/staff/stops/{off}/cancellation", REASON)
    pass_clock(tools, 2)
    for stop in (over, off):
        await put(client, "marxloh", MONDAY, 16, 17, id=stop, status=409)
        version = (await ask(client, "GET", f"/staff/weeks/{MONDAY}"))["version"]
        path = f"/staff/weeks/{MONDAY}/stops/{stop}"
        assert (await ask(client, "DELETE", path, status=409, week_version=version))["type"].endswith(":stop-over")


async def test_a_week_that_has_begun_is_planned_from_now_on(client: Client, tools: Tools) -> None:
    pass_clock(tools, 24)
    week = await ask(client, "PUT", f"/staff/weeks/{MONDAY}")
    assert len(week["stops"]) == 8, "Monday has two stops"


async def test_what_has_begun_is_announced_no_more(client: Client, tools: Tools) -> None:
    await empty_week(client, tools, MONDAY)
    late, early = await put(client, "marxloh", MONDAY, 14, 16), await put(client, "wehofen", MONDAY, 9, 12)
    pass_clock(tools, 3)
    assert [each["stop"] for each in await warned(client, MONDAY, "too_late")] == [str(early)]
    await publish(client, MONDAY)
    assert await told(tools) == [("MobilStopScheduled", late, 1)]


async def test_only_who_leads_plans(client: Client) -> None:
    for token, status in (("mobile_office:staff", 403), ("appointments:lead", 403), ("mobile_office:lead", 200)):
        headers = {"Authorization": f"Bearer {token}"}
        assert (await client.put(f"{API}/staff/weeks/{NEXT}", headers=headers)).status_code == status
    assert (await client.get(f"{API}/staff/weeks/{NEXT}", headers={"Authorization": ""})).status_code == 401
    reason = {"reason": REASON, "preview": "x"}
    answer = await client.post(
        f"{API}/staff/weeks/{NEXT}/publication", json=reason, headers={"Authorization": "Bearer mobile_office:staff"}
    )
    assert answer.status_code == 403


def pass_clock(tools: Tools, hours: int) -> None:
    file = tools.settings.platform.clock_file
    assert file is not None
    Clock.move(file, tools.clock.offset() + timedelta(hours=hours))
