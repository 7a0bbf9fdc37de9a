"""A city's data: how its stations are reached, and what in them is not known for certain."""

import re
from typing import ClassVar

import pytest
from pydantic import ValidationError

from shared.city import City, CityPart, map_of
from shared.web.i18n import MESSAGE_LANGUAGES

CITY = City.load("duisburg")
COUNTERS = [each.key for each in CITY.stations if each.kind == "counter"]


@pytest.mark.parametrize("key", COUNTERS)
def test_a_station_has_an_address_with_a_postcode_a_map_a_phone_and_hours(key: str) -> None:
    found = CITY.reach(key)
    assert re.fullmatch(r".+ \d+(-\d+)?, 47\d{3} Duisburg", found.address or "")
    assert found.map_url == map_of(found.address)
    assert found.phone == "+49 203 94000"
    assert any({0, 1, 2, 3, 4} <= set(each.weekdays) for each in found.hours)


def test_hours_of_some_stations_are_those_of_no_other() -> None:
    assert {key for key in COUNTERS if any(5 in each.weekdays for each in CITY.reach(key).hours)} == {"mitte"}


def test_a_place_that_is_no_station_is_reached_by_the_citys_phone() -> None:
    found = CITY.reach("9f1c1e9e-0000-4000-8000-000000000000")
    assert (found.address, found.map_url, found.phone, found.hours) == (None, None, CITY.service_phone, ())


def test_a_map_is_asked_for_in_letters_every_browser_sends_alike() -> None:
    assert map_of("Königstraße 1 & 2, 47051 Duisburg") == (
        "https://www.openstreetmap.org/search?query=K%C3%B6nigstra%C3%9Fe%201%20%26%202%2C%2047051%20Duisburg"
    )
    assert map_of(None) is None


def test_every_address_of_a_station_is_marked_as_unchecked() -> None:
    assert {f"stations.{key}.address" for key in COUNTERS} <= set(CITY.unchecked)


@pytest.mark.parametrize("language", [each.code for each in MESSAGE_LANGUAGES])
def test_every_service_has_its_name_and_what_to_bring_in_every_language_of_messages(language: str) -> None:
    for service in CITY.services:
        assert service.names.get(language, "").strip(), service.key
        assert len(service.bring.get(language, [])) == len(service.bring["de"]), service.key
        assert all(each.strip() for each in service.bring[language]), service.key
        assert language in ("de", "de-simple") or service.names[language] != service.names["de"], service.key
    assert all(names.get(language, "").strip() for names in CITY.life_situations.values())


@pytest.mark.parametrize(("language", "letters"), [("ar", r"[\u0600-\u06ff]"), ("tr", r"[a-zçğıöşü]")])
def test_names_are_written_in_the_letters_of_their_language(language: str, letters: str) -> None:
    for service in CITY.services:
        for said in (service.names[language], *service.bring[language]):
            assert re.search(letters, said), said


def test_services_differ_by_their_names_in_every_language() -> None:
    for language in (each.code for each in MESSAGE_LANGUAGES):
        names = [each.names[language] for each in CITY.services]
        assert len(set(names)) == len(names)


def test_every_language_of_messages_but_german_says_whether_its_names_were_read() -> None:
    assert set(CITY.reviews) == {each.code for each in MESSAGE_LANGUAGES} - {"de"}


class Ferry(CityPart):
    service: ClassVar[str] = "ferry"

    piers: list[str]


def test_a_service_finds_what_it_has_for_itself_and_only_that_is_read() -> None:
    city = CITY.model_copy(update={"parts": {"ferry": '{"piers": ["Homberg"], "unchecked": ["piers"]}'}})
    assert city.part(Ferry).piers == ["Homberg"]
    assert city.part(Ferry) is city.part(Ferry)
    assert ("unchecked", "ferry.piers") in city.unconfirmed
    with pytest.raises(LookupError, match=r"ferry\.json"):
        CITY.part(Ferry)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValidationError, match="wharves"):
        CITY.model_copy(update={"parts": {"ferry": '{"piers": [], "wharves": []}'}}).part(Ferry)
