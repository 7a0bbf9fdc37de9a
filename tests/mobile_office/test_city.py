"""What the city's data say of the Bürgermobil, in every city there is."""

import pytest

from services.mobile_office.city import MobileOffice
from shared.city import City, known_cities
from shared.web.i18n import LANGUAGES


@pytest.mark.parametrize("name", known_cities())
def test_what_pages_say_of_places_and_vehicles_is_known_in_the_languages_of_pages(name: str) -> None:
    city = City.load(name)
    mobile = city.part(MobileOffice)
    said = {each.landmark for each in mobile.stop_places} | {
        thing for each in mobile.vehicles for thing in each.equipment
    }
    others = {each.code for each in LANGUAGES} - {"de"}
    assert {text for text in said if not others <= city.phrases.get(text, {}).keys()} == set()


def test_what_was_made_up_says_so() -> None:
    paths = {path for what, path in City.load("duisburg").unconfirmed if what == "example"}
    own = MobileOffice.model_fields.keys() - {"examples", "unchecked"}
    assert {f"mobile_office.{field}" for field in own} <= paths
