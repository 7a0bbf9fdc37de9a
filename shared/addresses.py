"""Mail addresses and phone numbers: as people type them, as they are written to, as they are compared."""

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import idna
import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumber, PhoneNumberType

from shared.lines import without_marks
from shared.numbers import plain_digits

PhoneWrong = Literal[
    "phone_missing", "phone_unclear", "phone_start", "phone_unusable", "phone_special", "phone_landline"
]
"""What keeps a phone number from being taken; the pages and the APIs have words for each."""

PHONE_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "phone_missing": "Give a mobile number, such as 0151 23456789.",
        "phone_unclear": "Give one phone number, in digits only and without an extension, such as 0151 23456789.",
        "phone_start": "Give a phone number that starts with 0 or a country code, such as 0151 23456789.",
        "phone_unusable": "Give a phone number that exists, such as 0151 23456789.",
        "phone_special": "Give a mobile or landline number of a country, such as 0151 23456789.",
        "phone_landline": "Give a mobile number; a landline cannot get SMS.",
    }
)
"""What APIs say about each mistake; pages speak of them in `shared.web.phones`."""

LONGEST_LOCAL_PART = 64
"""Octets in front of the @ (RFC 5321, section 4.5.3.1.1)."""
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_OF_A_PERSON = _MOBILE | {PhoneNumberType.FIXED_LINE, PhoneNumberType.VOIP}
_WITHOUT_COUNTRY = "001"
_MOST_DIGITS = 18
"""Fifteen at most (ITU-T E.164), a leading 00, and a written (0)."""


def checked_mail(typed: str) -> str | None:
    """A mail address in its normal form (RFC 5321, 6531), its domain as people read it; None for what is none.

    Characters without width, as come along with copied text, are dropped; joiners stay in a domain that is spelt with
    them.
    """
    local, at, domain = without_marks(typed).strip().rpartition("@")
    local, spelt = without_marks(local, joiners=False), _spelt(domain)
    plain = without_marks(spelt, joiners=False)
    if not at or len(local.encode()) > LONGEST_LOCAL_PART:
        return None
    try:
        checked = validate_email(f"{local}@{plain}", check_deliverability=False)
    except EmailNotValidError:
        return None
    return checked.normalized if plain == spelt else f"{checked.local_part}@{spelt}"


def routable(address: str) -> str:
    """A mail address as every mail server takes it: its domain in ASCII by IDNA 2008, in small letters.

    Letters beyond ASCII stay in front of the @ (RFC 6531).

    Raises:
        UnicodeError: the domain has characters no domain may have.
    """
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """A domain as the mail system and DNS know it (IDNA 2008, mapped by UTS 46, where "ß" is no "ss").

    Raises:
        UnicodeError: it has characters no domain may have.
    """
    return domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()


def normal_address(address: str) -> str:
    """The form in which mail addresses and phone numbers are compared, and of which keys of people are made.

    Capitals do not matter, as at nearly every mail server; all other letters do ("ß" is no "ss"). The two spellings of
    a domain are one.
    """
    local, at, domain = address.strip().rpartition("@")
    try:
        domain = ascii_domain(domain)
    except UnicodeError:
        domain = domain.lower()
    return unicodedata.normalize("NFC", local.lower()) + at + domain


def checked_phone(typed: str, *, for_sms: bool) -> tuple[str | None, PhoneWrong | None]:
    """A phone number in E.164, or what is wrong with it.

    It begins with 0 (then it is German), or with a country code: behind + or 00, or 49 alone. Digits of all scripts
    count, letters do not; there is one number, without an extension. Only numbers a person has are taken: mobile,
    landline, and over the internet. All others can cost those who call them, or nobody answers there: premium rate,
    shared cost, free call, personal (0700), pager, voice mail, numbers of companies, and those of no country
    (satellites, +8xx). A landline cannot get SMS.
    """
    written = plain_digits(typed)
    if not written:
        return None, "phone_missing"
    if not _is_one_number(written):
        return None, "phone_unclear"
    digits = "".join(each for each in written if each in "+0123456789")
    if digits.startswith("49"):
        digits = f"+{digits}"
    if not digits.startswith(("+", "0")):
        return None, "phone_start"
    try:
        number = phonenumbers.parse(digits, "DE")
    except phonenumbers.NumberParseException:
        return None, "phone_unusable"
    if wrong := _wrong_with(number, for_sms):
        return None, wrong
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), None


def _spelt(domain: str) -> str:
    """A domain as people read it, with joiners only where they are part of the spelling (IDNA 2008)."""
    try:
        return idna.decode(idna.encode(domain, uts46=True))
    except UnicodeError:
        return without_marks(domain, joiners=False)


def _is_one_number(written: str) -> bool:
    """Whether only digits and what separates them were typed, and one number only."""
    if not set(written) <= set("+0123456789 -./()"):
        return False
    if "+" in written.lstrip(" (")[1:] or sum(each.isdigit() for each in written) > _MOST_DIGITS:
        return False
    return [_is_whole(part) for part in written.split("/")].count(True) < 2


def _is_whole(part: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(part, "DE"))
    except phonenumbers.NumberParseException:
        return False


def _wrong_with(number: PhoneNumber, for_sms: bool) -> PhoneWrong | None:
    if not phonenumbers.is_valid_number(number):
        return "phone_unusable"
    kind = phonenumbers.number_type(number)
    if kind not in _OF_A_PERSON or phonenumbers.region_code_for_number(number) == _WITHOUT_COUNTRY:
        return "phone_special"
    return "phone_landline" if for_sms and kind not in _MOBILE else None
