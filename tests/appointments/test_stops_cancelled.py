"""Stops that are cancelled: everybody who booked is offered another time, or waits; told once, whatever comes first."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.appointments.displaced.usecases import entry_instead_of
from shared.events.mobile_office import MobilStopCancelled
from shared.tools import Tools
from tests.appointments.closing import appointment, book, counter_of, facts_of
from tests.appointments.kit import API, Client, at, booking, outbox, wish
from tests.appointments.statements import note_statements
from tests.appointments.stops import Stop, a_stop, consistent, leave_free, tell
from tests.appointments.waiting import entry, join


@pytest.fixture
def arrival(tools: Tools) -> datetime:
    return at(tools, 9)


async def act(client: Client, booked: dict[str, Any], what: str, body: Any = None) -> dict[str, Any]:
    answer = await client.post(f"{API}/appointments/{booked['token']}/{what}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def seats_at(tools: Tools, stop: Stop) -> int:
    """How many seats somebody has at a stop."""
    async with tools.db.transaction() as conn:
        found = await conn.execute(text("select count(*) from seats where counter like :at"), {"at": f"{stop.key}-%"})
        return int(found.scalar_one())


async def entry_of(tools: Tools, id: UUID) -> Any:
    """An entry in the waiting list as it stands."""
    async with tools.db.transaction() as conn:
        return (await conn.execute(text("select * from waiting_entries where id = :id"), {"id": id})).one_or_none()


async def test_one_time_is_kept_for_each_the_longest_booked_first(
    client: Client, tools: Tools, arrival: datetime
) -> None:
    stop = await a_stop(tools)
    booked = [await book(client, arrival, f"Person {n}", station=stop.key) for n in range(2)]
    await leave_free(tools, arrival, ("rheinhausen-1", 30), ("mitte-1", 0))
    await stop.cancel()
    first, second = [await appointment(client, each) for each in booked]
    assert (first["station"], first["status"], first["kind"]) == ("rheinhausen", "offered", "counter")
    assert (second["station"], second["status"]) == ("mitte", "offered")
    assert first["instead_of"] | {"until": ""} == {
        "station": stop.key, "starts_at": booked[0]["starts_at"], "reason": "Motorschaden", "until": "",
    }  # fmt: skip
    for each in booked:
        [_, fact] = await facts_of(tools, each)
        assert (fact["type"], fact["known_reason"]) == ("AlternativeOffered", "breakdown")
        assert (fact["cause"], fact["about"]) == (stop.told[-1].event_id, {"id": stop.key, "version": 2})
        assert (fact["before"]["kind"], fact["before"]["place"]["key"]) == ("stop", stop.key)
    assert await seats_at(tools, stop) == 0
    taken = await act(client, booked[0], "acceptance")
    assert (taken["station"], taken["status"]) == ("rheinhausen", "confirmed")
    assert (await act(client, booked[1], "cancellation"))["status"] == "cancelled", "declined"
    await consistent(tools)


async def test_nobody_can_book_there_any_more_and_what_was_held_ends(
    client: Client, tools: Tools, arrival: datetime
) -> None:
    stop = await a_stop(tools)
    held = (await client.post(f"{API}/holds", json=wish(arrival, station=stop.key))).json()
    await stop.cancel()
    body = {"hold": held["token"], "person": booking(arrival)["person"]}
    assert (await client.post(f"{API}/appointments", json=body)).json()["type"] == "urn:nahbar:problem:hold-over"
    late = await client.post(f"{API}/appointments", json=booking(arrival, station=stop.key))
    assert late.status_code in (409, 422)
    assert await seats_at(tools, stop) == 0


async def test_what_is_offered_there_to_who_waits_is_withdrawn(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools, hours=1 / 6, counters=1)
    arrival = stop.state.arrives_at
    booked = await book(client, arrival, station=stop.key)
    joined = await join(client, arrival, stations=[stop.key])
    await act(client, booked, "cancellation")
    assert (await entry(client, joined))["status"] == "offered"
    await stop.cancel()
    assert (await entry(client, joined))["status"] == "waiting"
    ended = (await outbox(tools))[-1]
    assert (ended.type.rpartition(".")[2], ended.cause) == ("SeatOfferEnded", stop.told[-1].event_id)
    assert json.loads(ended.body)["outcome"] == "withdrawn"
    assert await seats_at(tools, stop) == 0


async def test_the_language_and_consecutive_seats_are_kept(client: Client, tools: Tools, arrival: datetime) -> None:
    stop = await a_stop(tools)
    family = ("familienanmeldung",)
    booked = await book(client, arrival, station=stop.key, services=family, person={"interpreter": "tr"})
    seats = [(counter, 10 * n) for counter in ("mitte-1", "mitte-3") for n in range(6)]
    await leave_free(tools, arrival, *seats[1:])
    await stop.cancel()
    found = await appointment(client, booked)
    assert (found["interpreter"], await counter_of(tools, booked)) == ("tr", "mitte-3")
    assert datetime.fromisoformat(found["starts_at"]) == arrival
    await consistent(tools)


async def test_with_nothing_free_people_wait_and_hear_it_in_one_message(
    client: Client, tools: Tools, arrival: datetime
) -> None:
    stop = await a_stop(tools)
    booked = [await book(client, arrival, f"Person {n}", station=stop.key) for n in range(2)]
    silent = await book(client, arrival + timedelta(minutes=10), "Ohne Kanal", station=stop.key)
    await leave_free(tools, arrival)
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("update appointments set channels = '{}' where number = :number"), {"number": silent["number"]}
        )
    await stop.cancel()
    turns = []
    for each in booked:
        [_, fact] = await facts_of(tools, each)
        assert (fact["type"], fact["by"], fact["cause"]) == ("AppointmentCancelled", "city", stop.told[-1].event_id)
        id = UUID(fact["id"])
        assert fact["waiting"] == str(entry_instead_of(id))
        [joined] = [row for row in await outbox(tools) if row.aggregate == entry_instead_of(id)]
        assert (joined.type.rpartition(".")[2], joined.cause) == ("WaitingListJoined", stop.told[-1].event_id)
        assert json.loads(joined.body)["instead_of"] == fact["id"]
        waits = await entry_of(tools, entry_instead_of(id))
        assert (waits.services, waits.weekdays) == (["meldebescheinigung"], list(range(7)))
        assert {"mitte", "rheinhausen", "homberg"} <= set(waits.stations)
        turns.append(waits.turn)
    assert turns == sorted(turns)
    [_, ended] = await facts_of(tools, silent)
    assert (ended["type"], ended["waiting"]) == ("AppointmentCancelled", None), "they could not be told"
    async with tools.db.transaction() as conn:
        works = (await conn.execute(text("select kind from due_work order by kind"))).scalars().all()
    assert works.count("waiting-last-day") == 2
    assert "waiting-look-again" in works


async def test_an_alternative_at_a_stop_that_is_cancelled_too_is_offered_again(
    client: Client, tools: Tools, arrival: datetime
) -> None:
    stop, other = await a_stop(tools), await a_stop(tools)
    booked = await book(client, arrival, station=stop.key)
    await leave_free(tools, arrival, ("mitte-1", 0))
    await stop.cancel()
    found = await appointment(client, booked)
    assert (found["station"], found["kind"], found["status"]) == (other.key, "stop", "offered")
    await other.cancel()
    found = await appointment(client, booked)
    assert (found["station"], found["kind"], found["instead_of"]["station"]) == ("mitte", "counter", stop.key)
    [_, first, second] = await facts_of(tools, booked)
    assert [each["cause"] for each in (first, second)] == [stop.told[-1].event_id, other.told[-1].event_id]
    assert second["before"]["place"]["key"] == stop.key
    assert await seats_at(tools, other) == 0
    await consistent(tools)


async def test_who_has_no_place_at_a_stop_that_changes_is_offered_another(
    client: Client, tools: Tools, arrival: datetime
) -> None:
    stop = await a_stop(tools)
    early, late = [await book(client, arrival + timedelta(minutes=n), station=stop.key) for n in (0, 10)]
    await stop.reschedule(services=["familienanmeldung"], reason="Drucker kaputt")
    for each in (early, late):
        found = await appointment(client, each)
        assert (found["status"], found["station"], found["instead_of"]["reason"]) == (
            "offered",
            "rheinhausen",
            "Drucker kaputt",
        )
    await consistent(tools)


async def test_in_whatever_order_and_however_often_it_is_told_once(
    client: Client, tools: Tools, arrival: datetime
) -> None:
    later = arrival + timedelta(hours=3)
    for number, order in enumerate(((1,), (0, 1), (1, 0), (1, 1, 0))):
        stop = await a_stop(tools)
        booked = await book(client, arrival, f"Person {number}", station=stop.key)
        absent = Stop(tools, stop.state, stop.id, version=1, silent=True)
        await absent.reschedule(arrives_at=later, departs_at=later + timedelta(hours=1))
        await absent.cancel()
        await tell(tools, [absent.told[each] for each in order])
        said = [(each["type"], each["cause"]) for each in (await facts_of(tools, booked))[1:]]
        moved = [("AppointmentRescheduled", absent.told[0].event_id)] if order[0] == 0 else []
        assert said == [*moved, ("AlternativeOffered", absent.told[1].event_id)], order
        assert await seats_at(tools, stop) == 0, order
        again = await client.post(f"{API}/appointments", json=booking(later, station=stop.key))
        assert again.status_code in (409, 422), order
    await consistent(tools)


async def test_many_take_hardly_more_statements_than_few(
    client: Client, tools: Tools, arrival: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    taken = []
    note_statements(monkeypatch, statements.append)
    for people in (2, 12):
        stop = await a_stop(tools)
        for number in range(people):
            start = arrival + number // 2 * timedelta(minutes=10)
            await book(client, start, f"Person {number}", station=stop.key)
        statements.clear()
        await stop.cancel()
        assert isinstance(stop.told[-1].fact, MobilStopCancelled)
        taken.append(len(statements))
    assert taken[1] - taken[0] < 5, "ten more people; workers have statements of their own"
    await consistent(tools)
