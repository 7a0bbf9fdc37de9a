"""What a person may type, and what is wrong with it."""

from dataclasses import dataclass

from services.appointments.offer.domain import (
    Kind,
)
from shared.addresses import PhoneWrong, checked_mail, checked_phone
from shared.lines import is_legible, leads_elsewhere, one_line, says_something
from shared.people import Person

LONGEST_NAME = 120


LONGEST_REMARKS = 300


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a field: a code the pages and the API have words for."""

    field: str
    code: str


@dataclass(frozen=True, slots=True)
class PersonInput:
    """A person as typed: the raw texts."""

    name: str
    mail: str
    phone: str
    channels: tuple[str, ...]
    remarks: str = ""


@dataclass(frozen=True, slots=True)
class CheckedPerson:
    """A person whose addresses can be used; `phone` in E.164."""

    name: str
    mail: str | None
    phone: str | None
    channels: tuple[str, ...]
    remarks: str | None = None


def check_person(typed: PersonInput, channel_needed: bool = True) -> CheckedPerson | list[Wrong]:
    """Check all of what was typed at once.

    Mail addresses and phone numbers are checked as `shared.addresses` says. A name is refused that mails would greet
    with a link, an address or a phone number. Staff may book for people without any channel (`channel_needed`).
    """
    wrong: list[Wrong] = []
    name = one_line(typed.name)
    if not is_legible(name):
        wrong.append(Wrong("name", "name_illegible"))
    elif not says_something(name):
        wrong.append(Wrong("name", "name_missing"))
    elif leads_elsewhere(name):
        wrong.append(Wrong("name", "name_leads_elsewhere"))
    elif len(name) > LONGEST_NAME:
        wrong.append(Wrong("name", "name_too_long"))
    if channel_needed and not typed.channels:
        wrong.append(Wrong("channels", "channel_missing"))

    mail = phone = None
    if typed.mail.strip() or "mail" in typed.channels:
        mail = checked_mail(typed.mail)
        if mail is None:
            wrong.append(Wrong("mail", "mail_unusable" if typed.mail.strip() else "mail_missing"))
    if typed.phone.strip() or "sms" in typed.channels:
        phone, code = checked_phone(typed.phone, for_sms="sms" in typed.channels)
        if code:
            wrong.append(Wrong("phone", code))
    remarks = one_line(typed.remarks)
    if not is_legible(remarks):
        wrong.append(Wrong("remarks", "remarks_illegible"))
    elif len(remarks) > LONGEST_REMARKS:
        wrong.append(Wrong("remarks", "remarks_too_long"))
    return wrong or CheckedPerson(name, mail, phone, tuple(sorted(set(typed.channels))), remarks or None)


def check_mobile(typed: str) -> tuple[str | None, PhoneWrong | None]:
    """A mobile number as typed: the number in E.164, or the code of what is wrong with it."""
    return checked_phone(typed, for_sms=True)


VIDEO_CONSENT = "2026-11"
"""The version of the text of consent (Art. 6 (1) a and 7 GDPR) in `consent.html`: another text, another version."""


@dataclass(frozen=True, slots=True)
class Details:
    """The person that books, and how they want to hear from us: message, interpreter and page language (BCP 47).

    `consent` is the version of the text they agreed to; an appointment by video needs one.
    """

    person: CheckedPerson
    language: str
    interpreter: str | None
    page_language: str | None = None
    consent: str | None = None

    @property
    def kept(self) -> Person:
        """The person as the service keeps them."""
        person = self.person
        return Person(name=person.name, mail=person.mail, phone=person.phone, remarks=person.remarks)


@dataclass(frozen=True, slots=True)
class TypedDetails:
    """Details as typed into a form, right or wrong."""

    person: PersonInput
    language: str
    interpreter: str | None
    page_language: str | None = None
    consent: str | None = None

    def checked(self, kind: Kind) -> Details | list[Wrong]:
        """The details for an appointment of a kind, or all that is wrong with them."""
        person = check_person(self.person)
        wrong = [] if isinstance(person, CheckedPerson) else person
        if kind is Kind.VIDEO and self.consent != VIDEO_CONSENT:
            wrong = [*wrong, Wrong("consent", "consent_missing")]
        if wrong or not isinstance(person, CheckedPerson):
            return wrong
        return Details(person, self.language, self.interpreter, self.page_language, self.consent)
