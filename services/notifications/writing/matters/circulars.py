"""What templates say to subscribers."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Any

from babel.dates import format_date

from services.notifications.news.domain import Circular, rule_of
from services.notifications.purposes import Purpose
from services.notifications.writing.values import STOP_NAME, short_day
from shared.clock import BERLIN
from shared.events.appointments import StationClosed
from shared.events.base import Fact
from shared.events.mobile_office import PLAN, MobilStopCancelled, MobilStopRescheduled, StopFact, StopState, page_of
from shared.web.formats import hhmm
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
    return {"purpose": rule.telling(fact).purpose, **_VALUES[rule.fact](language, fact)}


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


def _stop(language: Language, fact: StopFact) -> dict[str, Any]:
    """The values of the items of stops; `before` is there where the fact says what was announced before."""
    stop = fact.stop
    why = fact if isinstance(fact, MobilStopRescheduled) else stop
    return {
        **_when_and_where(language, stop),
        "page": page_of(fact.id),
        "plan": PLAN,
        "short_day": short_day(stop.arrives_at.astimezone(BERLIN), language),
        "short_place": stop.place.name,
        "landmark": stop.place.landmark,
        "before": _when_and_where(language, fact.before) if isinstance(fact, MobilStopRescheduled) else None,
        "reason": why.reason if isinstance(fact, MobilStopRescheduled | MobilStopCancelled) else None,
        "known_reason": why.known_reason,
    }


def _when_and_where(language: Language, stop: StopState) -> dict[str, str]:
    return {
        "day": format_date(stop.arrives_at.astimezone(BERLIN).date(), "full", locale=language.locale),
        "start": hhmm(stop.arrives_at),
        "end": hhmm(stop.departs_at),
        "place": STOP_NAME.format(stop.place.name),
    }


def _short(day: date, language: Language) -> str:
    return short_day(datetime.combine(day, time(), BERLIN), language)


_VALUES: Mapping[type[Fact], Callable[[Language, Any], dict[str, Any]]] = MappingProxyType(
    {StationClosed: _closure, StopFact: _stop}
)
