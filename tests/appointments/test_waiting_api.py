"""The waiting list over HTTP: joining, freed seats that pass on, and what becomes of offers."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared import retention
from shared.calendar import is_working_day
from shared.clock import BERLIN
from shared.events.appointments import SeatOffered, WaitingFact, WaitingListJoined, WaitingListLeft
from shared.tools import Tools
from tests.appointments.kit import API, Client, at, outbox, pass_time
from tests.appointments.waiting import (
    assert_line_consistent,
    book,
    cancel,
    entry,
    free_starts,
    join,
    sell_out,
    wait,
)
from tests.support.wait import eventually


@pytest.fixture
def start(tools: Tools) -> datetime:
    return at(tools, 9)


async def facts(tools: Tools) -> list[str]:
    """The facts of the waiting list, in order."""
    names = [row.type.rpartition(".")[2] for row in await outbox(tools)]
    return [name for name in names if not name.startswith("Appointment")]


async def test_a_cancelled_time_is_offered_to_the_first_who_waits_and_never_public(
    client: Client, tools: Tools, start: datetime
) -> None:
    booked = await book(client, start)
    await sell_out(tools, start)
    first, second = await join(client, start), await join(client, start, name="Second")
    assert [first["position"], second["position"]] == [1, 2]
    await cancel(client, booked)
    assert await free_starts(client, start) == []
    offered = await entry(client, first)
    assert offered["status"] == "offered"
    assert datetime.fromisoformat(offered["offer"]["starts_at"]) == start
    assert (await entry(client, second))["status"] == "waiting"
    assert await facts(tools) == ["WaitingListJoined", "WaitingListJoined", "SeatOffered"]
    await assert_line_consistent(tools)


async def test_who_takes_the_offer_is_booked_once_and_leaves_the_list(
    client: Client, tools: Tools, start: datetime
) -> None:
    booked = await book(client, start)
    await sell_out(tools, start)
    joined = await join(client, start, person={"phone": "0151 23456789", "channels": ["mail", "sms"]})
    await cancel(client, booked)
    offer = (await entry(client, joined))["offer"]
    answers = [await client.post(f"{API}/offers/{offer['token']}/taking") for _ in "ab"]
    assert [answer.status_code for answer in answers] == [200, 200]
    taken = answers[0].json()
    assert taken == answers[1].json()
    assert taken["status"] == "confirmed"
    assert taken["number"] != booked["number"]
    assert datetime.fromisoformat(taken["starts_at"]) == start
    assert (await client.get(f"{API}/appointments/{taken['token']}")).json() == taken
    after = await entry(client, joined)
    assert (after["status"], after["position"], after["offer"]) == ("booked", None, None)
    assert (await client.get(f"{API}/offers/{offer['token']}")).json()["outcome"] == "taken"
    for refused in (f"offers/{offer['token']}/declining", f"waiting/{joined['token']}/leaving"):
        assert (await client.post(f"{API}/{refused}")).status_code == 410
    newest = [json.loads(row.body) for row in await outbox(tools)][-2:]
    assert newest[0]["appointment"]["channels"] == ["mail", "sms"]
    assert newest[1]["entry"]["appointment"] == newest[0]["id"]
    assert (await client.post(f"{API}/appointments/{taken['token']}/cancellation")).status_code == 200
    await eventually(lambda: free_again(client, start))


async def free_again(client: Client, start: datetime) -> bool:
    return len(await free_starts(client, start)) == 1


async def test_a_declined_time_passes_on_and_the_place_in_line_is_kept(
    client: Client, tools: Tools, start: datetime
) -> None:
    booked, later = await book(client, start), await book(client, start + timedelta(hours=1))
    await sell_out(tools, start)
    first, second = await join(client, start), await join(client, start, name="Second")
    await cancel(client, booked)
    offer = (await entry(client, first))["offer"]
    declined = [(await client.post(f"{API}/offers/{offer['token']}/declining")).json() for _ in "ab"]
    assert [(each["status"], each["position"]) for each in declined] == [("waiting", 1)] * 2
    assert (await entry(client, second))["status"] == "offered"
    assert (await client.post(f"{API}/offers/{offer['token']}/taking")).status_code == 410
    await cancel(client, later)
    assert (await entry(client, first))["status"] == "offered", "another time is offered to the first again"
    await assert_line_consistent(tools)


async def test_a_time_everybody_declined_is_free_and_offered_to_nobody_twice(
    client: Client, tools: Tools, start: datetime
) -> None:
    booked = await book(client, start)
    await sell_out(tools, start)
    everybody = [await join(client, start, name=f"N{n}") for n in range(3)]
    await cancel(client, booked)
    for each in everybody:
        offer = (await entry(client, each))["offer"]
        assert await free_starts(client, start) == []
        await client.post(f"{API}/offers/{offer['token']}/declining")
    assert [datetime.fromisoformat(each) for each in await free_starts(client, start)] == [start]
    assert [(await entry(client, each))["status"] for each in everybody] == ["waiting"] * 3


@pytest.mark.due_work
async def test_an_expired_offer_cannot_be_taken_passes_on_and_its_entry_goes_behind(
    client: Client, tools: Tools, start: datetime
) -> None:
    booked = await book(client, start)
    await sell_out(tools, start)
    first, second = await join(client, start), await join(client, start, name="Second")
    await cancel(client, booked)
    offer = (await entry(client, first))["offer"]
    pass_time(tools, datetime.fromisoformat(offer["until"]) - tools.clock.now())
    assert (await client.post(f"{API}/offers/{offer['token']}/taking")).status_code == 410

    async def passed_on() -> bool:
        return bool((await entry(client, second))["status"] == "offered")

    await eventually(passed_on)
    assert (await client.get(f"{API}/offers/{offer['token']}")).json()["outcome"] == "expired"
    assert [(await entry(client, each))["position"] for each in (second, first)] == [1, 2]
    assert (await facts(tools))[-2:] == ["SeatOfferEnded", "SeatOffered"]
    await assert_line_consistent(tools)


async def test_leaving_withdraws_the_offer_and_passes_it_on(client: Client, tools: Tools, start: datetime) -> None:
    booked = await book(client, start)
    await sell_out(tools, start)
    first, second = await join(client, start), await join(client, start, name="Second")
    await cancel(client, booked)
    offer = (await entry(client, first))["offer"]
    left = [(await client.post(f"{API}/waiting/{first['token']}/leaving")).json() for _ in "ab"]
    assert [each["status"] for each in left] == ["left", "left"]
    assert (await client.post(f"{API}/offers/{offer['token']}/taking")).status_code == 410
    assert (await entry(client, second))["status"] == "offered"
    assert (await facts(tools))[-2:] == ["WaitingListLeft", "SeatOffered"]
    await assert_line_consistent(tools)


async def test_a_moved_appointment_frees_its_old_time_for_those_who_wait(
    client: Client, tools: Tools, start: datetime
) -> None:
    booked = await book(client, start)
    await sell_out(tools, start)
    joined = await join(client, start)
    body = {"station": "mitte", "starts_at": start.isoformat()}
    assert (await client.post(f"{API}/appointments/{booked['token']}/rescheduling", json=body)).status_code == 200
    assert (await entry(client, joined))["status"] == "offered"


@pytest.mark.due_work
async def test_a_hold_that_ends_passes_its_time_on(client: Client, tools: Tools, start: datetime) -> None:
    held = {"station": "walsum", "services": ["meldebescheinigung"], "starts_at": start.isoformat()}
    assert (await client.post(f"{API}/holds", json=held)).status_code == 201
    await sell_out(tools, start)
    joined = await join(client, start)
    pass_time(tools, timedelta(minutes=10))

    async def offered() -> bool:
        return bool((await entry(client, joined))["status"] == "offered")

    await eventually(offered)
    assert await free_starts(client, start) == []
    await assert_line_consistent(tools)


async def test_together_or_not_at_all(client: Client, tools: Tools, start: datetime) -> None:
    """Two children need four seats one after the other: one freed seat goes to the next who needs but one."""
    for counter in ("walsum-2", "walsum-3"):
        await sell_out(tools, start, counter=counter)
    booked = [await book(client, start + timedelta(minutes=10 * n)) for n in range(5)]
    await sell_out(tools, start)
    family = await join(client, start, services=["kinder-reisepass"] * 2)
    alone = await join(client, start, name="Alone")
    await cancel(client, booked[0])
    assert [(await entry(client, each))["status"] for each in (family, alone)] == ["waiting", "offered"]
    for each in booked[1:4]:
        await cancel(client, each)
    assert (await entry(client, family))["status"] == "waiting"
    assert len(await free_starts(client, start)) == 3
    await cancel(client, booked[4])
    offer = (await entry(client, family))["offer"]
    assert datetime.fromisoformat(offer["starts_at"]) == start + timedelta(minutes=10)
    assert await free_starts(client, start) == [], "the freed seat and the free ones before it are kept together"
    await assert_line_consistent(tools)


async def test_what_is_left_of_freed_seats_goes_to_the_next(client: Client, tools: Tools, start: datetime) -> None:
    booked = await book(client, start, services=("familienanmeldung",))
    await sell_out(tools, start)
    waiting = [await join(client, start, name=f"N{n}") for n in range(3)]
    await cancel(client, booked)
    offers = [(await entry(client, each))["offer"]["starts_at"] for each in waiting]
    assert [datetime.fromisoformat(each) for each in offers] == [start + timedelta(minutes=10 * n) for n in range(3)]
    assert len(await free_starts(client, start)) == 1
    await assert_line_consistent(tools)


async def test_only_what_suits_is_offered(client: Client, tools: Tools, start: datetime) -> None:
    booked = await book(client, start)
    days = [start + timedelta(days=offset) for offset in range(8)]
    await sell_out(tools, *days)
    other_day = await join(client, start + timedelta(days=1), last_day=days[-1].date().isoformat())
    weekdays = [(start.weekday() + 1) % 5]
    other_weekday = await join(client, start, "Second", last_day=days[-1].date().isoformat(), weekdays=weekdays)
    await cancel(client, booked)
    assert [(await entry(client, each))["status"] for each in (other_day, other_weekday)] == ["waiting", "waiting"]
    assert len(await free_starts(client, start)) == 1


async def test_only_those_before_who_could_be_offered_the_same_count(
    client: Client, tools: Tools, start: datetime
) -> None:
    days = [start + timedelta(days=offset) for offset in range(8)]
    await sell_out(tools, *days)
    last_day, weekday = days[-2].date().isoformat(), start.weekday()
    waits: list[tuple[datetime, dict[str, Any]]] = [
        (start, {"last_day": last_day, "weekdays": [weekday]}),
        (start, {"last_day": last_day, "weekdays": [(weekday + 1) % 7]}),
        (start, {"last_day": last_day}),
        (days[1], {"last_day": last_day, "weekdays": [weekday, (weekday + 1) % 7]}),
    ]
    positions = [(await join(client, day, f"N{n}", **changes))["position"] for n, (day, changes) in enumerate(waits)]
    assert positions == [1, 1, 3, 3], "the last one has no day in common with the first, though a day of the week"


async def test_who_need_not_wait_is_told_what_is_free(client: Client, tools: Tools, start: datetime) -> None:
    answer = await client.post(f"{API}/waiting", json=wait(start))
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:nahbar:problem:free-now"
    assert len(answer.json()["free"]) == 5
    assert await facts(tools) == []


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"services": ["nothing"]}, "unknown-choice"),
        ({"stations": ["nowhere"]}, "unknown-choice"),
        ({"services": ["kinder-reisepass"] * 9}, "too-many"),
        ({"first_day": "2030-01-02", "last_day": "2030-01-01"}, "no-such-day"),
        ({"last_day": "2040-01-01"}, "no-such-day"),
        ({"weekdays": []}, "invalid-input"),
        ({"person": {"mail": "nobody"}}, "invalid-input"),
    ],
)
async def test_what_nobody_can_wait_for_is_refused(
    client: Client, tools: Tools, start: datetime, changes: dict[str, Any], slug: str
) -> None:
    answer = await client.post(f"{API}/waiting", json=wait(start, **changes))
    assert (answer.status_code, answer.json()["type"]) == (422, f"urn:nahbar:problem:{slug}")


async def test_a_request_sent_again_joins_once(client: Client, tools: Tools, start: datetime) -> None:
    await sell_out(tools, start)
    headers = {"Idempotency-Key": "the-same-wish"}
    answers = [await client.post(f"{API}/waiting", json=wait(start), headers=headers) for _ in "ab"]
    assert answers[0].status_code == 201
    assert answers[0].json() == answers[1].json()
    assert await facts(tools) == ["WaitingListJoined"]


async def test_facts_carry_the_contact_sealed_with_the_link_that_helps(
    client: Client, tools: Tools, start: datetime
) -> None:
    booked = await book(client, start)
    await sell_out(tools, start)
    joined = await join(client, start, person={"language": "en"})
    await cancel(client, booked)
    offer = (await entry(client, joined))["offer"]
    await client.post(f"{API}/waiting/{joined['token']}/leaving")
    rows = [row for row in await outbox(tools) if not row.type.rpartition(".")[2].startswith("Appointment")]
    kinds: list[type[WaitingFact]] = [WaitingListJoined, SeatOffered, WaitingListLeft]
    for row, kind in zip(rows, kinds, strict=True):
        assert b"willi" not in row.body.lower()
        assert kind.model_validate_json(row.body).entry.contact
    assert joined["waiting_url"].endswith(f"/en/appointments/waiting/{joined['token']}")
    offered = SeatOffered.model_validate_json(rows[1].body).entry.offer
    assert offered
    assert (offered.starts_at, offered.until) == (start, datetime.fromisoformat(offer["until"]))


@pytest.mark.due_work
async def test_a_day_that_opens_goes_to_those_who_wait_in_their_turn(client: Client, tools: Tools) -> None:
    """Eleven wait, one more than is looked at in one transaction, for the day after the last that can be booked."""
    today = tools.clock.now().astimezone(BERLIN).replace(hour=9, minute=0)
    opens_in = next(days for days in range(29, 40) if is_working_day((today + timedelta(days=days)).date()))
    day = today + timedelta(days=opens_in)
    waiting = [await join(client, day, name=f"N{n}") for n in range(11)]
    midnight = (today + timedelta(days=opens_in - 28)).replace(hour=0)
    pass_time(tools, midnight + timedelta(seconds=1) - tools.clock.now())

    async def all_offered() -> bool:
        found = [await entry(client, each) for each in waiting]
        return all(each["status"] == "offered" for each in found)

    await eventually(all_offered)
    starts = [datetime.fromisoformat((await entry(client, each))["offer"]["starts_at"]) for each in waiting]
    assert starts == sorted(starts), "who joined first comes first"
    assert starts[0].astimezone(BERLIN).date() == day.date()
    await assert_line_consistent(tools)


@pytest.mark.due_work
async def test_the_last_day_ends_the_wait_and_the_person_is_forgotten_two_weeks_later(
    client: Client, tools: Tools, start: datetime
) -> None:
    await sell_out(tools, start)
    joined = await join(client, start)
    pass_time(tools, start.replace(hour=0) + timedelta(days=1, seconds=1) - tools.clock.now())

    async def over() -> bool:
        return bool((await entry(client, joined))["status"] == "over")

    await eventually(over)
    assert (await facts(tools))[-1] == "WaitingListLeft"
    pass_time(tools, retention.PERSON_AFTER_MATTER + timedelta(hours=2))

    async def forgotten() -> bool:
        async with tools.db.transaction() as conn:
            people = (await conn.execute(text("select count(*) from people"))).scalar_one()
            sealed = (await conn.execute(text("select state ->> 'contact' from waiting_entries"))).scalar_one()
        return people == 0 and sealed is None

    await eventually(forgotten)
