"""The list of services as people look for it: by life situation, from A to Z, or by a word."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.appointments.offer.domain import Service
from services.appointments.offer.searching import Found, fold

MOST_ASKED = 6
"""How many of the services stand first; the city's data begin with those that are asked for most."""
DOCUMENTS, NEAR, TICKED = "documents", "near", "ticked"
"""Headings of what a search found, besides those of life situations."""


@dataclass(frozen=True, slots=True)
class Section:
    """Services under a heading: the key of a life situation, one for what a search found, or None for no heading."""

    heading: str | None
    services: Sequence[Service]


def by_situation(services: Sequence[Service], situations: Iterable[str]) -> list[Section]:
    """The services asked for most, then the others by life situation, in the order of the situations."""
    others = services[MOST_ASKED:]
    sections = [Section(key, [each for each in others if each.situation == key]) for key in situations]
    return [Section(None, services[:MOST_ASKED]), *(each for each in sections if each.services)]


def a_to_z(services: Iterable[Service], language: str) -> list[Service]:
    """The services by their names in a language; umlauts stand with their vowels."""
    return sorted(services, key=lambda each: fold(_name(each, language)))


def found_sections(found: Found, ticked: Iterable[Service]) -> list[Section]:
    """What a search found under headings of its own; what is ticked stays in the list whatever is searched for."""
    shown = {each.key for each in found.services}
    sections = [
        Section(None, found.hits),
        Section(DOCUMENTS, found.documents),
        Section(NEAR, found.near),
        Section(TICKED, [each for each in ticked if each.key not in shown]),
    ]
    return [each for each in sections if each.services]


def _name(service: Service, language: str) -> str:
    return service.names.get(language, service.names["de"])
