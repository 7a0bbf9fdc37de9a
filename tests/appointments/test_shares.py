"""Hours whose seats are shared between the public and staff, and hours for some services only."""

from datetime import datetime, time
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.appointments.booking import usecases
from services.appointments.booking.bodies import PersonIn
from services.appointments.booking.domain import TimeTaken
from services.appointments.booking.wishes import Wish
from services.appointments.offer.domain import (
    Audience,
    Station,
    able,
    counters_open_at,
    free_times,
    run_of,
    slots_on,
)
from services.appointments.offer.domain import Service as Bookable
from services.appointments.offer.windows import Hours
from shared.act import acting
from shared.city import City
from shared.tools import Tools
from tests.appointments.checks import in_minutes
from tests.appointments.kit import API, Client, at, booking
from tests.appointments.rules import COUNTERS, GRID, MONDAY, local, station

PASSPORT, DOG = Bookable("passport", {}, {}, 10), Bookable("dog", {}, {}, 10)
MORNING = Hours(0, time(9), time(12), staff_counters=2)
AFTERNOON = Hours(0, time(12), time(15), services=("passport",))


def open_to(place: Station, audience: Audience, *services: Bookable) -> Station:
    [found] = able([place], services, audience)
    return found


def test_the_last_counters_are_kept_for_staff() -> None:
    place = station([MORNING])
    for audience, expected in ((Audience.PUBLIC, 1), (Audience.STAFF, 3)):
        found = open_to(place, audience, PASSPORT)
        assert set(slots_on(found, MONDAY, GRID).values()) == {expected}
        assert counters_open_at(found, local(MONDAY, 9), 2, GRID, local(MONDAY, 7)) == COUNTERS[:expected]


def test_hours_for_some_services_are_closed_to_the_others() -> None:
    place = station([MORNING, AFTERNOON])
    assert len(slots_on(open_to(place, Audience.PUBLIC, PASSPORT), MONDAY, GRID)) == 36
    for services in ([DOG], [PASSPORT, DOG]):
        assert len(slots_on(open_to(place, Audience.PUBLIC, *services), MONDAY, GRID)) == 18


def test_hours_that_overlap_open_as_many_counters_as_the_most_generous() -> None:
    place = station([MORNING, Hours(0, time(10), time(11))])
    found = slots_on(place, MONDAY, GRID)
    assert [found[local(MONDAY, hour)] for hour in (9, 10, 11)] == [1, 3, 1]


shares = st.integers(0, 4)
busy = st.fixed_dictionaries(
    {counter: st.sets(st.integers(0, 35).map(lambda n: local(MONDAY, 9) + n * GRID.slot)) for counter in COUNTERS}
)


@given(shares, shares, busy, st.integers(1, 4))
def test_a_time_is_free_exactly_if_an_open_counter_has_all_of_it_free(
    morning: int, afternoon: int, taken: dict[str, set[datetime]], needed: int
) -> None:
    """INVARIANT: what is shown to an audience is what it can take."""
    place = station(
        [Hours(0, time(9), time(12), staff_counters=morning), Hours(0, time(12), time(15), staff_counters=afternoon)]
    )
    now = local(MONDAY, 7)
    expected = [
        start
        for start in slots_on(place, MONDAY, GRID)
        if any(
            taken[counter].isdisjoint(run_of(start, needed, GRID))
            for counter in counters_open_at(place, start, needed, GRID, now)
        )
    ]
    assert free_times(place, [MONDAY], in_minutes(taken), needed, GRID, now) == expected


async def share(tools: Tools, counters: int) -> None:
    async with tools.db.transaction() as conn:
        await conn.execute(text("update opening_hours set staff_counters = :counters"), {"counters": counters})


async def test_the_public_is_refused_what_staff_can_still_book(client: Client, tools: Tools) -> None:
    await share(tools, 7)
    start = at(tools, 9)
    query = f"services=meldebescheinigung&station=mitte&first_day={start.date()}&days=1"
    assert (await client.post(f"{API}/appointments", json=booking(start))).status_code == 201
    refused = await client.post(f"{API}/appointments", json=booking(start))
    assert refused.status_code == 409
    [free] = (await client.get(f"{API}/free-times?{query}")).json()
    assert len(free["starts"]) == 47

    details = PersonIn(name="Anna", mail="anna@example.org", channels=["mail"]).details()
    wanted, counters = Wish("mitte", ("meldebescheinigung",), start), set()
    for _ in range(7):
        async with acting(tools) as act:
            counters.add((await usecases.book(act, uuid4(), wanted, details)).counter)
    assert counters == {f"mitte-{number}" for number in range(2, 9)}
    with pytest.raises(TimeTaken):
        async with acting(tools) as act:
            await usecases.book(act, uuid4(), wanted, details)


async def test_staff_take_from_the_public_only_when_no_seat_of_theirs_is_free(tools: Tools) -> None:
    await share(tools, 3)
    wanted = Wish("mitte", ("meldebescheinigung",), at(tools, 9))
    details = PersonIn(name="Anna", channels=[], interpreter="en").details(channel_needed=False)
    taken = []
    for _ in range(4):
        async with acting(tools) as act:
            taken.append((await usecases.book(act, uuid4(), wanted, details)).counter)
    assert set(taken[:3]) == {"mitte-6", "mitte-7", "mitte-8"}
    assert taken[3] in ("mitte-1", "mitte-3"), "and then the language counts"


async def test_where_all_counters_are_kept_for_staff_nothing_is_offered(client: Client, tools: Tools) -> None:
    await share(tools, 99)
    answer = await client.post(f"{API}/appointments", json=booking(at(tools, 9)))
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "time-not-offered")
    earliest = (await client.get(f"{API}/earliest", params={"services": "meldebescheinigung"})).json()
    assert {each["earliest"] for each in earliest} == {None}


async def test_a_service_left_out_of_the_hours_is_not_offered_then(client: Client, tools: Tools) -> None:
    async with tools.db.transaction() as conn:
        await conn.execute(text("update opening_hours set services = '{reisepass}' where station = 'mitte'"))
    for services, status in (
        (("reisepass",), 201),
        (("meldebescheinigung",), 409),
        (("reisepass", "beglaubigung"), 409),
    ):
        answer = await client.post(f"{API}/appointments", json=booking(at(tools, 9), services=services))
        assert answer.status_code == status, services


def test_the_hours_of_the_city_name_services_and_stations_it_has() -> None:
    city = City.load("duisburg")
    services, stations = {each.key for each in city.services}, {each.key for each in city.stations}
    for hours in city.opening_hours:
        assert set(hours.services or ()) <= services
        assert set(hours.stations or ()) <= stations
    spoken = {tag for each in city.stations for tags in each.languages.values() for tag in tags}
    assert spoken
    assert spoken <= set(city.interpreter_languages)


async def test_video_has_hours_of_its_own_on_weekends_only(tools: Tools) -> None:
    city = City.load("duisburg")
    [video] = [each for each in city.stations if each.kind == "video"]
    days = {
        day for hours in city.opening_hours if hours.stations and video.key in hours.stations for day in hours.weekdays
    }
    assert days == {5, 6}
    async with tools.db.transaction() as conn:
        kept = await conn.execute(text("select distinct weekday from opening_hours where station = 'video'"))
        assert set(kept.scalars()) == days
