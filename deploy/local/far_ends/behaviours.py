"""How a far end treats a message; the recipient decides.

A mail address of the simulator's domain names the behaviour in its local part (`slow@`, `flaky-2@`; a tag as in
`bounce-later+anna@` makes it one's own), a mobile number in its last two digits. Everybody else simply receives.

    Mail          SMS  The far end
    delivered     00   accepts; SMS: reports DELIVERED
    perm-fail     02   mail: 550 at RCPT; SMS: accepts, reports FAILED
    temp-fail     03   mail: 450 at RCPT, always; SMS: accepts, reports EXPIRED (the network tried)
    flaky-N       1N   refuses each message N times (451 at DATA; 503), then accepts
    bounce-later  04   accepts, later reports failure (RFC 3464; NOTDELIVERED)
    full          05   refuses, always (452 at RCPT; code 600)
    throttle      06   refuses a message until it waited as told (421 at DATA; 429 with Retry-After)
    slow          07   accepts, answers after the client's timeout
    drop          08   accepts, breaks the connection instead of answering
    no-receipt    09   accepts, never reports
    dup-receipt   20   accepts, reports twice (mail: failure, SMS: DELIVERED)
    late-receipt  21   accepts, reports (as above) before it answers
    complaint     30   accepts, the recipient complains (RFC 5965; a reply)
    unsubscribe   31   accepts, the recipient unsubscribes (RFC 8058; a reply STOP)
"""

import re
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers

SIMULATOR_DOMAIN = "simulator.stadt.example"


class Behaviour(StrEnum):
    """What a far end does with a message; the value is the local part of the mail address."""

    DELIVERED = "delivered"
    PERM_FAIL = "perm-fail"
    TEMP_FAIL = "temp-fail"
    FLAKY = "flaky"
    BOUNCE_LATER = "bounce-later"
    FULL = "full"
    THROTTLE = "throttle"
    SLOW = "slow"
    DROP = "drop"
    NO_RECEIPT = "no-receipt"
    DUP_RECEIPT = "dup-receipt"
    LATE_RECEIPT = "late-receipt"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    LANDLINE = "landline"


BY_LAST_DIGITS = {
    "00": Behaviour.DELIVERED,
    "02": Behaviour.PERM_FAIL,
    "03": Behaviour.TEMP_FAIL,
    "04": Behaviour.BOUNCE_LATER,
    "05": Behaviour.FULL,
    "06": Behaviour.THROTTLE,
    "07": Behaviour.SLOW,
    "08": Behaviour.DROP,
    "09": Behaviour.NO_RECEIPT,
    "20": Behaviour.DUP_RECEIPT,
    "21": Behaviour.LATE_RECEIPT,
    "30": Behaviour.COMPLAINT,
    "31": Behaviour.UNSUBSCRIBE,
}


@dataclass(frozen=True, slots=True)
class Conduct:
    """A behaviour; `refusals` is how often a flaky far end refuses each message before it accepts."""

    behaviour: Behaviour
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Delays:
    """How long things take, in seconds.

    `slow` must exceed the client's timeout; `receipt` is the usual time to a delivery receipt; `later` the time to
    whatever happens later (bounce, complaint); `throttle` the wait a throttled sender is told.
    """

    slow: float = 30
    receipt: float = 0.3
    later: float = 3
    throttle: float = 2


def conduct_of_address(address: str) -> Conduct:
    """How mail to an address is treated."""
    local, _, domain = address.lower().rpartition("@")
    name = local.partition("+")[0]
    if domain != SIMULATOR_DOMAIN:
        return Conduct(Behaviour.DELIVERED)
    if flaky := re.fullmatch(r"flaky-(\d{1,2})", name):
        return Conduct(Behaviour.FLAKY, refusals=int(flaky[1]))
    known = set(Behaviour) - {Behaviour.FLAKY, Behaviour.LANDLINE}
    return Conduct(Behaviour(name) if name in known else Behaviour.DELIVERED)


def conduct_of_number(number: str) -> Conduct:
    """How an SMS to a number is treated; numbers without a country code are German.

    Raises:
        ValueError: not a telephone number.
    """
    try:
        parsed = phonenumbers.parse(number, "DE")
    except phonenumbers.NumberParseException as error:
        raise ValueError(str(error)) from error
    if not phonenumbers.is_valid_number(parsed):
        raise ValueError("There is no such number.")
    if phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.FIXED_LINE:
        return Conduct(Behaviour.LANDLINE)
    digits = str(parsed.national_number)[-2:]
    if digits.startswith("1"):
        return Conduct(Behaviour.FLAKY, refusals=int(digits[1]))
    return Conduct(BY_LAST_DIGITS.get(digits, Behaviour.DELIVERED))
