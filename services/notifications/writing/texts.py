"""Texts: what a notice says on a channel, in the reader's language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, get_args

from icalendar import Event
from markupsafe import Markup
from pydantic import TypeAdapter

from services.notifications.links.domain import OpenMatters
from services.notifications.news.domain import Circular
from services.notifications.purposes import Purpose
from services.notifications.writing.matters import values_of
from services.notifications.writing.office import Office
from services.notifications.writing.templates import TRANSLATIONS, Form, environment
from shared.appointment_calendar import appointment_entry
from shared.city import City
from shared.events.appointments import AppointmentFact
from shared.events.personal import Contact, PersonalFact
from shared.lines import greeted
from shared.texts import Review
from shared.web.i18n import GERMAN, MESSAGE_LANGUAGES, Language, message_language

REVIEWS = TRANSLATIONS / "reviews.json"


Subject = PersonalFact | Circular | OpenMatters
"""What a message can be about."""


_NOBODY: Final = Contact(name="", manage_url="https://manage.invalid/")
_END_URL: Final = "https://unsubscribe.invalid/"


@dataclass(frozen=True, slots=True)
class MailText:
    """The texts of a mail."""

    language: str
    subject: str
    plain: str
    html: str


class Texts:
    """Renders the templates under `templates/` with the texts under `translations/`; a value they miss is an error.

    One template makes both forms of a mail: `parts.txt` and `parts.html` hold what differs. German is the source; a
    mail in a language whose texts nobody has reviewed (`translations/reviews.json`) carries the German text as well.

    Args:
        city: signs, and says whom to call, what things cost, and in which languages nobody has checked its names of
            services.
        pages: the address of the city's pages.
    """

    def __init__(self, city: City, pages: str) -> None:
        self._unread = city.unread
        self._office = Office(city, pages)
        self._environments = {
            (language.code, form): environment(language, form)
            for language in MESSAGE_LANGUAGES
            for form in get_args(Form)
        }
        # Circulars to thousands differ in their links alone, so each is written once, with these to be replaced.
        self._circular = lru_cache(maxsize=64)(self._write)
        self._reviews = TypeAdapter(dict[str, dict[Purpose, Review | None]]).validate_json(REVIEWS.read_bytes())

    def mail(self, purpose: Purpose, fact: Subject, contact: Contact) -> MailText:
        """The texts of the mail that gives a notice."""
        if not isinstance(fact, Circular):
            return self._write(purpose, fact, contact)
        end_url = None if fact.unsubscribe_url is None else _END_URL
        text = self._circular(purpose, replace(fact, unsubscribe_url=end_url), _NOBODY)
        plain, html = (
            form.replace(_NOBODY.manage_url, contact.manage_url).replace(_END_URL, fact.unsubscribe_url or "")
            for form in (text.plain, text.html)
        )
        return replace(text, plain=plain, html=html)

    def _write(self, purpose: Purpose, fact: Subject, contact: Contact) -> MailText:
        language = _language_of(fact)
        values = self._values(language, purpose, fact, contact)
        checked = self.is_reviewed(language, purpose) and not (language.code in self._unread and values.get("services"))
        german = None if checked else self._values(GERMAN, purpose, fact, contact)
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

    def calendar_entry(self, fact: AppointmentFact, contact: Contact, now: datetime) -> Event:
        """What a calendar says of an appointment."""
        reach = self._office.reach(fact.appointment.place)
        return appointment_entry(
            fact.id, fact.version, fact.appointment, reach=reach, url=contact.manage_url, stamp=now
        )

    def sms(self, purpose: Purpose, fact: Subject, contact: Contact, asks: bool = False) -> str:
        """The text of the SMS that gives a notice; `asks` says whether it can be answered."""
        language = _language_of(fact)
        values = self._values(language, purpose, fact, contact) | {"asks": asks}
        return self._render(language, "txt", f"{purpose}.sms.txt", values)

    def is_reviewed(self, language: Language, purpose: Purpose) -> bool:
        """Whether somebody has checked the texts of a purpose; German needs nobody, it is the source."""
        return language == GERMAN or self.review(language, purpose) is not None

    def review(self, language: Language, purpose: Purpose) -> Review | None:
        """The review of the texts of a purpose in a language; None for none, and for German."""
        return self._reviews.get(language.code, {}).get(purpose)

    def _letter(self, language: Language, form: Form, purpose: Purpose, values: Mapping[str, Any]) -> str:
        letter = self._render(language, form, f"{purpose}.txt", values)
        return Markup(letter) if form == "html" else re.sub(r"\n{3,}", "\n\n", letter)  # noqa: S704 - escaped

    def _render(self, language: Language, form: Form, template: str, values: Mapping[str, Any]) -> str:
        return self._environments[language.code, form].get_template(template).render(values).strip()

    def _values(self, language: Language, purpose: Purpose, fact: Subject, contact: Contact) -> dict[str, Any]:
        return {
            "purpose": purpose,
            "name": greeted(contact.name),
            "manage_url": contact.manage_url,
            "cancel_url": contact.cancel_url,
            "note": dict(contact.note),
            **values_of(language, purpose, fact),
            **self._office.values(language, fact),
        }


def _language_of(fact: Subject) -> Language:
    if isinstance(fact, Circular):
        return message_language(fact.language)
    return message_language((fact.request if isinstance(fact, OpenMatters) else fact).personal.language)
