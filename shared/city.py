"""The city as data: districts, stations, services, opening hours. Another city is another file in `cities/`."""

from datetime import time
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_CITIES = Path(__file__).parent / "cities"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Quarter(_Data):
    """An Ortsteil."""

    number: int
    name: str
    rhine_bank: Literal["left", "right"]


class District(_Data):
    """A Stadtbezirk with its Ortsteile."""

    number: int
    name: str
    rhine_bank: Literal["left", "right", "both"]
    quarters: list[Quarter]


class CityStation(_Data):
    """A Bürger-Service-Station; `counters` is how many counters take appointments."""

    key: str
    name: str
    district: int
    address: str | None
    counters: int = Field(ge=1)


class CityService(_Data):
    """A service (Leistung); `names` and `bring` by language, German always among them.

    `situation` is a key of the city's life situations, `most` how many of it fit into one appointment (three children's
    passports), `stations` the keys of those that offer it; None means all.
    """

    key: str
    names: dict[str, str]
    situation: str
    minutes: int = Field(ge=1)
    bring: dict[str, list[str]]
    fee_cents: int | None = None
    most: int = Field(default=1, ge=1, le=9)
    stations: list[str] | None = None


class WeeklyHours(_Data):
    """Opening hours on some weekdays (0 is Monday), in local time."""

    weekdays: list[int]
    opens: time
    closes: time


class City(_Data):
    """A city.

    `sources` says where figures come from; what `examples` names has no source and is an example only.
    `interpreter_languages` are those somebody can help with, by BCP 47 tag, each in its own spelling.
    `life_situations` are the headings services stand under, by key and language; `services` begin with those that are
    asked for most.
    """

    name: str
    ags: str
    state: str
    service_phone: str
    sources: dict[str, str]
    examples: list[str]
    slot_minutes: int = Field(ge=5)
    bookable_days: int = Field(ge=1)
    interpreter_languages: dict[str, str]
    opening_hours: list[WeeklyHours]
    districts: list[District]
    stations: list[CityStation]
    life_situations: dict[str, dict[str, str]]
    services: list[CityService]

    @classmethod
    def load(cls, name: str) -> "City":
        """Read a city's file; raises FileNotFoundError for a city without one."""
        return _load(name)


@cache
def _load(name: str) -> City:
    return City.model_validate_json((_CITIES / f"{name}.json").read_text())
