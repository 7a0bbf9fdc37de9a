"""Takes a mail apart as far as reports need it, in a time that hardly depends on what the mail is like.

Every recipient knows an address that reports may come to. Python's own parser spends seconds on some mails of less than
a megabyte, in the middle of the event loop. So a mail is cut along its boundaries by searching alone, and only short
fields are looked at one by one. What has more parts, or is nested deeper, than any report is refused.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

LARGEST = 256 * 1024
"""Octets of a report. It holds one of our mails at most, and what a server says about it."""
PARTS = 30
DEPTH = 5
"""A report has three parts (RFC 6522). A server that passes it on may wrap it, or add some."""
LONGEST_FIELD = 1000
"""Characters of a field that are looked at."""

_END_OF_HEADER = re.compile(rb"\A\n|\n\n")
_CONTENT_TYPE = re.compile(rb"^content-type[ \t]*:(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_ENCODING = re.compile(rb"^content-transfer-encoding[ \t]*:(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_PIECES = re.compile(r'\\.|"(?:\\.|[^"\\])*"|[()]|[^\\"()]+|[\\"]', re.DOTALL)


class TooComplex(ValueError):
    """The mail has more parts, or is nested deeper, than a report."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part that has no parts itself: its type in small letters, its encoding, and its content still encoded."""

    type: str
    encoding: str
    encoded: bytes

    def content(self) -> bytes | None:
        """The content; None where its encoding is not known, so that nobody can tell what it says (RFC 2045, 6.4)."""
        match self.encoding:
            case "" | "7bit" | "8bit" | "binary":
                return self.encoded
            case "quoted-printable":
                return binascii.a2b_qp(self.encoded)
            case "base64":
                try:
                    return binascii.a2b_base64(self.encoded)
                except binascii.Error:
                    return None
        return None


def parts_of(mail: bytes) -> Iterator[Part]:
    """The parts of a mail, in their order; a mail that is enclosed in it as a whole counts as one part.

    Raises:
        TooComplex: only when more is asked for than `PARTS`, or deeper than `DEPTH`.
    """
    waiting = [iter([lines(mail)])]
    taken = 0
    while waiting:
        entity = next(waiting[-1], None)
        if entity is None:
            waiting.pop()
            continue
        taken += 1
        if taken > PARTS or len(waiting) > DEPTH:
            raise TooComplex("The mail is no report.")
        end = _END_OF_HEADER.search(entity)
        header, body = (entity[: end.start()], entity[end.end() :]) if end else (entity, b"")
        declared = Message()
        declared["Content-Type"] = _field(_CONTENT_TYPE, header) or "text/plain"
        boundary = _boundary(declared)
        if boundary:
            waiting.append(_split(body, boundary))
        else:
            yield Part(declared.get_content_type(), _field(_ENCODING, header).lower(), body)


def lines(content: bytes) -> bytes:
    """Content whose lines all end with a line feed."""
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def bare(value: str) -> str:
    """A structured field without comments (RFC 5322, 3.2.2), in one line."""
    kept, depth = [], 0
    for piece in _PIECES.findall(value[:LONGEST_FIELD].replace("\n", " ")):
        depth += (piece == "(") - (piece == ")" and depth > 0)
        if depth == 0 and piece != ")":
            kept.append(piece)
    return "".join(kept).strip()


def _field(pattern: re.Pattern[bytes], header: bytes) -> str:
    found = pattern.search(header)
    return bare(found[1].decode("ascii", "replace")) if found else ""


def _boundary(declared: Message) -> str | None:
    if declared.get_content_maintype() != "multipart":
        return None
    try:
        return declared.get_boundary()
    except (TypeError, ValueError, LookupError):  # what Python raises for parameters RFC 2231 does not allow
        return None


def _split(body: bytes, boundary: str) -> Iterator[bytes]:
    """What stands between the delimiters (RFC 2046, 5.1.1); the last one may be missing."""
    delimiter = re.compile(rb"\n--" + re.escape(boundary.encode("utf-8", "replace")) + rb"(--)?[ \t]*(?=\n|\Z)")
    body, begin = b"\n" + body, None
    for found in delimiter.finditer(body):
        if begin is not None:
            yield body[begin : found.start()]
        if found[1]:
            return
        begin = found.end() + 1
    if begin is not None:
        yield body[begin:]
