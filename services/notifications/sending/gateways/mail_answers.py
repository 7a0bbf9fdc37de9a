"""What a mail server's answers mean: whether they speak of us, of a mail, or of the person it is for."""

import re
from enum import StrEnum

from services.notifications.sending.domain import Answer, Result

_ENHANCED = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_RELAY = re.compile(r"relay", re.IGNORECASE)

_ADDRESS_GONE = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10")
"""Status codes that mean there is no such mailbox or domain (RFC 3463, RFC 7505)."""
_OUR_CODES = frozenset({432, 454, 500, 502, 503, 504, 521, 525, 530, 534, 535, 538, 555})
"""The order and the parameters of our commands (RFC 5321, 4.2.2), a host that takes no mail (RFC 7504), login and TLS
(RFC 3207, RFC 4954)."""
_OUR_STATUS = re.compile(
    r"""[45]\.(?:
        1\.[78]             # our own address (RFC 3463)
      | 3\.[125]            # the server is full, takes no messages, or is set up wrongly (RFC 3463)
      | 7\.(?:3|8|9|1[0-4]) # login (RFC 4954, RFC 5248)
      | 7\.2\d              # our name, DKIM, SPF (RFC 7372)
      | 7\.(?:54|57|60|61)  # relaying, login, sending in somebody's name, as Exchange says it
    )""",
    re.VERBOSE,
)
_TOO_LARGE = ("5.2.3", "5.3.4")
SEVERAL = 3
"""So many refusals in a row that may be about us are about us."""


class Stage(StrEnum):
    """How far we had come when the server answered."""

    CONNECTION = "connection"
    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"


class About(StrEnum):
    """What an answer is about. `perhaps us`: refused for reasons of policy, which may be this mail's or ours."""

    US = "us"
    PERHAPS_US = "perhaps us"
    THE_MAIL = "the mail"


def address_gone(status: str) -> bool:
    """Whether an enhanced status code says that the address does not exist."""
    return status in _ADDRESS_GONE


def status_in(text: str) -> str:
    """The enhanced status code (RFC 3463) in an answer's text; "" where there is none."""
    found = _ENHANCED.search(text)
    return found[0] if found else ""


def about(stage: Stage, code: int, text: str) -> About:
    """What a refusal is about (RFC 5321, 4.2; RFC 3463, section 3).

    Before a recipient is named it can only be us, or the size of the mail (RFC 1870) and its address beyond ASCII (RFC
    6531). Afterwards codes that concern login, relaying, our own address or the server itself are about us as well.
    Security and policy (x.7.y) may be either, and so may content refused without a word about the content (x.6.y): many
    servers give that one code to a mail that looks like spam and to a sender they do not know.
    """
    status = status_in(text)
    subject = status[1:4]
    if stage is Stage.CONNECTION:
        return About.US
    if code == 552 or status in _TOO_LARGE or subject == ".6.":
        return About.THE_MAIL
    if stage is Stage.SENDER or code in _OUR_CODES or _OUR_STATUS.fullmatch(status):
        return About.US
    if _RELAY.search(text) and (not status or subject == ".7."):
        return About.US
    if subject == ".7." or (stage is Stage.CONTENT and code >= 500 and subject in ("", ".0.", ".3.")):
        return About.PERHAPS_US
    return About.THE_MAIL


def result_of(stage: Stage, code: int, text: str, whom: About) -> Result:
    """What a refusal means for a mail (RFC 5321, 4.2.1): 4yz not now, 5yz never, 421 the server wants to be left alone.

    What is about us is mended by us: to us the server is as good as away until then. What may be about us is tried
    again where only the envelope was seen, and taken at its word where the whole mail was.
    """
    status = status_in(text)
    said = f"{code} {status}".strip()
    if code == 421:
        return Result(Answer.TOO_FAST, error=f"throttled {said}")
    if not 400 <= code < 600:  # an answer nobody can read; once the content is handed over it may have meant yes
        answer = Answer.NONE if stage is Stage.CONTENT else Answer.AWAY
        return Result(answer, error="no answer that can be read" if answer is Answer.NONE else "away unreadable")
    if whom is About.US:
        return Result(Answer.AWAY, error=f"{'barred' if code >= 500 else 'away'} {said}")
    if code < 500 or (whom is About.PERHAPS_US and stage is Stage.RECIPIENT):
        return Result(Answer.NOT_NOW, error=f"{'policy' if code >= 500 else 'temporary'} {said}")
    return Result(Answer.REFUSED, error=f"permanent {said}", address_gone=address_gone(status))
