"""SMS texts and what they cost: characters of the phone alphabet, and segments."""

import smsutil

_PLAIN = str.maketrans(
    {
        "–": "-",
        "—": "-",
        "„": '"',
        "“": '"',
        "”": '"',
        "‚": "'",
        "‘": "'",
        "’": "'",
        "…": "...",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2011": "-",
    }
)


def plain(text: str) -> str:
    """A text with typographic signs replaced by those of the phone alphabet (3GPP TS 23.038); letters are kept."""
    return text.translate(_PLAIN)


def segments(text: str) -> int:
    """How many segments a text takes: 160 or 153 septets each in GSM-7, 70 or 67 units in UCS-2 (3GPP TS 23.040)."""
    return len(smsutil.split(text).parts)
