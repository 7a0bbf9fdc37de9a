"""Rules of booking: holds, and what a person may type."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from shared.addresses import PhoneWrong, checked_mail, checked_phone
from shared.calendar import previous_working_day
from shared.clock import BERLIN
from shared.events.appointments import KnownReason
from shared.lines import is_legible, leads_elsewhere, one_line, says_something

HOLD = timedelta(minutes=10)
EXTENSION = timedelta(minutes=10)
MOST_EXTENSIONS = 12
"""WCAG 2.2, success criterion 2.2.1, asks for at least ten."""

HOLD_WARNING = timedelta(minutes=2)
"""How long before its end a hold says so; WCAG 2.2, success criterion 2.2.1, asks for 20 seconds to extend it."""

LONGEST_NAME = 120
LONGEST_REMARKS = 300


class Status(StrEnum):
    """A held time is not yet an appointment; a confirmed one is binding; the others say how one ended.

    "Arrived" people may still be waiting; "missed" ones did not come. An offered one cannot take place as booked:
    another time is kept for the person to take, until a moment.
    """

    HELD = "held"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    MISSED = "missed"
    OFFERED = "offered"
    CANCELLED = "cancelled"


REASONS: Mapping[KnownReason, str] = MappingProxyType(
    {
        KnownReason.ILLNESS: "Bei uns sind Beschäftigte krank.",
        KnownReason.CLOSED: "Die Station muss schließen.",
        KnownReason.TECHNICAL: "Unsere Technik ist ausgefallen.",
        KnownReason.NOT_TAKEN: "Die Zeit, die wir für Sie freigehalten haben, wurde nicht rechtzeitig angenommen.",
    }
)
"""The city's fixed reasons in its own words; messages say them in every language."""

COMING = frozenset({Status.CONFIRMED, Status.ARRIVED})
"""The states of people expected, or here already."""


def hold_is_over(held_until: datetime | None, now: datetime) -> bool:
    """Whether a hold has ended, to the second."""
    return held_until is None or held_until <= now


def hold_ends_soon(held_until: datetime | None, now: datetime) -> bool:
    """Whether a hold is about to end."""
    return held_until is not None and now < held_until <= now + HOLD_WARNING


def alternative_is_over(status: Status, held_until: datetime | None, now: datetime) -> bool:
    """Whether the time offered instead is no longer kept, to the second."""
    return status is Status.OFFERED and hold_is_over(held_until, now)


def is_changeable(status: Status, held_until: datetime | None, starts_at: datetime, now: datetime) -> bool:
    """Whether the citizen can still move or cancel an appointment."""
    if status not in COMING | {Status.OFFERED} or starts_at <= now:
        return False
    return not alternative_is_over(status, held_until, now)


def held_until(starts_at: datetime, now: datetime) -> datetime:
    """Until when a time is held: never past its start, when nobody can come to it any more."""
    return min(now + HOLD, starts_at)


def extended(held_until: datetime, extensions: int, starts_at: datetime) -> datetime | None:
    """Until when an extension lasts; None when there are no more extensions, or the time begins before."""
    if extensions >= MOST_EXTENSIONS or held_until >= starts_at:
        return None
    return min(held_until + EXTENSION, starts_at)


def will_be_reminded(starts_at: datetime, now: datetime) -> bool:
    """Whether the reminder on the working day before is certain to come; a late booking gets none."""
    return previous_working_day(starts_at.astimezone(BERLIN).date()) > now.astimezone(BERLIN).date()


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
