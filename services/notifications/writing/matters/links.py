"""What templates say of the links somebody asked for."""

from datetime import datetime
from typing import Any

from babel.dates import format_date

from services.notifications.links.domain import OpenMatter, OpenMatters
from services.notifications.purposes import Purpose
from services.notifications.writing.values import said, short_day
from shared.clock import BERLIN
from shared.events.appointments import AppointmentFact, AppointmentState, OfferedSeat
from shared.web.formats import hhmm
from shared.web.i18n import Language


def link_values(language: Language, _: Purpose, open_matters: OpenMatters) -> dict[str, Any]:
    """The values of the templates `links`: `matters` has one entry for each link."""
    return {"matters": [_link(language, matter) for matter in open_matters.matters]}


def _link(language: Language, matter: OpenMatter) -> dict[str, Any]:
    """What the link is of: an `appointment`, an `offer` that wants an answer `until` then, or a place in line."""
    if isinstance(matter.fact, AppointmentFact):
        state = matter.fact.appointment
        until = state.instead_of.until if state.instead_of else None
        return {"url": matter.url, "number": state.number, **_time(language, state, until)}
    entry = matter.fact.entry
    if entry.offer:
        return {"url": matter.url, **_time(language, entry.offer, entry.offer.until)}
    named = [(said(service.names, language)[0], service) for service in entry.services]
    return {"url": matter.url, "kind": "waiting", "services": [(code, service.named(code)) for code, service in named]}


def _time(language: Language, time: AppointmentState | OfferedSeat, until: datetime | None) -> dict[str, Any]:
    starts_at = time.starts_at.astimezone(BERLIN)
    return {
        "kind": "offer" if until else "appointment",
        "day": format_date(starts_at.date(), "full", locale=language.locale),
        "short_day": short_day(starts_at, language),
        "start": hhmm(starts_at),
        "until_day": format_date(until.astimezone(BERLIN).date(), "full", locale=language.locale) if until else None,
        "until": hhmm(until) if until else None,
    }
