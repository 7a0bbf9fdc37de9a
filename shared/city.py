"""The city as data: districts, stations, services, opening hours. Another city is another folder in `cities/`.

Here is what several services read; what one of them has for itself is a `CityPart` in its own package.
"""

import json
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal, Self, TypeVar, cast
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.texts import Review

_CITIES = Path(__file__).parent / "cities"
_COMMON = "city.json"

RhineBank = Literal["left", "right"]


class CityData(BaseModel):
    """A value of a city's data: immutable, and with no field that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Quarter(CityData):
    """An Ortsteil."""

    number: int
    name: str
    rhine_bank: RhineBank


class District(CityData):
    """A Stadtbezirk with its Ortsteile; `residents` is None where no figure is known."""

    number: int
    name: str
    rhine_bank: Literal["left", "right", "both"]
    residents: int | None = None
    quarters: list[Quarter]


class CityStation(CityData):
    """A Bürger-Service-Station, or the virtual one whose counters are reached by video.

    `counters` is how many counters take appointments, `daily_tickets` how many people a day can come without one,
    `languages` what is spoken besides German (BCP 47 tags) at a counter, by its number, `phone` the number to call when
    the video does not work. The district of a virtual station is 0.
    """

    key: str
    name: str
    district: int
    address: str | None
    counters: int = Field(ge=1)
    daily_tickets: int = Field(default=0, ge=0, le=999)
    kind: Literal["counter", "video"] = "counter"
    languages: dict[int, list[str]] = {}
    phone: str | None = None

    @model_validator(mode="after")
    def _video_has_a_phone(self) -> Self:
        if self.kind == "video" and self.phone is None:
            raise ValueError("a video station needs a phone number for when the video does not work")
        return self

    @model_validator(mode="after")
    def _languages_are_spoken_at_its_counters(self) -> Self:
        if not all(1 <= number <= self.counters for number in self.languages):
            raise ValueError("languages are given for counters by their numbers")
        return self


class CityService(CityData):
    """A service (Leistung); `names` and `bring` by language, German always among them.

    `words` are others people use for it, by language too: they are searched and shown nowhere. `situation` is a key of
    the city's life situations, `most` how many of it fit into one appointment (three children's passports), `stations`
    the keys of those that offer it; None means all with counters. `video` says whether it can be done by video too.
    `leika` is its key in the Leistungskatalog der öffentlichen Verwaltung, None where nobody has looked it up: 99, then
    three digits each for group, service, procedure and detail.
    """

    key: str
    leika: str | None = Field(default=None, pattern=r"^99[0-9]{12}$")
    names: dict[str, str]
    words: dict[str, list[str]] = {}
    situation: str
    minutes: int = Field(ge=1)
    bring: dict[str, list[str]]
    fee_cents: int | None = None
    most: int = Field(default=1, ge=1, le=9)
    stations: list[str] | None = None
    video: bool = False


class OpeningHours(CityData):
    """Opening hours on some weekdays (0 is Monday), in local time, at some stations; None means all with counters.

    `every_weeks` leaves out the weeks between, counted from the week of `valid_from`; `nth` means only the first to
    fourth such weekday of a month, or, for 5, the last. `staff_counters` of the counters are kept for bookings by
    staff; `services` limits the hours to some services, by their keys.
    """

    weekdays: list[int]
    opens: time
    closes: time
    stations: list[str] | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    every_weeks: int = Field(default=1, ge=1, le=8)
    nth: int | None = Field(default=None, ge=1, le=5)
    staff_counters: int = Field(default=0, ge=0)
    services: list[str] | None = None

    @model_validator(mode="after")
    def _weeks_are_counted_from_a_day(self) -> Self:
        if self.every_weeks > 1 and self.valid_from is None:
            raise ValueError("every_weeks needs valid_from")
        if self.every_weeks > 1 and self.nth is not None:
            raise ValueError("every_weeks and nth do not go together")
        return self


class CityPart(CityData):
    """What a service has of a city's data for itself, in a file of its own beside `city.json`: `<service>.json`.

    `examples` and `unchecked` as in `City`, of this file.
    """

    service: ClassVar[str]

    examples: list[str] = []
    unchecked: list[str] = []


P = TypeVar("P", bound=CityPart)


@dataclass(frozen=True, slots=True)
class Reach:
    """How to reach a station.

    `address` and the `map_url` that shows it are None where nobody has told the address. `phone` is the number to call,
    with its country code. `hours` are the opening hours of the city's data; staff may have changed them since.
    """

    address: str | None
    map_url: str | None
    phone: str
    hours: tuple[OpeningHours, ...]


class City(CityData):
    """A city.

    `sources` says where figures come from; what `examples` names has no source and is an example only. What `unchecked`
    names is meant to be right, but the city has not confirmed it. Both are paths such as `stations.counters`, or
    `stations.mitte.address` for one station.
    `reviews` says, by language, who has read the names of services and what to bring; None for nobody.
    `interpreter_languages` are those somebody can help with, by BCP 47 tag, each in its own spelling.
    `life_situations` are the headings services stand under, by key and language; `services` begin with those that are
    asked for most. `phrases` are German words of landmarks and equipment in other languages, also where staff type them
    anew. `parts` is what services have for themselves (`CityPart`), as JSON by service.
    """

    name: str
    ags: str
    state: str
    service_phone: str
    sources: dict[str, str]
    examples: list[str]
    unchecked: list[str] = []
    reviews: dict[str, Review | None] = {}
    slot_minutes: int = Field(ge=5)
    bookable_days: int = Field(ge=1)
    interpreter_languages: dict[str, str]
    opening_hours: list[OpeningHours]
    districts: list[District]
    stations: list[CityStation]
    life_situations: dict[str, dict[str, str]]
    services: list[CityService]
    phrases: dict[str, dict[str, str]] = {}
    parts: dict[str, str] = {}

    def part(self, kind: type[P]) -> P:
        """What a service has for itself.

        Raises:
            LookupError: this city has no file for the service.
            ValidationError: there is one that does not fit.
        """
        if kind.service not in self.parts:
            raise LookupError(f"{self.name} has no {kind.service}.json.")
        return cast(P, _part(kind, self.parts[kind.service]))

    def station(self, key: str) -> CityStation | None:
        """The station with a key."""
        return next((each for each in self.stations if each.key == key), None)

    def reach(self, key: str) -> Reach:
        """How to reach the station with a key; of a place that is none, such as a stop, only the phone is known."""
        station = self.station(key)
        if station is None:
            return Reach(None, None, self.service_phone, ())
        phone = station.phone or self.service_phone
        return Reach(station.address, map_of(station.address), phone, tuple(self._hours_at(station)))

    def _hours_at(self, station: CityStation) -> list[OpeningHours]:
        return [
            each
            for each in self.opening_hours
            if (station.kind == "counter" if each.stations is None else station.key in each.stations)
        ]

    @property
    def unread(self) -> list[str]:
        """The languages in which nobody has read the names of services and what to bring."""
        return [language for language, review in self.reviews.items() if review is None]

    @property
    def unconfirmed(self) -> list[tuple[str, str]]:
        """What the city should look at before people rely on it: what it is, and its path in the city's files."""
        nowhere = [each.key for each in self.stations if each.kind == "counter" and each.address is None]
        return [
            *(("missing", f"stations.{key}.address") for key in nowhere),
            *(("unchecked", path) for path in self._paths("unchecked")),
            *(("unread translation", f"services.names.{language}") for language in self.unread),
            *(("example", path) for path in self._paths("examples")),
        ]

    def _paths(self, field: Literal["examples", "unchecked"]) -> list[str]:
        of_parts = [f"{name}.{path}" for name, part in self.parts.items() for path in json.loads(part).get(field, ())]
        return [*getattr(self, field), *of_parts]

    def is_example(self, *path: str) -> bool:
        """Whether a value has no source, by itself or as part of something; `path` as in `examples`."""
        return any(".".join(path[:length]) in self.examples for length in range(1, len(path) + 1))

    def district_of(self, quarter: int) -> District:
        """The Stadtbezirk of an Ortsteil."""
        return next(each for each in self.districts if any(known.number == quarter for known in each.quarters))

    def banks_of(self, district: int, quarter: int | None = None) -> frozenset[str]:
        """The banks of the Rhine a place lies on.

        One bank where its Ortsteil is known. Otherwise those of its Stadtbezirk, which may be both; none where there is
        no such Stadtbezirk, as by video.
        """
        found = next((each for each in self.districts if each.number == district), None)
        if found is None:
            return frozenset()
        return frozenset(each.rhine_bank for each in found.quarters if quarter in (None, each.number))

    @classmethod
    def load(cls, name: str) -> "City":
        """Read a city's files; raises FileNotFoundError for a city without them."""
        return _load(name)


def known_cities() -> list[str]:
    """The names of the cities there are files of."""
    return sorted(file.parent.name for file in _CITIES.glob(f"*/{_COMMON}"))


def map_of(address: str | None) -> str | None:
    """A page with a map that shows an address."""
    return None if address is None else f"https://www.openstreetmap.org/search?query={quote(address)}"


@cache
def _load(name: str) -> City:
    folder = _CITIES / name
    parts = {file.stem: file.read_text() for file in sorted(folder.glob("*.json")) if file.name != _COMMON}
    return City.model_validate({**json.loads((folder / _COMMON).read_text()), "parts": parts})


@cache
def _part(kind: type[CityPart], content: str) -> CityPart:
    return kind.model_validate_json(content)
