"""Stops: seats for a day, which move with the stop, and whose people hear of it once."""

import asyncio
from datetime import datetime, timedelta
from itertools import combinations, permutations

from sqlalchemy import text

from shared.tools import Tools
from tests.appointments.closing import appointment, book, facts_of
from tests.appointments.kit import API, FAMILY, Client, at, booking, pass_time, wish
from tests.appointments.stops import SCHOOL, Stop, a_stop, stop_state, tell


async def starts_at(client: Client, stop: Stop) -> list[datetime]:
    """The free starts at a stop."""
    query: dict[str, str | int] = {"services": "meldebescheinigung", "station": stop.key, "days": 7}
    [found] = (await client.get(f"{API}/free-times", params=query)).json()
    return [datetime.fromisoformat(each) for each in found["starts"]]


def minutes(moment: datetime | str, since: datetime) -> int:
    """How many minutes after another moment."""
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (moment - since) // timedelta(minutes=1)


async def test_a_stop_has_seats_from_arrival_to_departure_for_its_services(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools, hours=0.5)
    arrival = stop.state.arrives_at
    assert [minutes(each, arrival) for each in await starts_at(client, stop)] == [0, 10, 20]
    for name in ("Anna", "Berta"):
        booked = await book(client, arrival, name, station=stop.key)
    assert (booked["kind"], booked["station"]) == ("stop", stop.key)
    assert [minutes(each, arrival) for each in await starts_at(client, stop)] == [10, 20]
    [fact] = await facts_of(tools, booked)
    assert fact["appointment"]["place"] == {
        "key": stop.key, "name": "Marktplatz Rumeln", "district": 600, "address": "vor der Sparkasse", "quarter": 605,
    }  # fmt: skip
    refused = await client.post(f"{API}/appointments", json=booking(arrival, station=stop.key, services=("reisepass",)))
    assert refused.json()["type"] == "urn:nahbar:problem:not-together"


async def test_who_can_be_where_they_were_in_the_stops_time_is_there(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools)
    arrival = stop.state.arrives_at
    booked = [await book(client, arrival + timedelta(minutes=n), f"Person {n}", station=stop.key) for n in (0, 20)]
    later = arrival + timedelta(hours=3)
    await stop.reschedule(arrives_at=later, departs_at=later + timedelta(hours=1))
    for each, minute in zip(booked, (0, 20), strict=True):
        found = await appointment(client, each)
        assert (minutes(found["starts_at"], later), found["status"]) == (minute, "confirmed")
        [_, fact] = await facts_of(tools, each)
        assert (fact["type"], fact["by"], fact["known_reason"]) == ("AppointmentRescheduled", "city", "planning")
        assert (fact["cause"], fact["about"]["version"]) == (stop.told[-1].event_id, 2)
    assert minutes((await starts_at(client, stop))[-1], later) == 50


async def test_who_has_no_such_seat_any_more_gets_the_nearest_or_none(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools, hours=1)
    arrival = stop.state.arrives_at
    early, late, long = [
        await book(client, arrival + timedelta(minutes=n), f"Person {n}", station=stop.key, services=services)
        for n, services in ((0, ("meldebescheinigung",)), (50, ("meldebescheinigung",)), (10, FAMILY))
    ]
    await stop.reschedule(
        departs_at=arrival + timedelta(minutes=30), vehicle=stop.state.vehicle.model_copy(update={"counters": 1})
    )
    became = [await appointment(client, each) for each in (early, late, long)]
    assert [(minutes(each["starts_at"], arrival), each["status"]) for each in became] == [
        (0, "confirmed"), (20, "confirmed"), (10, "offered"),
    ]  # fmt: skip
    first, *moved = await facts_of(tools, early)
    kept = f"{stop.key}-1"
    assert [(fact["type"], fact["appointment"]["counter"]) for fact in moved] == (
        [] if first["appointment"]["counter"] == kept else [("AppointmentRescheduled", kept)]
    ), "nothing changed for them but the counter, if theirs is not there any more"


async def test_at_another_place_everybody_is_told_at_the_same_time(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools)
    booked = await book(client, stop.state.arrives_at, station=stop.key)
    await stop.reschedule(place=SCHOOL)
    [_, fact] = await facts_of(tools, booked)
    assert fact["type"] == "AppointmentRescheduled"
    assert [fact[each]["place"]["name"] for each in ("before", "appointment")] == ["Marktplatz Rumeln", SCHOOL.name]


async def test_a_delay_is_told_to_who_is_still_to_come_and_moves_no_seats(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools)
    arrival = stop.state.arrives_at
    gone, waits = [await book(client, arrival + timedelta(minutes=n), f"Person {n}", station=stop.key) for n in (0, 60)]
    pass_time(tools, arrival + timedelta(minutes=25) - tools.clock.now())
    for delay in (20, 30, 30, 0):
        await stop.delay(delay)
    facts = [fact for fact in await facts_of(tools, waits) if fact["type"] == "AppointmentDelayed"]
    assert [(fact["appointment"]["delay_minutes"], fact["known_reason"]) for fact in facts] == [
        (20, "traffic"), (30, "traffic"), (0, None),
    ]  # fmt: skip
    assert {fact["appointment"]["starts_at"] for fact in facts} == {facts[0]["before"]["starts_at"]}
    assert [fact["appointment"]["delay_minutes"] for fact in (await facts_of(tools, gone))[1:]] == [30, 0], (
        "their time has passed, but 30 minutes late they are still to come"
    )
    late = await book(client, arrival + timedelta(minutes=90), "Spät", station=stop.key)
    await stop.delay(10)
    assert [each["appointment"]["delay_minutes"] for each in await facts_of(tools, late)] == [0, 10]


