"""Rules of the desk."""

from datetime import datetime, timedelta

import pytest

from services.appointments.booking.domain import REASONS, Status
from services.appointments.desk.domain import (
    Reason,
    decision,
    may_arrive,
    may_change,
    may_miss,
    may_take_back,
    must_call,
)
from services.appointments.desk.pages.unreached import PURPOSES
from services.appointments.persons.domain import CheckedPerson, PersonInput, Wrong, check_person
from services.notifications.purposes import Purpose
from services.notifications.telling.matters.appointments import APPOINTMENTS
from services.notifications.telling.matters.tickets import TICKETS
from services.notifications.telling.matters.waiting import WAITING_LIST
from shared.clock import BERLIN
from shared.events.appointments import DecidedBy, KnownReason
from shared.numbers import number_of

START = datetime(2026, 12, 1, 9, 20, tzinfo=BERLIN)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("now", "arrives"),
    [
        (START - timedelta(hours=9, minutes=20), True),
        (START - timedelta(hours=9, minutes=20) - SECOND, False),
        (START, True),
        (START + timedelta(hours=14), True),
        (START + timedelta(hours=15), False),
    ],
)
def test_people_arrive_on_the_day_of_their_appointment(now: datetime, arrives: bool) -> None:
    assert may_arrive(Status.CONFIRMED, START, now) is arrives


def test_nobody_is_missed_before_the_start_or_changed_from_it_on() -> None:
    assert not may_miss(Status.CONFIRMED, START, START - SECOND)
    assert may_miss(Status.CONFIRMED, START, START)
    assert may_change(Status.CONFIRMED, START, START - SECOND)
    assert not may_change(Status.CONFIRMED, START, START)


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.CONFIRMED])
def test_only_who_is_expected_arrives_or_is_missed(status: Status) -> None:
    assert not may_arrive(status, START, START)
    assert not may_miss(status, START, START)
    assert may_change(status, START, START - SECOND) == (status in (Status.ARRIVED, Status.OFFERED))
    assert may_take_back(status) == (status is Status.ARRIVED)


def test_every_reason_is_known_and_has_words_but_the_citizens_own() -> None:
    assert set(REASONS) == set(KnownReason)
    for reason in Reason:
        assert decision(reason) == (
            (DecidedBy.CITIZEN, None) if reason is Reason.ASKED else (DecidedBy.STAFF, KnownReason(reason))
        )


@pytest.mark.parametrize(
    ("purpose", "channels", "calls"),
    [
        ("confirmation", ("mail",), True),
        ("reminder", ("sms",), True),
        ("missed", ("mail",), False),
        ("confirmation", (), False),
        ("reminder", (), False),
        ("missed", (), False),
        ("cancellation", (), True),
        ("alternative", (), True),
        ("rescheduling", (), True),
    ],
)
def test_who_wanted_no_messages_is_called_when_something_changes(
    purpose: str, channels: tuple[str, ...], calls: bool
) -> None:
    assert must_call(purpose, channels) is calls


def test_the_page_of_whom_to_call_has_words_for_all_that_people_are_called_about() -> None:
    rules = [rule for kind in (APPOINTMENTS, TICKETS, WAITING_LIST) for rule in kind.rules]
    told = {rule.purpose.value for rule in rules if must_call(rule.purpose, ["mail"])}
    assert told | {Purpose.STILL_BOOKED.value} == set(PURPOSES)


@pytest.mark.parametrize("typed", ["4711-0815", " 47110815 ", "4711 0815"])
def test_numbers_are_found_however_they_are_typed(typed: str) -> None:
    assert number_of(typed) == "4711-0815"


@pytest.mark.parametrize("typed", ["", "4711-081", "4711-08155", "anna"])
def test_anything_else_is_no_number(typed: str) -> None:
    assert number_of(typed) is None


def test_only_staff_may_book_without_a_channel_and_then_a_landline_is_a_number_to_call() -> None:
    typed = PersonInput("Anna Muster", "", "0203 94000", ())
    assert check_person(typed, channel_needed=False) == CheckedPerson("Anna Muster", None, "+4920394000", ())
    assert check_person(typed) == [Wrong("channels", "channel_missing")]
