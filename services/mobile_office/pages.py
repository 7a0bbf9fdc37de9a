"""What pages of more than one concept have in common: where those for staff begin, typed texts, names of districts."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from shared.city import City

STAFF = "/mobile_office/staff"
"""What the paths of pages for staff begin with."""

UUID_PATTERN = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""An id in a typed text, as pages write it."""

Text = Annotated[str, Field(max_length=1000)]


def names_of(city: City) -> Mapping[str, Any]:
    """The names of districts and quarters by their numbers."""
    return {
        "districts": {each.number: each.name for each in city.districts},
        "quarters": {known.number: known.name for each in city.districts for known in each.quarters},
    }
