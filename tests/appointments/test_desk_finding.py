"""Finding people at the desk by what they say of themselves."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.appointments.desk.finding import By, find_among, read_wanted
from shared.people import Person
from shared.tools import Tools
from tests.appointments.clerk import PAGES, Clerk
from tests.appointments.desk import DESK, MITTE, know_staff
from tests.appointments.kit import API, Client, at, booking, pass_time
from tests.appointments.visitor import content, heading, own_links, page
from tests.support.days import berlin

PHONE = "+4917604069050"
PEOPLE = {
    name: Person(name=name, phone=PHONE, mail=f"{place}@bücher.example")
    for place, name in enumerate(("Jörg Müller", "Anna Meyer", "Şule Yıldız", "Karl-Heinz Groß", "Bernd Schmidt"))
}


def found(typed: str) -> tuple[list[str], list[str]]:
    wanted = read_wanted(typed)
    assert wanted is not None
    hits = find_among(PEOPLE, wanted)
    return list(hits.exact), list(hits.alike)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        *(("Müller", "Jörg Müller"), ("mueller", "Jörg Müller"), ("MULLER JOERG", "Jörg Müller")),
        *(("Müll", "Jörg Müller"), ("Meyer, Anna", "Anna Meyer"), ("yildiz", "Şule Yıldız"), ("Sule", "Şule Yıldız")),
        *(("gross", "Karl-Heinz Groß"), ("Heinz Karl", "Karl-Heinz Groß"), ("Mu\u0308ller", "Jörg Müller")),
    ],
)
def test_a_name_is_found_however_it_is_typed(typed: str, name: str) -> None:
    assert found(typed) == ([name], [])


@pytest.mark.parametrize(
    ("typed", "name"),
    [("Maier", "Anna Meyer"), ("Schmitt", "Bernd Schmidt"), ("Mülller", "Jörg Müller"), ("Mülelr", "Jörg Müller")],
)
def test_names_that_sound_or_are_spelt_alike_come_second(typed: str, name: str) -> None:
    assert found(typed) == ([], [name])


@pytest.mark.parametrize("typed", ["0176 04069050", "+49 (0)176 0406-9050", "0049 17604069050", "9050", "1760406/9050"])
def test_a_phone_number_is_found_by_its_last_digits(typed: str) -> None:
    assert len(found(typed)[0]) == len(PEOPLE)
    assert found("9051") == ([], [])


def test_a_mail_address_is_found_in_each_spelling_of_its_domain() -> None:
    assert found("1@xn--bcher-kva.example") == (["Anna Meyer"], [])


@pytest.mark.parametrize("typed", ["", " ", "a", "123", "0001", "-", "…"])
def test_too_little_finds_nobody(typed: str) -> None:
    assert read_wanted(typed) is None


def test_a_number_of_zeros_is_nobodys_phone_number() -> None:
    wanted = read_wanted("0000-0000")
    assert wanted is not None
    assert wanted.by is By.NUMBER
    assert not find_among(PEOPLE, wanted).exact


@pytest.fixture
def clerk(client: Client, tools: Tools) -> Clerk:
    return Clerk.sign_in(client, tools)


async def booked(clerk: Clerk, name: str, hour: int = 9, **changes: Any) -> str:
    """The number of a new appointment."""
    person = {"phone": "0176 04069050"}
    answer = await clerk.client.post(
        f"{API}/appointments", json=booking(at(clerk.tools, hour), name=name, person=person, **changes)
    )
    assert answer.status_code == 201
    return str(answer.json()["number"])


async def searches(tools: Tools) -> list[Any]:
    async with tools.db.transaction() as conn:
        return list((await conn.execute(text("select action, station, details from audit order by id"))).all())


async def test_people_are_found_by_name_at_ones_own_stations_alone(
    clerk: Clerk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mine, late = await booked(clerk, "Jörg Müller", 11), await booked(clerk, "Eva Müller-Lüdenscheidt", 14)
    theirs = await booked(clerk, "Uwe Müller", station="homberg")
    day = at(clerk.tools, 9).date()
    answer = await clerk.press(f"/find?place=mitte&day={day}", wanted="mueller")
    tree = page(answer)
    assert f"{PAGES}/appointments/{mine}" in own_links(tree)
    assert f"{PAGES}/appointments/{late}" in own_links(tree)
    assert theirs not in content(tree)
    assert "haben wir nur an Ihren Stationen gesucht" in content(tree)
    assert f"{PAGES}/day?place=mitte&day={day}" in own_links(tree), "place and day are kept"
    assert [tuple(each) for each in await searches(clerk.tools)] == [("searched", "mitte", {"by": "name", "found": 2})]
    assert "mueller" not in str(answer.url)
    assert "mueller" not in caplog.text.casefold()


async def test_a_search_without_a_hit_says_what_was_searched_and_what_to_try(clerk: Clerk) -> None:
    theirs = await booked(clerk, "Uwe Müller", station="homberg")
    for typed in ("Müller", theirs, "0176 04069050"):
        tree = page(await clerk.press("/find?place=mitte", wanted=typed))
        assert "Niemand gefunden" in content(tree)
        assert "Versuchen Sie es nur mit dem Nachnamen" in content(tree)
    assert [each.details["found"] for each in await searches(clerk.tools)] == [0, 0, 0]


async def test_too_little_is_said_beside_the_field(clerk: Clerk) -> None:
    tree = page(await clerk.press("/find?place=mitte&day=2027-01-04", wanted="x"), 422)
    assert "Geben Sie mindestens zwei Buchstaben oder vier Ziffern ein." in content(tree)
    assert f"{PAGES}/day?place=mitte&day=2027-01-04" in own_links(tree)
    assert await searches(clerk.tools) == []


async def test_names_alike_are_shown_as_such(clerk: Clerk) -> None:
    await booked(clerk, "Anna Meyer")
    tree = page(await clerk.press("/find?place=mitte", wanted="Maier"))
    assert "Genau so heißt niemand." in content(tree)
    assert "Anna Meyer" in content(tree)


async def test_a_search_loaded_again_by_its_address_leads_to_the_list_it_came_from(clerk: Clerk) -> None:
    answer = await clerk.get("/find?place=mitte&day=2027-01-04")
    assert answer.headers["location"] == f"{PAGES}/day?place=mitte&day=2027-01-04"


async def test_only_the_weeks_around_today_are_searched_and_numbers_always(clerk: Clerk) -> None:
    number = await booked(clerk, "Jörg Müller")
    came = at(clerk.tools, 9).date()
    for after, shown in ((7, True), (8, False)):
        pass_time(clerk.tools, berlin(came + timedelta(days=after), 12) - clerk.tools.clock.now())
        assert (number in content(page(await clerk.press("/find?place=mitte", wanted="Müller")))) is shown
    assert "Niemand gefunden" in content(page(await clerk.press("/find?place=mitte", wanted="Müller")))
    answer = await clerk.press("/find?place=mitte", wanted=number)
    assert answer.headers["location"] == f"{PAGES}/appointments/{number}"


async def test_nobody_searches_elsewhere(clerk: Clerk, tools: Tools) -> None:
    nowhere = Clerk(clerk.client, tools, clerk.session.model_copy(update={"stations": frozenset()}))
    assert (await nowhere.press("/find?place=mitte", wanted="Müller")).status_code == 403
    assert heading(page(await clerk.press("/find?place=homberg", wanted="Müller"))) == "Suche"
    assert [each.station for each in await searches(tools)] == ["mitte"], "as if they came from their own"


async def test_the_api_finds_people_too(client: Client, tools: Tools, clerk: Clerk) -> None:
    know_staff(tools)
    number = await booked(clerk, "Jörg Müller")
    await booked(clerk, "Uwe Müller", station="homberg")
    path = f"{DESK}/appointments/search"
    answer = await client.post(path, json={"station": "mitte", "wanted": "muller"}, headers=MITTE)
    assert [each["number"] for each in answer.json()["exact"]] == [number]
    assert (await client.post(path, json={"station": "homberg", "wanted": "muller"}, headers=MITTE)).status_code == 403
    assert (await client.post(path, json={"station": "mitte", "wanted": "m"}, headers=MITTE)).status_code == 422