async def test_an_alternative_taken_at_a_late_stop_says_that_it_is_late(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools)
    offered = await book(client, stop.state.arrives_at, station=stop.key)
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("""
                update appointments set status = 'offered', held_until = starts_at,
                       state = jsonb_set(state, '{status}', '"offered"')
            """)
        )
    await stop.delay(20)
    assert len(await facts_of(tools, offered)) == 1, "not theirs yet"
    assert (await client.post(f"{API}/appointments/{offered['token']}/acceptance")).status_code == 200
    assert (await facts_of(tools, offered))[-1]["appointment"]["delay_minutes"] == 20


async def test_whoever_has_arrived_stays_and_holds_end(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools)
    arrival = stop.state.arrives_at
    here = await book(client, arrival, "Schon da", station=stop.key)
    held = (await client.post(f"{API}/holds", json=wish(arrival + timedelta(minutes=30), station=stop.key))).json()
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("update appointments set status = 'arrived' where number = :number"), {"number": here["number"]}
        )
    later = arrival + timedelta(hours=1)
    await stop.reschedule(arrives_at=later, departs_at=later + timedelta(hours=1))
    assert (await appointment(client, here))["starts_at"] == here["starts_at"]
    refused = await client.post(
        f"{API}/appointments", json={"hold": held["token"], "person": booking(arrival)["person"]}
    )
    assert refused.json()["type"] == "urn:nahbar:problem:hold-over"


async def test_whatever_order_facts_come_in_the_newest_counts(client: Client, tools: Tools) -> None:
    start = at(tools, 9)
    later = start + timedelta(hours=2)
    for number, kept in enumerate(kept for n in range(3) for kept in combinations((1, 2), n)):
        for order in permutations((*kept, 3)):
            stop = Stop(tools, stop_state(start, hours=1, counters=1))
            await stop.schedule()
            booked = await book(client, start, f"Person {number}", station=stop.key)
            absent = Stop(tools, stop.state, stop.id, version=1, silent=True)
            await absent.delay(20)
            await absent.reschedule(arrives_at=later, departs_at=later + timedelta(hours=1))
            await absent.delay(0)
            await tell(tools, [absent.told[each - 1] for each in (*order, *order)])

            found = await appointment(client, booked)
            assert minutes(found["starts_at"], later) == 0, order
            newest = [each for place, each in enumerate(order) if each == max(order[: place + 1])]
            facts = (await facts_of(tools, booked))[1:]
            assert [fact["about"]["version"] for fact in facts] == [1 + each for each in newest], order
            assert facts[-1]["appointment"]["delay_minutes"] == 0, order


async def test_what_begins_with_a_change_opens_and_what_begins_with_its_end_does_not(
    client: Client, tools: Tools
) -> None:
    moved, called_off = (Stop(tools, stop_state(at(tools, 9)), silent=True) for _ in range(2))
    for stop in (moved, called_off):
        await stop.schedule()
    await moved.reschedule(place=SCHOOL)
    await called_off.cancel()
    for stop in (moved, called_off):
        await tell(tools, stop.told[::-1])
    assert len(await starts_at(client, moved)) == 12
    assert (await book(client, moved.state.arrives_at, station=moved.key))["kind"] == "stop"
    assert await starts_at(client, called_off) == []
    offered = {each["key"] for each in (await client.get(f"{API}/stations")).json()}
    assert moved.key in offered
    assert called_off.key not in offered


async def test_a_stop_that_has_begun_when_it_is_announced_opens_nothing(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools, hours=8)
    late = Stop(tools, stop.state)
    pass_time(tools, stop.state.arrives_at + timedelta(minutes=5) - tools.clock.now())
    await late.schedule()
    assert await starts_at(client, late) == []
    assert await starts_at(client, stop)


async def test_no_booking_is_lost_while_the_stop_moves(client: Client, tools: Tools) -> None:
    stop = await a_stop(tools, hours=3)
    arrival, later = stop.state.arrives_at, stop.state.arrives_at + timedelta(minutes=70)
    wishes = [booking(arrival + timedelta(minutes=10 * (n % 18)), f"Person {n}", station=stop.key) for n in range(32)]
    bookings = [client.post(f"{API}/appointments", json=each) for each in wishes]
    move = stop.reschedule(arrives_at=later, departs_at=later + timedelta(hours=1))
    answers = await asyncio.gather(*bookings[:12], move, *bookings[12:])
    booked = [answer.json() for answer in answers if answer and answer.status_code == 201]
    assert {answer.status_code for answer in answers if answer} <= {201, 409}
    for each in booked:
        found, facts = await appointment(client, each), await facts_of(tools, each)
        inside = 0 <= minutes(found["starts_at"], later) < 60
        assert inside if found["status"] == "confirmed" else facts[-1]["type"] == "AlternativeOffered", found
        assert len(facts) <= 2, "told once"
    async with tools.db.transaction() as conn:
        seats = await conn.execute(
            text("""
                select count(*) filter (where a.status = 'confirmed' and s.starts_at = a.starts_at), count(*)
                from seats s join counters c on c.key = s.counter left join appointments a on a.id = s.appointment
                where c.station = :key
            """),
            {"key": stop.key},
        )
        [(of_the_confirmed, all_seats)] = seats
    statuses = [(await appointment(client, each))["status"] for each in booked]
    assert of_the_confirmed == all_seats == statuses.count("confirmed")
