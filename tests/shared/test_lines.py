"""Names: what can be shown, and what leads elsewhere."""

import pytest

from shared.lines import greeted, is_legible, leads_elsewhere
from shared.numbers import id_number_of, number_of


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Ada Lovelace",
            "Dr.med.Anna Maria M\u00fcller",
            "Prof.Dr. \u00d6z",
            "J.R.R. Tolkien",
            "M.de Souza",
            "O'Neill",
            "Anna-Lena",
        ),
        *(
            "Elizabeth II.",
            "A. B. Schmidt jr.",
            "St.John Smith",
            "Louis 14.",
            "\u0639\u0644\u06cc",
            "Dipl.-Ing. Wu",
            "Sammy 1990",
            "X \u00c6 A-12",
        ),
        *("M\u00fcller, geb. Schmidt", "Familie Meier/Schulz", "\u738b\u5c0f\u660e"),
    ],
)
def test_names_of_people_are_greeted(name: str) -> None:
    assert greeted(f" {name} ") == name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Konto gesperrt: http://x.example",
            "HTTPS:x",
            "www.sparkasse",
            "konto-sperre.de",
            "Bitte bit.ly/abc",
            "x@example.org",
        ),
        *(
            "mailto:x",
            "Ruf 0151 23456789 an",
            "0900-123456",
            "\uff57\uff57\uff57\uff0esparkasse\uff0ede",
            "konto\u3002de",
            "Dr.konto.com",
        ),
        *("10.0.0.1", "tel 0 1 5 1 2 3", "konto.ing", "ftp://x", "\u0661\u0662\u0663\u0664\u0665\u0666"),
    ],
)
def test_names_that_lead_elsewhere_are_not(name: str) -> None:
    assert leads_elsewhere(name)
    assert greeted(name) == ""


def test_a_lost_letter_cannot_be_shown() -> None:
    assert not is_legible("M\ufffdller")
    assert not is_legible("M\x07ller")
    assert is_legible("M\u00fcller")


@pytest.mark.parametrize(
    "typed",
    [
        *("4711-0815", "47110815", " 4711 0815 ", "\u20684711-0815\u2069", "\u200f4711\u200e-0815", "4 7 1 1 0 8 1 5"),
        *(
            "\u0664\u0667\u0661\u0661-\u0660\u0668\u0661\u0665",
            "\uff14\uff17\uff11\uff11\uff0d\uff10\uff18\uff11\uff15",
        ),
        "\u096a\u096d\u0967\u0967 \u0966\u096e\u0967\u096b",
        *(
            f"4711{dash}0815"
            for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\u30fc\u00ad\u00a0\u202f"
        ),
    ],
)
def test_the_number_of_an_appointment_is_found_however_it_is_written(typed: str) -> None:
    assert number_of(typed) == "4711-0815"


@pytest.mark.parametrize(
    "typed", ["", "4711-081", "4711-08155", "4711-081\u00b2", "4711-081O", "4711/0815", "+47110815"]
)
def test_anything_else_is_no_number_of_an_appointment(typed: str) -> None:
    assert number_of(typed) is None


@pytest.mark.parametrize(
    "typed",
    ["N-3F2A-91BC", "n3f2a91bc", "\u2068N\u20133f2a\u201391bc\u2069", "\uff2e \uff13F2A 91BC", "N-3F2A-\u0669\u0661BC"],
)
def test_a_number_made_of_an_id_is_found_too(typed: str) -> None:
    assert id_number_of(typed) == "N-3F2A-91BC"


@pytest.mark.parametrize("typed", ["", "N-3F2A-91B", "N-3F2A-91BG", "3F2A-91BC", "4711-0815-0"])
def test_anything_else_is_none(typed: str) -> None:
    assert id_number_of(typed) is None
