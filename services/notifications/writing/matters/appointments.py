"""What templates say of an appointment."""

from typing import Any

from babel.dates import format_date

from services.notifications.telling.matters.appointments import Decided
from services.notifications.telling.purposes import Purpose
from services.notifications.writing.values import said, short_day
from shared.clock import BERLIN
from shared.events.appointments import (
    AlternativeOffered,
    AppointmentFact,
    AppointmentRescheduled,
    AppointmentState,
    DecidedBy,
)
from shared.web.formats import hhmm
from shared.web.i18n import GERMAN, Language


def appointment_values(language: Language, purpose: Purpose, fact: AppointmentFact) -> dict[str, Any]:
    """The values of the templates that extend `appointment.txt`, and of their SMS and subjects."""
    state = fact.appointment
    starts_at = state.starts_at.astimezone(BERLIN)
    bring = [said(service.bring or {GERMAN.code: []}, language) for service in state.services]
    named = [(said(service.names, language)[0], service) for service in state.services]
    return {
        "number": state.number,
        "services": [(code, service.named(code)) for code, service in named],
        "bring": list(dict.fromkeys((code, thing) for code, things in bring for thing in things)),
        "video": state.kind == "video",
        "place": state.place.name,
        "address": state.place.address,
        "day": format_date(starts_at.date(), "full", locale=language.locale),
        "short_day": short_day(starts_at, language),
        "start": hhmm(state.starts_at),
        "end": hhmm(state.ends_at),
        "before": _before(fact, language) if purpose in (Purpose.RESCHEDULING, Purpose.ALTERNATIVE) else None,
        "by_city": isinstance(fact, Decided) and fact.by != DecidedBy.CITIZEN,
        "reason": fact.reason if isinstance(fact, Decided) else _why_offered(state),
        "known_reason": fact.known_reason if isinstance(fact, Decided) else None,
        "until": _until(state, language),
    }


def _why_offered(state: AppointmentState) -> str | None:
    return state.instead_of.reason if state.instead_of else None


def _until(state: AppointmentState, language: Language) -> dict[str, str] | None:
    """Until when an offered time is kept."""
    if state.instead_of is None:
        return None
    until = state.instead_of.until.astimezone(BERLIN)
    return {
        "day": format_date(until.date(), "full", locale=language.locale),
        "short_day": short_day(until, language),
        "time": hhmm(until),
    }


def _before(fact: AppointmentFact, language: Language) -> dict[str, str] | None:
    """When and where a moved appointment was to be before."""
    if not isinstance(fact, (AppointmentRescheduled, AlternativeOffered)):
        return None
    starts_at = fact.before.starts_at.astimezone(BERLIN)
    return {
        "day": format_date(starts_at.date(), "full", locale=language.locale),
        "start": hhmm(starts_at),
        "place": fact.before.place.name,
    }
