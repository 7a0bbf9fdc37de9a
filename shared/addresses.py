"""Mail addresses and phone numbers as people type them."""

from typing import Literal

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumberType

PhoneWrong = Literal["phone_missing", "phone_unusable", "phone_landline"]


def checked_mail(typed: str) -> str | None:
    """A mail address in its normal form (RFC 5321, 6531); None for what is none."""
    try:
        return validate_email(typed.strip(), check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def checked_phone(typed: str, *, for_sms: bool) -> tuple[str | None, PhoneWrong | None]:
    """A phone number in E.164, or what is wrong with it.

    It is read as German unless it starts with a country code. A landline cannot get SMS, and no one an extension.
    """
    if not typed.strip():
        return None, "phone_missing"
    try:
        number = phonenumbers.parse(typed.strip(), "DE")
    except phonenumbers.NumberParseException:
        return None, "phone_unusable"
    if number.extension or not phonenumbers.is_valid_number(number):
        return None, "phone_unusable"
    mobile = phonenumbers.number_type(number) in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if for_sms and not mobile:
        return None, "phone_landline"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), None
