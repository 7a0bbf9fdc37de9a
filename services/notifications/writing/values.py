"""Values of templates that matters of several kinds need."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, TypeVar

from babel.dates import format_skeleton

from shared.events.appointments import Place
from shared.web.i18n import GERMAN, Language

_T = TypeVar("_T")

_SHORT_DAY: Final = MappingProxyType({"de-simple": "MMMMd"})
"""The day in an SMS where the usual "Do., 26.11." would be too hard to read."""

STOP_NAME: Final = "Bürgermobil: {}"
"""What a stop is called in every language: the first word is a proper name."""

STATION: Final = "Bürger-Service-Station "
"""What the names of stations begin with, left out where there is little room."""


def said(texts: Mapping[str, _T], language: Language) -> tuple[str, _T]:
    """What is said in a language, with the language it is said in: German where there is nothing else."""
    code = language.code if language.code in texts else GERMAN.code
    return code, texts[code]


def name_of(place: Place) -> str:
    """What a place is called; that of a stop says who comes there."""
    return STOP_NAME.format(place.name) if is_stop(place) else place.name


def is_stop(place: Place) -> bool:
    """Whether the Bürgermobil comes there."""
    return place.quarter is not None


def minutes(length: timedelta) -> str:
    """How many minutes something takes."""
    return str(length // timedelta(minutes=1))


def short_day(moment: datetime, language: Language) -> str:
    """A day in few letters, for an SMS."""
    return format_skeleton(_SHORT_DAY.get(language.code, "MEd"), moment, locale=language.locale)
