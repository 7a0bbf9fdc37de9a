"""What templates say of an appointment."""

from typing import Any

from babel.dates import format_date

from services.notifications.purposes import Purpose
from services.notifications.telling.matters.appointments import Decided, delay_of, expected_start
from services.notifications.writing.values import STATION, is_stop, minutes, name_of, said, short_day
from shared.arriving import CHECK_IN_BEFORE, LATE, ROOM_OPENS_BEFORE
from shared.clock import BERLIN
from shared.events.appointments import (
    AlternativeOffered,
    AppointmentCancelled,
    AppointmentDelayed,
    AppointmentFact,
    AppointmentRescheduled,
    AppointmentState,
    DecidedBy,
)
from shared.web.formats import hhmm
from shared.web.i18n import GERMAN, Language

_Reasoned = Decided | AppointmentDelayed | AlternativeOffered


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
        "stop": is_stop(state.place),
        "place": name_of(state.place),
        "short_place": name_of(state.place).removeprefix(STATION),
        "comes": state.status == "confirmed",
        "check_in_minutes": minutes(CHECK_IN_BEFORE),
        "late_minutes": minutes(LATE),
        "room_minutes": minutes(ROOM_OPENS_BEFORE),
        "day": format_date(starts_at.date(), "full", locale=language.locale),
        "short_day": short_day(starts_at, language),
        "start": hhmm(state.starts_at),
        "end": hhmm(state.ends_at),
        "late_start": hhmm(state.starts_at) + (f" (+{state.delay_minutes} min)" if state.delay_minutes else ""),
        "delay": state.delay_minutes,
        "expected": hhmm(expected_start(state)),
        "expected_end": hhmm(state.ends_at + delay_of(state)),
        "before": _before(fact, language) if purpose in (Purpose.RESCHEDULING, Purpose.ALTERNATIVE) else None,
        "by_city": isinstance(fact, Decided) and fact.by != DecidedBy.CITIZEN,
        "reason": fact.reason if isinstance(fact, Decided | AppointmentDelayed) else _why_offered(state),
        "known_reason": fact.known_reason if isinstance(fact, _Reasoned) else None,
        "waiting": isinstance(fact, AppointmentCancelled) and fact.waiting is not None,
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
        "place": name_of(fact.before.place),
    }
