"""The desk over HTTP: what staff may do, for which stations, and that twice is once."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.events.appointments import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AppointmentRescheduled,
)
from shared.events.personal import Contact
from shared.sealing import Sealer
from shared.settings import development_private_key
from shared.tools import Tools
from tests.appointments.checks import assert_consistent
from tests.appointments.desk import ALL, DESK, LEAD, MITTE, OTHERS, deeds, do, know_staff, not_reached
from tests.appointments.kit import API, Client, at, booking, outbox, pass_time, wish
from tests.appointments.stops import a_stop

NOBODY = {"name": "Erna Alt", "channels": []}


@pytest.fixture(autouse=True)
def staff(tools: Tools) -> None:
    know_staff(tools)


async def booked(client: Client, tools: Tools, hour: int = 9, **changes: Any) -> str:
    """The number of a new appointment."""
    answer = await client.post(f"{API}/appointments", json=booking(at(tools, hour), **changes))
    assert answer.status_code == 201
    return str(answer.json()["number"])


async def status_and_line(client: Client, number: str) -> tuple[str, list[str]]:
    """How an appointment stands, and who waits at Mitte."""
    found = (await client.get(f"{DESK}/appointments/{number}", headers=MITTE)).json()
    queue = (await client.get(f"{DESK}/stations/mitte/queue", headers=MITTE)).json()
    return found["status"], [each["number"] for each in queue["line"]]


def until(tools: Tools, moment: datetime) -> None:
    """Let time pass to a moment."""
    pass_time(tools, moment - tools.clock.now())


async def test_the_day_has_everybody_in_the_order_of_time(client: Client, tools: Tools) -> None:
    late, early = await booked(client, tools, 11), await booked(client, tools, 9)
    await booked(client, tools, 9, station="homberg")
    query = {"station": "mitte", "day": str(at(tools, 9).date())}
    answer = await client.get(f"{DESK}/appointments", params=query, headers=MITTE)
    assert [(each["number"], each["name"], each["status"]) for each in answer.json()] == [
        (early, "Anna Muster", "confirmed"),
        (late, "Anna Muster", "confirmed"),
    ]
    query["day"] = str(at(tools, 9).date() + timedelta(days=1))
    assert (await client.get(f"{DESK}/appointments", params=query, headers=MITTE)).json() == []


async def test_who_is_here_is_noted_once_and_can_be_corrected(client: Client, tools: Tools) -> None:
    number = await booked(client, tools)
    assert (await do(client, number, "arrival")).status_code == 409
    until(tools, at(tools, 8, 45))
    for _ in range(2):
        for _ in range(2):
            answer = await do(client, number, "arrival")
            assert (answer.status_code, answer.json()["number"]) == (200, number)
        assert await status_and_line(client, number) == ("arrived", [number])
        for _ in range(2):
            answer = await do(client, number, "arrival/correction")
            assert (answer.status_code, answer.json()["status"]) == (200, "confirmed")
        assert await status_and_line(client, number) == ("confirmed", [])
    assert {action for _, action in await deeds(tools)} == {"ticket_arrived", "arrival-taken-back"}
    assert [row.type.rsplit(".")[-1] for row in await outbox(tools)] == ["AppointmentBooked", "TicketIssued"]


async def test_who_has_arrived_can_still_cancel_by_link_before_the_start_and_is_not_called(
    client: Client, tools: Tools
) -> None:
    answer = await client.post(f"{API}/appointments", json=booking(at(tools, 9)))
    until(tools, at(tools, 8, 45))
    number, token = answer.json()["number"], answer.json()["token"]
    await do(client, number, "arrival")
    assert (await client.get(f"{API}/appointments/{token}")).json()["status"] == "arrived"
    assert (await client.post(f"{API}/appointments/{token}/cancellation")).status_code == 200
    assert await status_and_line(client, number) == ("cancelled", [])


async def test_who_is_missed_is_published_once_and_stays_missed(client: Client, tools: Tools) -> None:
    number, start = await booked(client, tools), at(tools, 9)
    until(tools, start - timedelta(seconds=30))
    assert (await do(client, number, "missed")).status_code == 409
    until(tools, start)
    answers = await asyncio.gather(*[do(client, number, "missed") for _ in range(4)])
    assert {(answer.status_code, answer.json()["status"]) for answer in answers} == {(200, "missed")}
    first, second = await outbox(tools)
    fact = AppointmentMissed.model_validate_json(second.body)
    assert (fact.id, fact.version, fact.appointment.status) == (first.aggregate, 2, "missed")
    assert await deeds(tools) == [("schalter-mitte", "missed")]
    assert (await do(client, number, "arrival")).status_code == 409
    assert (await do(client, number, "cancellation", reason="illness")).status_code == 409
    await assert_consistent(tools)


async def test_staff_cancel_for_a_reason_in_the_citys_words(client: Client, tools: Tools) -> None:
    number = await booked(client, tools)
    for _ in range(2):
        answer = await do(client, number, "cancellation", reason="illness")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    _, row = await outbox(tools)
    fact = AppointmentCancelled.model_validate_json(row.body)
    assert (fact.by, fact.reason) == ("staff", "Bei uns sind Beschäftigte krank.")
    assert await deeds(tools) == [("schalter-mitte", "cancelled")]
    assert (await do(client, number, "cancellation", reason="a whim")).status_code == 422


async def test_staff_move_to_another_time_of_a_stop(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools)
    start = stop.state.arrives_at
    answer = await client.post(f"{API}/appointments", json=booking(start, station=stop.key))
    later = {"station": stop.key, "starts_at": (start + timedelta(minutes=30)).isoformat(), "reason": "asked"}
    assert (await do(client, answer.json()["number"], "rescheduling", ALL, **later)).status_code == 200


async def test_what_the_citizen_asked_for_is_their_decision(client: Client, tools: Tools) -> None:
    number = await booked(client, tools)
    assert (await do(client, number, "cancellation", reason="asked")).status_code == 200
    fact = AppointmentCancelled.model_validate_json((await outbox(tools))[1].body)
    assert (fact.by, fact.reason) == ("citizen", None)


async def test_staff_move_for_a_reason_and_number_and_link_stay(client: Client, tools: Tools) -> None:
    number, new = await booked(client, tools), at(tools, 10)
    body = {"station": "homberg", "starts_at": new.isoformat(), "reason": "closed"}
    for _ in range(2):
        answer = await do(client, number, "rescheduling", ALL, **body)
        assert (answer.status_code, answer.json()["number"]) == (200, number)
    _, row = await outbox(tools)
    fact = AppointmentRescheduled.model_validate_json(row.body)
    assert (fact.by, fact.reason, fact.appointment.place.key) == ("staff", "Die Station muss schließen.", "homberg")
    assert await deeds(tools) == [("schalter", "moved")]
    await assert_consistent(tools)


async def test_a_booking_without_any_channel_takes_no_address_along(client: Client, tools: Tools) -> None:
    body = {"time": wish(at(tools, 9)), "person": NOBODY | {"phone": "0203 94000"}}
    headers = MITTE | {"Idempotency-Key": "a-random-value"}
    answers = [await client.post(f"{DESK}/appointments", json=body, headers=headers) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {201}
    assert answers[0].json() == answers[1].json()
    [row] = await outbox(tools)
    fact = AppointmentBooked.model_validate_json(row.body)
    assert fact.appointment.channels == []
    assert fact.appointment.contact
    contact = Sealer([development_private_key("notifications")], {}).open(fact.appointment.contact, fact.id, Contact)
    assert (contact.name, contact.mail, contact.phone) == ("Erna Alt", None, None)
    assert await deeds(tools) == [("schalter-mitte", "booked")]
    query = {"station": "mitte", "day": str(at(tools, 9).date())}
    [expected] = (await client.get(f"{DESK}/appointments", params=query, headers=MITTE)).json()
    assert expected["phone"] == "+4920394000"
    citizens = await client.post(f"{API}/appointments", json=body)
    assert citizens.status_code == 422


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("arrival", {}),
        ("arrival/correction", {}),
        ("missed", {}),
        ("cancellation", {"reason": "illness"}),
        ("rescheduling", {"reason": "illness", "station": "homberg", "starts_at": "2026-12-01T10:00:00+01:00"}),
    ],
)
async def test_staff_of_another_station_or_task_are_refused(
    client: Client, tools: Tools, what: str, body: dict[str, str]
) -> None:
    number = await booked(client, tools, station="homberg")
    assert (await do(client, number, what, MITTE, **body)).status_code == 403
    assert (await do(client, number, what, OTHERS, **body)).status_code == 403
    assert (await do(client, number, what, {}, **body)).status_code == 401
    assert (await do(client, "0000-0000", what, MITTE, **body)).status_code == 403
    assert (await do(client, "0000-0000", what, ALL, **body)).status_code == 404
    assert await deeds(tools) == []
    assert len(await outbox(tools)) == 1


async def test_another_stations_list_appointments_and_times_are_not_for_everybody(client: Client, tools: Tools) -> None:
    number = await booked(client, tools, station="homberg")
    day = {"station": "homberg", "day": "2026-12-01"}
    assert (await client.get(f"{DESK}/appointments", params=day, headers=MITTE)).status_code == 403
    assert (await client.get(f"{DESK}/appointments/{number}", headers=MITTE)).status_code == 403
    assert (await client.get(f"{DESK}/appointments/{number}", headers=ALL)).json()["number"] == number
    body = {"time": wish(at(tools, 10), station="homberg"), "person": NOBODY}
    assert (await client.post(f"{DESK}/appointments", json=body, headers=MITTE)).status_code == 403


async def unreached(client: Client, who: dict[str, str]) -> list[str]:
    return [each["number"] for each in (await client.get(f"{DESK}/unreached", headers=who)).json()]


async def test_who_was_called_leaves_the_list_of_their_station(client: Client, tools: Tools) -> None:
    mitte, homberg = await booked(client, tools), await booked(client, tools, station="homberg")
    notice, other = await not_reached(tools, mitte), await not_reached(tools, homberg)
    assert await unreached(client, MITTE) == [mitte]
    assert await unreached(client, ALL) == [mitte, homberg]
    calls = await asyncio.gather(
        *[client.post(f"{DESK}/unreached/{notice}/call", headers=who) for who in (MITTE, ALL, MITTE)]
    )
    assert {answer.status_code for answer in calls} == {204}
    assert await unreached(client, ALL) == [homberg]
    assert len(await deeds(tools)) == 1
    assert (await client.post(f"{DESK}/unreached/{other}/call", headers=MITTE)).status_code == 403
    assert (await client.post(f"{DESK}/unreached/{uuid4()}/call", headers=MITTE)).status_code == 403
    assert (await client.post(f"{DESK}/unreached/{uuid4()}/call", headers=ALL)).status_code == 404


async def test_who_wanted_no_messages_is_called_only_when_something_changes(client: Client, tools: Tools) -> None:
    body = {"time": wish(at(tools, 9)), "person": NOBODY}
    number = (await client.post(f"{DESK}/appointments", json=body, headers=MITTE)).json()["number"]
    await not_reached(tools, number, "confirmation")
    assert await unreached(client, MITTE) == []
    await not_reached(tools, number, "cancellation")
    assert await unreached(client, MITTE) == [number]


async def test_leads_read_the_audit_log_and_it_names_no_citizen(client: Client, tools: Tools) -> None:
    number = await booked(client, tools)
    await do(client, number, "cancellation", reason="closed")
    assert (await client.get(f"{DESK}/audit", headers=MITTE)).status_code == 403
    answer = await client.get(f"{DESK}/audit", headers=LEAD)
    [deed] = answer.json()
    assert (deed["who"], deed["action"], deed["station"]) == ("schalter-mitte", "cancelled", "mitte")
    assert deed["details"] == {"number": number, "reason": "closed"}
    assert UUID(deed["matter"])
    assert "Muster" not in answer.text


async def test_an_act_that_is_refused_leaves_no_trace(client: Client, tools: Tools) -> None:
    number = await booked(client, tools)
    taken = at(tools, 10)
    body = {"station": "homberg", "starts_at": (taken + timedelta(days=400)).isoformat(), "reason": "closed"}
    assert (await do(client, number, "rescheduling", ALL, **body)).status_code == 409
    assert await deeds(tools) == []
