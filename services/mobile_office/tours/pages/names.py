"""What pages call things by."""

from collections.abc import Mapping
from typing import Any

from services.mobile_office.tours.reasons import WORDS
from shared.city import City


def names_of(city: City) -> Mapping[str, Any]:
    """The names of districts and quarters by their numbers, and the fixed reasons in words."""
    return {
        "districts": {each.number: each.name for each in city.districts},
        "quarters": {known.number: known.name for each in city.districts for known in each.quarters},
        "reasons": WORDS,
    }
