"""Stops cancelled while people book, move and cancel over HTTP: nobody keeps a seat there, all are told once."""

import asyncio
from datetime import timedelta
from functools import partial

from sqlalchemy import text

from services.appointments.stops.queries import lock_version
from shared.act import acting
from shared.tools import Tools
from tests.appointments.checks import assert_consistent
from tests.appointments.closing import appointment, book, facts_of
from tests.appointments.kit import API, Client, at, booking
from tests.appointments.locks import waiting
from tests.appointments.stops import TAKEN, a_stop, consistent, leave_free
from tests.support.wait import answered


async def test_whoever_books_while_it_is_cancelled_is_offered_another_time(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools, hours=3)
    arrival = stop.state.arrives_at
    wishes = [booking(arrival + timedelta(minutes=10 * (n % 18)), f"Person {n}", station=stop.key) for n in range(32)]
    bookings = [answered(partial(client.post, f"{API}/appointments", json=each)) for each in wishes]
    answers = [each for each in await asyncio.gather(*bookings[:16], stop.cancel(), *bookings[16:]) if each]
    assert {each.status_code for each in answers} <= {201, 409, 422}
    booked = [each.json() for each in answers if each.status_code == 201]
    assert booked, "some were faster"
    for each in booked:
        found, (_, *told) = await appointment(client, each), await facts_of(tools, each)
        assert (found["status"], found["kind"]) == ("offered", "counter")
        assert [(fact["type"], fact["cause"]) for fact in told] == [("AlternativeOffered", stop.told[-1].event_id)]
    async with tools.db.transaction() as conn:
        seats = await conn.execute(text("select 1 from seats where counter like :at"), {"at": f"{stop.key}-%"})
        assert seats.all() == []
    await assert_consistent(tools)


async def test_moves_and_cancellations_in_flight_count_and_nobody_waits_for_ever(client: Client, tools: Tools) -> None:
    stop, start = await a_stop(tools, hours=3), at(tools, 9)
    there = [await book(client, start + timedelta(minutes=10 * n), f"Da {n}", station=stop.key) for n in range(8)]
    coming = [await book(client, start + timedelta(minutes=10 * n), f"Kommt {n}") for n in range(4)]
    new = {"station": stop.key, "starts_at": (start + timedelta(hours=2)).isoformat()}
    away = {"station": "mitte", "starts_at": (start + timedelta(hours=3)).isoformat()}
    calls = [
        *[("cancellation", each, None) for each in there[:3]],
        *[("rescheduling", each, away) for each in there[3:6]],
        *[("rescheduling", each, new) for each in coming],
    ]
    sent = [
        answered(partial(client.post, f"{API}/appointments/{each['token']}/{what}", json=body))
        for what, each, body in calls
    ]
    answers = await asyncio.gather(*sent[::2], stop.cancel(), *sent[1::2])
    assert {each.status_code for each in answers if each} <= {200, 409, 410, 422}
    for each in (*there, *coming):
        found = await appointment(client, each)
        assert found["station"] != stop.key or found["status"] == "cancelled", found
        causes = [fact["cause"] for fact in await facts_of(tools, each)]
        assert causes.count(stop.told[-1].event_id) <= 1
    await assert_consistent(tools)


async def test_a_time_somebody_books_while_it_is_looked_for_is_not_offered(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools)
    arrival = stop.state.arrives_at
    booked = await book(client, arrival, station=stop.key)
    await leave_free(tools, arrival, ("rheinhausen-1", 30), ("mitte-1", 0))
    faster = text("insert into seats (counter, starts_at, appointment) values ('rheinhausen-1', :start, :owner)")
    async with tools.db.transaction() as conn:
        await conn.execute(faster, {"start": arrival + timedelta(minutes=30), "owner": TAKEN})
        cancelling = await waiting(tools, stop.cancel())
    await cancelling
    found = await appointment(client, booked)
    assert (found["station"], found["status"]) == ("mitte", "offered")
    await consistent(tools)


async def test_a_change_of_one_stop_locks_all_that_are_to_come(tools: Tools) -> None:
    stops = [await a_stop(tools, hour=hour) for hour in (9, 12, 15)]
    for stop in stops:
        async with acting(tools) as act, tools.db.transaction() as other:
            assert await lock_version(act, stop.key) == stop.version
            free = await other.execute(text("select station from stops for update skip locked"))
            assert free.all() == []
