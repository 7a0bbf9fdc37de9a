"""Flow 2 on real Kafka, from a published week to what people received: each once, in their language, nobody else."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from shared.calendar import end_of_quiet
from tests.appointments.waiting import sell_out
from tests.e2e.kit import API, City
from tests.e2e.people import (
    ASKED,
    CANCELLED,
    CANCELLED_NEWS,
    CHANGED_NEWS,
    CONFIRMED,
    DELAYED,
    FREED,
    MOVED,
    NEWS,
    WAITS,
    Told,
)
from tests.e2e.stops import (
    AMAL,
    ELIF,
    ERNA,
    JOHN,
    KARL,
    LENA,
    MILO,
    RHEINHAUSEN,
    RUMELN,
    TINA,
    Stop,
    appointment,
    book,
    let_news_out,
    tours_of,
)

BERGHEIM, MITTE = 603, 500


async def test_a_week_of_the_buergermobil_and_all_that_becomes_of_a_stop(city: City) -> None:
    tours, start = await tours_of(city), city.day(9) + timedelta(hours=9)
    await KARL.subscribe(city, RHEINHAUSEN)
    await JOHN.subscribe(city, RHEINHAUSEN)
    await AMAL.subscribe(city, quarters=(RUMELN,))
    await LENA.subscribe(city, MITTE, quarters=(BERGHEIM,))
    await TINA.subscribe(city, RHEINHAUSEN, topics=["stations"])
    told = Told(city)

    stop = await tours.plan(start)
    await tours.plan(start + timedelta(hours=4))
    await told.nothing_more()
    await tours.publish(stop.monday)
    await let_news_out(city)
    await told.of(NEWS, KARL, JOHN, AMAL)

    await city.until_known(by="appointments", of="mobile_office")
    booked = {citizen: await book(city, stop, n * 10, citizen) for n, citizen in enumerate((AMAL, ELIF, ERNA, MILO))}
    await told.of(CONFIRMED, *booked)

    await tours.delay(stop, 20)
    await told.of(DELAYED, *booked)

    await tours.move(stop, minutes=60)
    await let_news_out(city)
    await told.all_of({MOVED: tuple(booked), CHANGED_NEWS: (KARL, JOHN)})

    await tours.call_off(stop)
    await let_news_out(city)
    await told.all_of({ASKED: tuple(booked), CANCELLED_NEWS: (KARL, JOHN)})
    found = [await appointment(city, each) for each in booked.values()]
    assert {(each["status"], each["station"]) for each in found} == {("offered", "rheinhausen")}, "the same district"

    for citizen, answer, words in ((AMAL, "acceptance", MOVED), (ELIF, "cancellation", CANCELLED)):
        answered = await city.client.post(f"{API}/appointments/{booked[citizen]['token']}/{answer}")
        assert answered.status_code == 200, answered.text
        await told.of(words, citizen)
    deadline = city.tools("appointments").clock.now() + timedelta(hours=48, minutes=1)
    city.move_to(end_of_quiet(deadline))
    await told.of(CANCELLED, ERNA, MILO)


async def test_who_finds_nothing_free_waits_and_is_offered_what_frees_up(city: City) -> None:
    tours, start = await tours_of(city), city.day() + timedelta(hours=9)
    tools = city.tools("appointments")
    async with tools.db.transaction() as conn:
        await conn.execute(text("delete from counters where key <> 'rheinhausen-1'"))
    told = Told(city)
    freed = await city.book(start, station="rheinhausen", **KARL.details)
    await sell_out(tools, *[start + timedelta(days=day) for day in range(-7, 29)], counter="rheinhausen-1")
    stop = await tours.announce(start, hours=0.5, counters=1)
    await city.until_known(by="appointments", of="mobile_office")
    first, second = await book(city, stop, 10, JOHN), await book(city, stop, 0, AMAL)
    await told.of(CONFIRMED, KARL, JOHN, AMAL)

    await tours.call_off(stop)
    await told.of(WAITS, JOHN, AMAL)
    assert {(await appointment(city, each))["status"] for each in (first, second)} == {"cancelled"}

    await city.cancel(freed)
    await told.all_of({CANCELLED: (KARL,), FREED: (JOHN,)})


async def test_a_breakdown_delays_replaces_and_cancels_with_one_confirmation(city: City) -> None:
    tours, start = await tours_of(city), city.day() + timedelta(hours=9)
    await KARL.subscribe(city, RHEINHAUSEN)
    told = Told(city)
    late, replaced, gone = [await tours.plan(start + timedelta(hours=hours)) for hours in (0, 3, 6)]
    await tours.publish(late.monday)
    await let_news_out(city)
    await told.of(NEWS, KARL)

    await city.until_known(by="appointments", of="mobile_office")
    await book(city, late, 0, AMAL)
    both = {citizen: await book(city, replaced, 0, citizen) for citizen in (ELIF, JOHN)}
    await book(city, gone, 0, ERNA)
    await told.of(CONFIRMED, AMAL, ELIF, JOHN, ERNA)

    answers: dict[Stop, dict[str, Any]] = {
        late: {"decision": "delay", "minutes": 30},
        replaced: {"decision": "replace", "vehicle": "buergermobil-2"},
        gone: {"decision": "cancel"},
    }
    await tours.break_down(start, answers, times=2)
    await city.until_known(by="appointments", of="mobile_office")
    times = {citizen: (await appointment(city, each))["starts_at"] for citizen, each in both.items()}
    [moved] = [citizen for citizen, each in both.items() if times[citizen] != each["starts_at"]]
    await let_news_out(city)
    await told.all_of({DELAYED: (AMAL,), MOVED: (moved,), ASKED: (ERNA,), CANCELLED_NEWS: (KARL,)})
