"""Rules of asking for one's links: how often, and what may be typed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from shared.addresses import checked_mail, checked_phone

PER_ADDRESS = 3
ADDRESS_WINDOW = timedelta(hours=24)
"""So many requests for one address are passed on within so long, whoever makes them; the others change nothing."""
PER_NETWORK = 20
"""So many requests one network address may make in an hour."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the links go to: a mail address, or a mobile number in E.164."""

    channel: Literal["mail", "sms"]
    value: str


def check_address(typed: str) -> Address | str:
    """The address somebody typed, or the code of what is wrong with it."""
    if not typed.strip():
        return "channel_missing"
    if "@" in typed:
        mail = checked_mail(typed)
        return Address("mail", mail) if mail else "mail_unusable"
    number, wrong = checked_phone(typed, for_sms=True)
    return Address("sms", number) if number else wrong or "phone_unusable"
