"""Texts: what a notice says on a channel, in the reader's language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final, TypeVar, get_args

from babel.dates import format_date, format_skeleton
from markupsafe import Markup
from pydantic import BaseModel, TypeAdapter

from services.notifications.telling.domain import Purpose
from services.notifications.writing.templates import TRANSLATIONS, Form, environment
from shared.clock import BERLIN
from shared.events.appointments import AppointmentCancelled, AppointmentFact, AppointmentRescheduled, Contact
from shared.web.formats import hhmm
from shared.web.i18n import GERMAN, MESSAGE_LANGUAGES, Language, message_language

REVIEWS = TRANSLATIONS / "reviews.json"

_T = TypeVar("_T")

_SHORT_DAY: Final = MappingProxyType({"de-simple": "MMMMd"})
"""The day in an SMS where the usual "Do., 26.11." would be too hard to read."""


@dataclass(frozen=True, slots=True)
class MailText:
    """The texts of a mail."""

    language: str
    subject: str
    plain: str
    html: str


class Review(BaseModel):
    """Who has checked the texts of a purpose in a language, and when."""

    by: str
    on: date


class Texts:
    """Renders the templates under `templates/` with the texts under `translations/`; a value they miss is an error.

    One template makes both forms of a mail: `parts.txt` and `parts.html` hold what differs. German is the source; a
    mail in a language whose texts nobody has reviewed (`translations/reviews.json`) carries the German text as well.

    Args:
        city: the city's name, as the sender signs.
    """

    def __init__(self, city: str) -> None:
        self._city = city
        self._environments = {
            (language.code, form): environment(language, form)
            for language in MESSAGE_LANGUAGES
            for form in get_args(Form)
        }
        self._reviews = TypeAdapter(dict[str, dict[Purpose, Review | None]]).validate_json(REVIEWS.read_bytes())

    def mail(self, purpose: Purpose, fact: AppointmentFact, contact: Contact) -> MailText:
        """The texts of a mail about an appointment."""
        language = message_language(fact.appointment.language)
        values = self._values(language, purpose, fact, contact)
        german = None if self.is_reviewed(language, purpose) else self._values(GERMAN, purpose, fact, contact)
        subject = self._render(language, "txt", f"{purpose}.subject.txt", values)

        def render(form: Form) -> str:
            return self._render(
                language,
                form,
                f"frame.{form}",
                {
                    "subject": subject,
                    "letter": self._letter(language, form, purpose, values),
                    "german": german and self._letter(GERMAN, form, purpose, german),
                },
            )

        return MailText(language.code, subject, render("txt"), render("html"))

    def sms(self, purpose: Purpose, fact: AppointmentFact, contact: Contact) -> str:
        """The text of an SMS about an appointment."""
        language = message_language(fact.appointment.language)
        return self._render(language, "txt", f"{purpose}.sms.txt", self._values(language, purpose, fact, contact))

    def is_reviewed(self, language: Language, purpose: Purpose) -> bool:
        """Whether somebody has checked the texts of a purpose; German needs nobody, it is the source."""
        return language == GERMAN or self._reviews[language.code][purpose] is not None

    def _letter(self, language: Language, form: Form, purpose: Purpose, values: Mapping[str, Any]) -> str:
        letter = self._render(language, form, f"{purpose}.txt", values)
        return Markup(letter) if form == "html" else re.sub(r"\n{3,}", "\n\n", letter)  # noqa: S704 - escaped

    def _render(self, language: Language, form: Form, template: str, values: Mapping[str, Any]) -> str:
        return self._environments[language.code, form].get_template(template).render(values).strip()

    def _values(self, language: Language, purpose: Purpose, fact: AppointmentFact, contact: Contact) -> dict[str, Any]:
        state = fact.appointment
        starts_at = state.starts_at.astimezone(BERLIN)
        bring = [_said(service.bring or {GERMAN.code: []}, language) for service in state.services]
        named = [(_said(service.names, language)[0], service) for service in state.services]
        return {
            "purpose": purpose,
            "city": self._city,
            "name": " ".join(contact.name.split()),
            "manage_url": contact.manage_url,
            "number": state.number,
            "services": [(code, service.named(code)) for code, service in named],
            "bring": list(dict.fromkeys((code, thing) for code, things in bring for thing in things)),
            "place": state.place.name,
            "address": state.place.address,
            "day": format_date(starts_at.date(), "full", locale=language.locale),
            "short_day": format_skeleton(_SHORT_DAY.get(language.code, "MEd"), starts_at, locale=language.locale),
            "start": hhmm(state.starts_at),
            "end": hhmm(state.ends_at),
            "before": _before(fact, language) if purpose is Purpose.RESCHEDULING else None,
            "by_city": isinstance(fact, (AppointmentRescheduled, AppointmentCancelled)) and fact.by != "citizen",
            "reason": fact.reason if isinstance(fact, AppointmentCancelled) else None,
        }


def _said(texts: Mapping[str, _T], language: Language) -> tuple[str, _T]:
    """What is said in a language, with the language it is said in: German where there is nothing else."""
    code = language.code if language.code in texts else GERMAN.code
    return code, texts[code]


def _before(fact: AppointmentFact, language: Language) -> dict[str, str] | None:
    """When and where a moved appointment was to be before."""
    if not isinstance(fact, AppointmentRescheduled):
        return None
    starts_at = fact.before.starts_at.astimezone(BERLIN)
    return {
        "day": format_date(starts_at.date(), "full", locale=language.locale),
        "start": hhmm(starts_at),
        "place": fact.before.place.name,
    }
