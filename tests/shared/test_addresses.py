"""Addresses as people type them, as they are written to, as they are compared."""

from typing import get_args
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.addresses import PHONE_MESSAGES, PhoneWrong, checked_mail, checked_phone, normal_address, routable
from shared.people import People, Person
from shared.settings import development_secret
from shared.web.phones import phone_errors

SECRET = SecretStr(development_secret("people"))


@pytest.mark.parametrize(
    ("typed", "checked", "routed"),
    [
        ("anna@stra\u00dfe.example", "anna@stra\u00dfe.example", "anna@xn--strae-oqa.example"),
        ("Anna@XN--STRAE-OQA.example", "Anna@stra\u00dfe.example", "Anna@xn--strae-oqa.example"),
        ("anna@STRASSE.example", "anna@strasse.example", "anna@strasse.example"),
        (
            "a@\u03b2\u03cc\u03bb\u03bf\u03c2.example",
            "a@\u03b2\u03cc\u03bb\u03bf\u03c2.example",
            "a@xn--nxasmm1c.example",
        ),
        (
            "a@\u0392\u038c\u039b\u039f\u03a3.example",
            "a@\u03b2\u03cc\u03bb\u03bf\u03c3.example",
            "a@xn--nxasmq6b.example",
        ),
        ("a@\u0130zmir.example", "a@i\u0307zmir.example", "a@xn--izmir-7fd.example"),
        (
            "a@\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.example",
            "a@\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.example",
            "a@xn--mgba3gch31f060k.example",
        ),
        (
            "a@\u0dc1\u0dca\u200d\u0dbb\u0dd3.example",
            "a@\u0dc1\u0dca\u200d\u0dbb\u0dd3.example",
            "a@xn--10cl1a0b660p.example",
        ),
        ("j\u00fcrgen@b\u00fcro.example", "j\u00fcrgen@b\u00fcro.example", "j\u00fcrgen@xn--bro-hoa.example"),
        ("\u202aan\u200bna@ex\u200cam\u00ad.example\u202c\ufeff", "anna@exam.example", "anna@exam.example"),
        (f"{'a' * 64}@ex.example", f"{'a' * 64}@ex.example", f"{'a' * 64}@ex.example"),
    ],
)
def test_a_mail_goes_to_the_domain_that_was_typed(typed: str, checked: str, routed: str) -> None:
    found = checked_mail(typed)
    assert found == checked
    assert routable(found) == routed
    assert checked_mail(routed) == checked
    assert (
        normal_address(checked) == normal_address(routed) == normal_address(f" {routed.upper()} ".replace("SS", "ss"))
    )


@pytest.mark.parametrize(
    "typed",
    [
        *("", "@", "anna", "a@b@c.example", "anna@", "@example.org", "a b@example.org", "a\x00@example.org"),
        *("anna@\u2615.example", "anna@xn--strasse-.example", "anna@exam\ufffdple.org", "anna@exa mple.org"),
        *(
            "a" * 65 + "@example.org",
            "\u00e9" * 33 + "@example.org",
            "anna@-x.example",
            "anna@example.org\nBcc: x@y.example",
        ),
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    assert checked_mail(typed) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna@stra\u00dfe.example", "anna@strasse.example"),
        ("wei\u00df@example.org", "weiss@example.org"),
        ("\u0130pek@example.org", "ipek@example.org"),
        ("a@\u03b2\u03cc\u03bb\u03bf\u03c2.example", "a@\u03b2\u03cc\u03bb\u03bf\u03c3.example"),
        ("a@\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.example", "a@\u0646\u0627\u0645\u0647\u0627\u06cc.example"),
        ("+4915123456789", "+4915123456780"),
    ],
)
def test_two_addresses_are_two_people(one: str, other: str) -> None:
    people = People(SECRET, SECRET)
    keys = {people.person_key(_person(address)) for address in (one, other)}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna@Stra\u00dfe.example", "anna@xn--strae-oqa.example"),
        ("anna@XN--STRAE-OQA.EXAMPLE", "anna@stra\u00dfe.example"),
        ("WEI\u1e9e@example.org", "wei\u00df@EXAMPLE.org"),
        ("J\u00dcRGEN@example.org", "ju\u0308rgen@example.org"),
        ("\u0130pek@example.org", "\u0130PEK@example.org".replace("PEK", "pek")),
    ],
)
def test_one_address_is_one_person_however_it_is_written(one: str, other: str) -> None:
    people = People(SECRET, SECRET)
    assert people.person_key(_person(one)) == people.person_key(_person(other))


