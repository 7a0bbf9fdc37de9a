"""What may stand together in one appointment: quantities, and stations that offer only some services."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.appointments.offer.domain import Service as Bookable
from services.appointments.offer.domain import choose, duration_of, keys_of, slots_on
from services.appointments.offer.queries import grid_of, load_offer_on
from shared.city import City
from shared.clock import BERLIN
from shared.tools import Tools
from tests.appointments.kit import Client, at, booking, outbox, wish

API = "/appointments/api/v1"
SERVICES = [Bookable(key, {}, {}, minutes) for key, minutes in (("a", 10), ("b", 20), ("c", 40))]


@given(st.lists(st.sampled_from("abcx")))
def test_a_choice_takes_what_it_names_as_often_as_it_names_it(keys: list[str]) -> None:
    known = [key for key in keys if key != "x"]
    chosen = choose(SERVICES, keys)
    assert sorted(known) == keys_of(chosen)
    assert duration_of(chosen) == timedelta(minutes=sum({"a": 10, "b": 20, "c": 40}[key] for key in known))


def test_the_data_of_the_city_fit_together() -> None:
    city = City.load("duisburg")
    stations = {each.key for each in city.stations}
    assert len(city.services) >= 20
    assert len({each.key for each in city.services}) == len(city.services)
    for each in city.services:
        assert each.situation in city.life_situations
        assert set(each.names) >= {"de", "en"}
        assert {language: len(things) for language, things in each.bring.items()} == dict.fromkeys(
            each.names, len(each.bring["de"])
        )
        assert each.stations is None or set(each.stations) < stations


async def test_two_childrens_passports_take_twice_the_time_and_are_published_as_two(
    client: Client, tools: Tools
) -> None:
    start = at(tools, 10)
    answer = await client.post(f"{API}/appointments", json=booking(start, services=("kinder-reisepass",) * 2))
    assert answer.status_code == 201, answer.text
    booked = answer.json()
    assert booked["services"] == ["kinder-reisepass", "kinder-reisepass"]
    assert datetime.fromisoformat(booked["ends_at"]) - start == timedelta(minutes=40)
    async with tools.db.transaction() as conn:
        assert (await conn.execute(text("select count(*), count(distinct counter) from seats"))).one() == (4, 1)
    [fact] = await outbox(tools)
    assert '"quantity":2' in str(fact.body).replace(" ", "")


async def test_a_held_quantity_is_booked_and_moved_whole(client: Client, tools: Tools) -> None:
    services = ("kinder-reisepass", "kinder-reisepass", "meldebescheinigung")
    held = (await client.post(f"{API}/holds", json=wish(at(tools, 10), services=services))).json()
    person = booking(at(tools, 10))["person"]
    booked = (await client.post(f"{API}/appointments", json={"hold": held["token"], "person": person})).json()
    moved = await client.post(
        f"{API}/appointments/{booked['token']}/rescheduling",
        json={"station": "sued", "starts_at": at(tools, 11).isoformat()},
    )
    assert moved.status_code == 200, moved.text
    assert moved.json()["services"] == booked["services"]
    async with tools.db.transaction() as conn:
        assert (await conn.execute(text("select count(*) from seats"))).scalar_one() == 5


@pytest.mark.parametrize(
    ("wanted", "slug", "says"),
    [
        ({"services": ("familienanmeldung",) * 2}, "too-many", "familienanmeldung: at most 1 in one appointment."),
        ({"services": ("kinder-reisepass",) * 5}, "too-many", "kinder-reisepass: at most 4 in one appointment."),
        (
            {"services": ("auskunftssperre", "reisepass"), "station": "sued"},
            "not-together",
            "sued does not offer auskunftssperre.",
        ),
        (
            {
                "services": (
                    "personalausweis",
                    "reisepass",
                    "beglaubigung",
                    "hund-anmelden",
                    "nebenwohnung",
                    "fuehrungszeugnis",
                )
            },
            "invalid-input",
            "At most 5 different services in one appointment.",
        ),
    ],
)
async def test_what_does_not_fit_is_refused_naming_the_field(
    client: Client, tools: Tools, wanted: dict[str, Any], slug: str, says: str
) -> None:
    for path, body in (
        ("holds", wish(at(tools, 10), **wanted)),
        ("appointments", booking(at(tools, 10), **wanted)),
    ):
        answer = await client.post(f"{API}/{path}", json=body)
        assert answer.status_code == 422
        assert answer.json()["type"].endswith(slug)
        assert answer.json()["errors"] == [{"field": "services", "message": says}]
    assert await outbox(tools) == []


async def test_an_appointment_moves_only_to_a_station_that_offers_all_of_it(client: Client, tools: Tools) -> None:
    booked = (
        await client.post(f"{API}/appointments", json=booking(at(tools, 10), services=("auskunftssperre",)))
    ).json()
    new = {"station": "sued", "starts_at": at(tools, 11).isoformat()}
    answer = await client.post(f"{API}/appointments/{booked['token']}/rescheduling", json=new)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "not-together")
    kept = (await client.get(f"{API}/appointments/{booked['token']}")).json()
    assert (kept["station"], kept["starts_at"]) == ("mitte", booked["starts_at"])


async def test_free_times_and_the_earliest_come_from_stations_that_offer_everything(
    client: Client, tools: Tools
) -> None:
    query: dict[str, Any] = {"services": ["vorlaeufiger-reisepass", "reisepass"]}
    free = (await client.get(f"{API}/free-times", params={**query, "days": 14})).json()
    answer = await client.get(f"{API}/earliest", params=query)
    assert answer.headers["cache-control"] == "public, max-age=30"
    earliest = {each["station"]: each["earliest"] for each in answer.json()}
    assert earliest == {each["station"]: each["earliest"] for each in free}
    assert set(earliest) == {"mitte", "hamborn", "rheinhausen"}
    assert all(earliest.values())


async def test_the_nearest_times_instead_of_a_taken_one_are_at_stations_that_offer_it(
    client: Client, tools: Tools
) -> None:
    wanted = booking(at(tools, 16, 50), services=("fischereischein",), station="sued")
    answers = [await client.post(f"{API}/appointments", json=wanted) for _ in range(5)]
    assert [each.status_code for each in answers] == [201] * 4 + [409]
    assert {each["station"] for each in answers[-1].json()["nearest"]} <= {"homberg", "sued"}


async def test_the_earliest_of_every_service_is_what_asking_for_it_alone_says(client: Client) -> None:
    answer = await client.get(f"{API}/earliest/by-service")
    assert answer.headers["cache-control"] == "public, max-age=30"
    by_service = {each["service"]: each["stations"] for each in answer.json()}
    assert by_service.keys() == {each["key"] for each in (await client.get(f"{API}/services")).json()}
    for key in ("fischereischein", "familienanmeldung", "hund-anmelden"):
        alone = (await client.get(f"{API}/earliest", params={"services": key})).json()
        assert [each for each in by_service[key] if each["station"] != "video"] == alone


@pytest.mark.parametrize("path", ["free-times", "earliest"])
@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ({"services": ["fischereischein", "auskunftssperre"]}, "not-together"),
        ({"services": ["auskunftssperre"], "station": "sued"}, "not-together"),
        ({"services": ["flying"]}, "unknown-choice"),
        ({"services": ["reisepass"], "station": "nowhere"}, "unknown-choice"),
        ({"services": ["reisepass"] * 5}, "too-many"),
        ({}, "invalid-input"),
        ({"services": ["\0"]}, "invalid-input"),
        ({"services": ["reisepass"], "station": "\0"}, "invalid-input"),
    ],
)
async def test_times_of_what_cannot_be_booked_are_refused(
    client: Client, path: str, query: dict[str, Any], slug: str
) -> None:
    answer = await client.get(f"{API}/{path}", params=query)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, slug)


async def test_the_hours_of_a_month_and_of_every_other_week_are_loaded(tools: Tools) -> None:
    """As the city's data have it: Mitte opens on the first Saturday, Rheinhausen late on every other Thursday."""
    async with tools.db.transaction() as conn:
        offer = await load_offer_on(conn, date(2027, 1, 1))
    stations, grid = {each.key: each for each in offer.stations}, grid_of(tools.city)
    year = [date(2027, 1, 1) + timedelta(days=offset) for offset in range(365)]
    ends = {
        key: {
            day: list(slots)[-1].astimezone(BERLIN).hour
            for day in year
            if (slots := slots_on(stations[key], day, grid))
        }
        for key in ("mitte", "rheinhausen")
    }
    saturdays = [day for day in ends["mitte"] if day.weekday() == 5]
    assert len(saturdays) == 11, "twelve, but the first of May is a holiday"
    assert all(day.day <= 7 and ends["mitte"][day] == 12 for day in saturdays)
    late = [day for day, hour in ends["rheinhausen"].items() if hour == 18]
    assert late[:3] == [date(2027, 1, 7), date(2027, 1, 21), date(2027, 2, 4)]
    assert all((day - late[0]).days % 14 == 0 for day in late)
