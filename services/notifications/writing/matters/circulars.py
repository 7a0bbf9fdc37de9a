"""What templates say to subscribers."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Any

from babel.dates import format_date

from services.notifications.news.domain import Circular, rule_of
from services.notifications.telling.purposes import Purpose
from services.notifications.writing.values import short_day
from shared.clock import BERLIN
from shared.events.appointments import StationClosed
from shared.events.base import Fact
from shared.web.i18n import Language


def circular_values(language: Language, _: Purpose, circular: Circular) -> dict[str, Any]:
    """The values of the templates that extend `circular.txt`; `news` has one entry for each fact."""
    return {
        "news": [_item(language, fact) for fact in circular.facts],
        "unsubscribe_url": circular.unsubscribe_url,
        "day": format_date(circular.day, "full", locale=language.locale),
        "short_day": _short(circular.day, language),
    }


def _item(language: Language, fact: Fact) -> dict[str, Any]:
    rule = rule_of(fact)
    return {"purpose": rule.purpose_of(fact), **_VALUES[rule.fact](language, fact)}


def _closure(language: Language, fact: StationClosed) -> dict[str, Any]:
    """The values of `closure.item.txt` and `closure-lifted.item.txt`."""
    closure = fact.closure
    return {
        "place": closure.place.name,
        "address": closure.place.address,
        "reason": closure.reason,
        "first": format_date(closure.first_day, "full", locale=language.locale),
        "last": format_date(closure.last_day, "full", locale=language.locale),
        "short_first": _short(closure.first_day, language),
        "short_last": _short(closure.last_day, language),
    }


def _short(day: date, language: Language) -> str:
    return short_day(datetime.combine(day, time(), BERLIN), language)


_VALUES: Mapping[type[Fact], Callable[[Language, Any], dict[str, Any]]] = MappingProxyType({StationClosed: _closure})
