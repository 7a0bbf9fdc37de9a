"""What templates say of an entry in the waiting list."""

from datetime import datetime, time
from typing import Any

from babel.dates import format_date, get_day_names

from services.notifications.purposes import Purpose
from services.notifications.writing.values import STATION, is_stop, name_of, said, short_day
from shared.clock import BERLIN
from shared.events.appointments import OfferedSeat, SeatOfferEnded, WaitingFact
from shared.web.formats import hhmm
from shared.web.i18n import Language

_EVERY_DAY = 7


def waiting_values(language: Language, purpose: Purpose, fact: WaitingFact) -> dict[str, Any]:
    """The values of the templates about the waiting list, with those of the time offered where there is one."""
    entry = fact.entry
    named = [(said(service.names, language)[0], service) for service in entry.services]
    names = get_day_names("wide", locale=language.locale)
    offer = fact.offer if isinstance(fact, SeatOfferEnded) else entry.offer
    last_moment = datetime.combine(entry.last_day, time(12), BERLIN)
    return {
        "services": [(code, service.named(code)) for code, service in named],
        "video": entry.kind == "video",
        "places": [name_of(place) for place in entry.places],
        "first_day": format_date(entry.first_day, "long", locale=language.locale),
        "last_day": format_date(entry.last_day, "long", locale=language.locale),
        "short_last_day": short_day(last_moment, language),
        "withdrawn": isinstance(fact, SeatOfferEnded) and fact.outcome == "withdrawn",
        "weekdays": [names[day] for day in entry.weekdays] if len(entry.weekdays) < _EVERY_DAY else [],
        **(_offered(offer, language) if offer else {}),
    }


def _offered(offer: OfferedSeat, language: Language) -> dict[str, Any]:
    starts_at, until = offer.starts_at.astimezone(BERLIN), offer.until.astimezone(BERLIN)
    return {
        "stop": is_stop(offer.place),
        "place": name_of(offer.place),
        "short_place": name_of(offer.place).removeprefix(STATION),
        "day": format_date(starts_at.date(), "full", locale=language.locale),
        "short_day": short_day(starts_at, language),
        "start": hhmm(starts_at),
        "end": hhmm(offer.ends_at),
        "until_day": format_date(until.date(), "full", locale=language.locale),
        "until_short_day": short_day(until, language),
        "until": hhmm(until),
    }
