"""Seats at a stop are taken before it changes or after, and never while it does."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.appointments.booking.changes import cancel
from services.appointments.booking.domain import NotOffered, TimeTaken
from services.appointments.booking.holds import hold
from services.appointments.booking.wishes import Wish
from services.appointments.consumers import REACTIONS
from services.appointments.stops.queries import lock_version
from shared.act import Act, acting
from shared.events.appointments import DecidedBy
from shared.origins import Origin
from shared.tools import Tools
from tests.appointments.checks import assert_consistent
from tests.appointments.closing import appointment, book, counter_of, facts_of
from tests.appointments.kit import API, Client, booking, wish
from tests.appointments.locks import take_line, waiting
from tests.appointments.stops import Stop, a_stop, tell
from tests.appointments.visitor import Visitor
from tests.appointments.waiting import entry, join

Deed = Callable[[], Awaitable[Any]]


async def a_confirmation(client: Client, tools: Tools, stop: Stop) -> Deed:
    """Of a hold there."""
    held = (await client.post(f"{API}/holds", json=wish(stop.state.arrives_at, station=stop.key))).json()
    body = {"hold": held["token"], "person": booking(stop.state.arrives_at)["person"]}
    return lambda: client.post(f"{API}/appointments", json=body)


async def another_time(client: Client, tools: Tools, stop: Stop) -> Deed:
    """Held there, instead of one elsewhere."""
    id, now = uuid4(), tools.clock.now()

    async def keep(station: str) -> None:
        async with tools.db.transaction() as conn:
            wish = Wish(station, ("meldebescheinigung",), stop.state.arrives_at)
            await hold(Act(conn, tools, now, origin=Origin(None, 100, 100)), id, wish)

    async def keep_there() -> None:
        with pytest.raises((NotOffered, TimeTaken)):
            await keep(stop.key)

    await keep("mitte")
    return keep_there


async def a_move(client: Client, tools: Tools, stop: Stop) -> Deed:
    """Of an appointment elsewhere."""
    booked = await book(client, stop.state.arrives_at)
    body = {"station": stop.key, "starts_at": stop.state.arrives_at.isoformat()}
    return lambda: client.post(f"{API}/appointments/{booked['token']}/rescheduling", json=body)


async def a_taking(client: Client, tools: Tools, stop: Stop) -> Deed:
    """Of a time there that is offered to somebody who waits."""
    arrival = stop.state.arrives_at
    booked = await book(client, arrival, station=stop.key)
    joined = await join(client, arrival, stations=[stop.key])
    await client.post(f"{API}/appointments/{booked['token']}/cancellation")
    offer = (await entry(client, joined))["offer"]
    return lambda: client.post(f"{API}/offers/{offer['token']}/taking")


async def a_booking(client: Client, tools: Tools, stop: Stop) -> Deed:
    """Without a hold."""
    return lambda: client.post(f"{API}/appointments", json=booking(stop.state.arrives_at, station=stop.key))


async def a_language(client: Client, tools: Tools, stop: Stop) -> Deed:
    """Spoken at another counter than that of a hold there."""
    async with tools.db.transaction() as conn:
        held = (await client.post(f"{API}/holds", json=wish(stop.state.arrives_at, station=stop.key))).json()
        spoken = text("""
            update counters set languages = '{ar}' where station = :station
            and key not in (select counter from appointments where station = :station)
        """)
        await conn.execute(spoken, {"station": stop.key})
    return lambda: Visitor(client).fill_in(f"/appointments/book/{held['token']}", interpreter="ar")


@pytest.mark.parametrize("prepare", [a_confirmation, another_time, a_move, a_taking, a_booking, a_language])
async def test_taking_seats_waits_for_the_change_of_a_stop_and_does_not_hold_it_up(
    client: Client, tools: Tools, prepare: Callable[[Client, Tools, Stop], Awaitable[Deed]]
) -> None:
    counters = 2 if prepare is a_language else 1
    stop = await a_stop(tools, hours=1 / 6, counters=counters)
    press = await prepare(client, tools, stop)
    stop.silent = True
    await stop.cancel()
    async with acting(tools) as act:
        await lock_version(act, stop.key)
        task = await waiting(tools, press())
        async with act.attempt() as looking:
            await take_line(act.conn)
            confirmed = text("select 1 from appointments where status <> 'held' for update nowait")
            (await act.conn.execute(confirmed)).all()
            await looking.rollback()
        [received] = stop.told[-1:]
        await REACTIONS[type(received.fact)](act.following(received), received)
    answer = await task
    assert answer is None or answer.status_code in (303, 409, 410, 422), answer.text
    async with tools.db.transaction() as conn:
        there = text(
            "select (select count(*) from seats where counter like :at || '%')"
            " + (select count(*) from appointments where station = :at and status = 'confirmed')"
        )
        assert (await conn.execute(there, {"at": stop.key})).scalar_one() == 0
    await assert_consistent(tools)


async def test_an_appointment_that_ends_while_its_stop_changes_is_told_once(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools)
    booked = await book(client, stop.state.arrives_at, station=stop.key)
    async with acting(tools) as act:
        id = (await act.conn.execute(text("select id from appointments"))).scalar_one()
        await cancel(act, id, DecidedBy.CITIZEN, None)
        changing = await waiting(tools, stop.cancel())
    await changing
    assert (await appointment(client, booked))["status"] == "cancelled"
    assert [fact["type"] for fact in await facts_of(tools, booked)] == ["AppointmentBooked", "AppointmentCancelled"]
    await assert_consistent(tools)


async def test_two_changes_of_one_stop_wait_for_each_other(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools)
    await book(client, stop.state.arrives_at, station=stop.key)
    stop.silent = True
    await stop.reschedule(arrives_at=stop.state.arrives_at + timedelta(hours=1))
    await stop.cancel()
    moved, cancelled = stop.told[-2:]
    async with acting(tools) as act:
        await REACTIONS[type(cancelled.fact)](act.following(cancelled), cancelled)
        late = await waiting(tools, tell(tools, [moved]))
    await late
    async with tools.db.transaction() as conn:
        known = await conn.execute(text("select status, version from stops where station = :key"), {"key": stop.key})
        assert tuple(known.one()) == ("cancelled", cancelled.fact.version)
    await assert_consistent(tools)


async def test_the_seats_of_a_smaller_vehicle_go_to_those_who_booked_first(client: Client, tools: Tools) -> None:
    """One of three keeps their counter, one more can come later: the first of the two, changed since or not."""
    stop = await a_stop(tools, counters=3)
    there = [await book(client, stop.state.arrives_at, f"Person {n}", station=stop.key) for n in range(3)]
    first, second = [each for each in there if not (await counter_of(tools, each)).endswith("-1")]
    changed = text("update appointments set status = :status where number = :number")
    for status in ("arrived", "confirmed"):
        async with tools.db.transaction() as conn:
            await conn.execute(changed, {"status": status, "number": first["number"]})
    vehicle = stop.state.vehicle.model_copy(update={"counters": 1})
    await stop.reschedule(vehicle=vehicle, departs_at=stop.state.arrives_at + timedelta(minutes=20))
    stay = [(await appointment(client, each))["station"] == stop.key for each in (first, second)]
    assert stay == [True, False]
    await assert_consistent(tools)


async def test_an_offer_past_its_deadline_expires_by_the_change(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools, hours=1 / 6, counters=1)
    await a_taking(client, tools, stop)
    async with tools.db.transaction() as conn:
        await conn.execute(text("update seat_offers set until = :now"), {"now": tools.clock.now()})
    await stop.cancel()
    async with tools.db.transaction() as conn:
        assert (await conn.execute(text("select outcome from seat_offers"))).scalar_one() == "expired"
