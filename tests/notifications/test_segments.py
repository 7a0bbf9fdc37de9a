"""SMS: the phone alphabet and segments."""

from hypothesis import given
from hypothesis import strategies as st

from services.notifications.writing.sms import plain, segments

GSM_ONE_SEPTET = (
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡§¿äöñüàÄÖÑÜ\n\r"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
GSM_TWO_SEPTETS = "^{}\\[~]|€"


@given(st.text(alphabet=GSM_ONE_SEPTET + GSM_TWO_SEPTETS, min_size=1, max_size=700))
def test_segments_of_the_phone_alphabet(text: str) -> None:
    assert segments(text) == _parts([2 if sign in GSM_TWO_SEPTETS else 1 for sign in text], 160, 153)


@given(st.text(min_size=1, max_size=300).map(lambda text: text + "я"))
def test_segments_of_other_alphabets(text: str) -> None:
    assert segments(text) == _parts([2 if ord(sign) > 0xFFFF else 1 for sign in text], 70, 67)


def _parts(units: list[int], alone: int, each: int) -> int:
    """Fill one part after the other; what takes two units is not split (3GPP TS 23.040)."""
    if sum(units) <= alone:
        return 1
    parts, room = 1, each
    for unit in units:
        if unit > room:
            parts, room = parts + 1, each
        room -= unit
    return parts


def test_typography_costs_no_segment() -> None:
    text = "„Termin“ – 9:20\u00a0Uhr…"
    assert plain(text) == '"Termin" - 9:20 Uhr...'
    assert segments(plain(text * 8)) == 1 + (len(plain(text * 8)) > 160)
