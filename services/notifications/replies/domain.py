"""Reading replies: what somebody who wrote an SMS wants, and which matter they mean."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from services.notifications.sending.domain import number_of
from shared.events.notifications import ReplyAnswer

MOST_ANSWERED = 3
"""So many matters at most are answered about at once."""

_CANCEL = {
    "de": "2 zwei absagen absage stornieren storno",
    "en": "two cancel cancelled",
    "tr": "iki iptal",
    "ar": "اثنان الغاء الغ",
}
_STOP = {"de": "stop stopp"}
_POLITE = {
    "de": "bitte danke hallo ich muss will mochte den meinen termin",
    "en": "please thanks thank you hello i want to my the appointment",
    "tr": "lutfen tesekkurler ederim merhaba randevu randevumu randevuyu ediyorum",
    "ar": "من فضلك شكرا موعدي الموعد",
}
"""Words that change nothing about what is wanted. All words here are as `_words` makes them: small, without marks."""


class Wish(StrEnum):
    """What an SMS asks for."""

    CANCEL = "cancel"
    STOP = "stop"


def understand(text: str) -> Wish | None:
    """What an SMS asks for; None where that is not beyond doubt.

    Spelling, case, punctuation, polite words and foreign digits do not matter. Every other word, and every question
    mark, makes it doubtful: nothing may be cancelled for somebody who wrote "please do not cancel".
    """
    said = set(_words(text)) - _all(_POLITE)
    if not said or re.search("[?؟]", text):
        return None
    if said <= _all(_CANCEL):
        return Wish.CANCEL
    return Wish.STOP if said <= _all(_STOP) else None


def is_for(ours: str, to: str) -> bool:
    """Whether an SMS was written to us: the gateway may take in SMS for others, too.

    Args:
        ours: the number that takes replies, in E.164; empty where none is known.
        to: the number it was written to, as the gateway has it; empty where it does not say.
    """
    return not ours or not to or number_of(to) == number_of(ours)


@dataclass(frozen=True, slots=True)
class Told:
    """A matter somebody was told of by SMS.

    `version` is the newest known; `asked` is the message that reminded of the matter as it is now, if one was sent.
    """

    matter: UUID
    version: int
    starts_at: datetime
    cancelled: bool
    asked: UUID | None = None

    def can_be_cancelled(self, moment: datetime) -> bool:
        """Whether an answer to the reminder that comes at this moment is in time."""
        return self.asked is not None and not self.cancelled and moment < self.starts_at


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from a reply: the matter to cancel, or the matters to answer about because nothing was done."""

    cancel: Told | None = None
    answer: Sequence[Told] = ()


def decide(wish: Wish | None, told: Sequence[Told], now: datetime) -> Decision:
    """What follows from an SMS.

    It cancels only if there is exactly one matter it can mean. Somebody asked about several, or not understood, is
    answered about each of them. A cancellation nobody asked for, or too late, is answered about what its sender was
    told of last, unless that is cancelled already.

    Args:
        told: what the sender was told of, the latest first.
    """
    asked = [each for each in told if each.can_be_cancelled(now)]
    if wish is Wish.CANCEL and len(asked) == 1:
        return Decision(cancel=asked[0])
    if asked:
        return Decision(answer=sorted(asked, key=lambda each: each.starts_at)[:MOST_ANSWERED])
    if wish is Wish.CANCEL and told and not told[0].cancelled:
        return Decision(answer=told[:1])
    return Decision()


def reply_id(reminder: UUID, answer: ReplyAnswer) -> UUID:
    """The same answer to the same reminder, however often it is sent and delivered."""
    return uuid5(reminder, f"reply/{answer}")


def _all(words: Mapping[str, str]) -> set[str]:
    return set(" ".join(words.values()).split())


def _words(text: str) -> list[str]:
    """The words of a text: small, without accents and other marks, digits as 0 to 9."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = [sign for sign in plain if unicodedata.category(sign) not in ("Mn", "Me", "Cf")]
    digits = [str(unicodedata.digit(sign, sign)) for sign in letters]
    return re.findall(r"\w+", "".join(digits).replace("sage ab", "absagen"))
