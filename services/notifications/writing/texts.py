"""Texts: what a notice says on a channel, in the reader's language."""

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from babel.dates import format_date, format_skeleton, format_time
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifications.telling.domain import Purpose
from shared.clock import BERLIN
from shared.events.appointments import AppointmentCancelled, AppointmentFact, AppointmentRescheduled, Contact

DEFAULT_LANGUAGE = "de"
TEMPLATES = Path(__file__).parent.parent / "templates"
EUROPEAN = MappingProxyType({"en": "en_GB"})
"""Where a language alone would mean the dates of another continent."""


@dataclass(frozen=True, slots=True)
class MailText:
    """The texts of a mail."""

    language: str
    subject: str
    plain: str
    html: str


class Texts:
    """Renders the templates under `templates/<language>/`; a value they miss is an error.

    Args:
        city: the city's name, as the sender signs.
    """

    def __init__(self, city: str) -> None:
        self._city = city
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            autoescape=select_autoescape(enabled_extensions=("html",), default=False),
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.languages = frozenset(path.name for path in TEMPLATES.iterdir() if path.is_dir())

    def mail(self, purpose: Purpose, fact: AppointmentFact, contact: Contact) -> MailText:
        """The texts of a mail about an appointment."""
        language = self.language_of(fact)
        values = self._values(language, fact, contact)

        def render(kind: str) -> str:
            return self._environment.get_template(f"{language}/{purpose}.{kind}").render(values)

        return MailText(language, render("subject.txt").strip(), render("txt"), render("html"))

    def sms(self, purpose: Purpose, fact: AppointmentFact, contact: Contact) -> str:
        """The text of an SMS about an appointment."""
        language = self.language_of(fact)
        template = self._environment.get_template(f"{language}/{purpose}.sms.txt")
        return template.render(self._values(language, fact, contact)).strip()

    def language_of(self, fact: AppointmentFact) -> str:
        """The language to write in: the one asked for, else the one it is a variant of, else German."""
        asked = fact.appointment.language
        return next((tag for tag in (asked, asked.partition("-")[0]) if tag in self.languages), DEFAULT_LANGUAGE)

    def _values(self, language: str, fact: AppointmentFact, contact: Contact) -> dict[str, Any]:
        state = fact.appointment
        starts_at = state.starts_at.astimezone(BERLIN)
        locale = EUROPEAN.get(language, language)
        bring = [
            thing for service in state.services for thing in service.bring.get(language, service.bring.get("de", []))
        ]
        return {
            "city": self._city,
            "language": language,
            "name": " ".join(contact.name.split()),
            "manage_url": contact.manage_url,
            "number": state.number,
            "services": [service.named(language) for service in state.services],
            "bring": list(dict.fromkeys(bring)),
            "place": state.place.name,
            "address": state.place.address,
            "day": format_date(starts_at.date(), "full", locale=locale),
            "short_day": format_skeleton("MEd", starts_at, locale=locale),
            "time": format_time(starts_at, "HH:mm", locale=locale),
            "until": format_time(state.ends_at.astimezone(BERLIN), "HH:mm", locale=locale),
            "before": _before(fact, locale),
            "by_city": isinstance(fact, (AppointmentRescheduled, AppointmentCancelled)) and fact.by != "citizen",
            "reason": fact.reason if isinstance(fact, AppointmentCancelled) else None,
        }


def _before(fact: AppointmentFact, locale: str) -> dict[str, str] | None:
    """When and where a moved appointment was to be before."""
    if not isinstance(fact, AppointmentRescheduled):
        return None
    starts_at = fact.before.starts_at.astimezone(BERLIN)
    return {
        "day": format_date(starts_at.date(), "full", locale=locale),
        "time": format_time(starts_at, "HH:mm", locale=locale),
        "place": fact.before.place.name,
    }