def _person(address: str) -> Person:
    return Person(name=str(uuid4()), **{"mail" if "@" in address else "phone": address})


@given(st.text(max_size=80) | st.tuples(st.text(max_size=20), st.text(max_size=20)).map("@".join))
def test_comparing_takes_any_text_and_changes_nothing_twice(address: str) -> None:
    once = normal_address(address)
    assert normal_address(once) == once


MOBILE = "+4915123456789"


@pytest.mark.parametrize(
    "typed",
    [
        *("0151 23456789", "0151/23456789", "(0151) 234 567 89", "0151.234.567.89", "0151-23456789", " 015123456789 "),
        *("+49 151 23456789", "+49 (0)151 23456789", "+49 0151 23456789", "(+49) 151 23456789"),
        *("0049 151 23456789", "0049(0)15123456789", "49 151 23456789", "4915123456789", "49 (0) 151 23456789"),
        "\u0660\u0661\u0665\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669",
        "\uff0b\uff14\uff19\uff11\uff15\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19",
        "\u202a+49 151 23456789\u202c",
        "\u2068\u200e0151\u00a0234\u202f567\u200989\u2069",
        *(f"0151{dash}23456789" for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"),
    ],
)
def test_one_number_is_written_in_many_ways(typed: str) -> None:
    assert checked_phone(typed, for_sms=True) == (MOBILE, None)


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        *((typed, "phone_missing") for typed in ("", "  ", "\u200e\u00a0")),
        *(
            (typed, "phone_unclear")
            for typed in ("0151 1234 Mama", "0151 BLUMEN", "1-800-FLOWERS", "O151 23456789", "\u0430151")
        ),
        *((typed, "phone_unclear") for typed in ("0151 23456789 / 0152 23456789", "0151 23456789, 0152 23456789")),
        *((typed, "phone_unclear") for typed in ("0203 94000 / 0203 94001", "0151+23456789", "+49+15123456789")),
        *(
            (typed, "phone_unclear")
            for typed in ("0203 94000 ext. 5", "0203 94000;ext=5", "0203 94000 #5", "0203 94000 DW 5")
        ),
        *(
            (typed, "phone_unclear")
            for typed in ("+49 151 23456789 oder 0203 94000", "0151\u00b2 23456789", "x" * 300, "9" * 300)
        ),
        *(
            (typed, "phone_start")
            for typed in ("151 23456789", "1 512 345 6789", "43 664 1234567", "110", "116117", "-", "/")
        ),
        *(
            (typed, "phone_unusable")
            for typed in ("0151 2345678", "0151 234567890", "00", "+", "+999 12345678", "0110", "+49")
        ),
        *((typed, "phone_special") for typed in ("0900 1 123456", "0137 1234567", "0180 5 123456", "0700 12345678")),
        *((typed, "phone_special") for typed in ("0800 1234567", "0164 12345678", "0181 123456", "+1 900 234 5678")),
        *(
            (typed, "phone_special")
            for typed in ("+881 6 12345678", "+870 773 123456", "+882 13 300655", "+808 12345678")
        ),
    ],
)
def test_what_is_no_number_of_a_person_is_refused_for_sms_and_calls(typed: str, wrong: str) -> None:
    assert checked_phone(typed, for_sms=True) == (None, wrong)
    assert checked_phone(typed, for_sms=False) == (None, wrong)


def test_pages_and_apis_have_words_for_everything_that_can_be_wrong() -> None:
    assert set(phone_errors(str)) == set(PHONE_MESSAGES) == set(get_args(PhoneWrong))


def test_a_landline_can_be_called_and_gets_no_sms() -> None:
    assert checked_phone("0203 94000", for_sms=False) == ("+4920394000", None)
    assert checked_phone("0203/94000", for_sms=True) == (None, "phone_landline")
    assert checked_phone("+39 06 1234 5678", for_sms=False) == ("+390612345678", None)


@given(st.text(max_size=60) | st.text("0123456789+-/ ()", max_size=30))
def test_any_text_is_a_number_or_has_something_wrong(typed: str) -> None:
    number, wrong = checked_phone(typed, for_sms=False)
    assert (number is None) != (wrong is None)
