"""Rules of the offer and of booking."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from dateutil.rrule import MONTHLY, WEEKLY, rrule, weekdays
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.booking.domain import MOST_EXTENSIONS, extended, held_until, hold_is_over, will_be_reminded
from services.appointments.offer.domain import (
    ClosedTime,
    Service,
    Station,
    counters_open_at,
    free_starts,
    free_times,
    run_of,
    slots_on,
)
from services.appointments.offer.ranking import nearest
from services.appointments.offer.windows import Hours
from services.appointments.persons.domain import CheckedPerson, PersonInput, check_person
from shared.calendar import is_public_holiday
from shared.clock import BERLIN
from tests.appointments.checks import in_minutes
from tests.appointments.rules import COUNTERS, GRID, MONDAY, local, station


def weekly(opens: time = time(9), closes: time = time(17)) -> list[Hours]:
    return [Hours(weekday, opens, closes) for weekday in range(7)]


slots = st.lists(st.integers(0, 47), unique=True).map(
    lambda numbers: [local(MONDAY, 9) + number * GRID.slot for number in sorted(numbers)]
)
takings = st.sets(st.tuples(st.sampled_from(COUNTERS), st.integers(0, 47)))


@given(slots, takings, st.integers(1, 6))
def test_a_start_is_free_exactly_if_one_counter_has_all_its_seats_free(
    open_slots: list[datetime], taken: set[tuple[str, int]], needed: int
) -> None:
    seats = [(counter, local(MONDAY, 9) + number * GRID.slot) for counter, number in taken]
    busy = {each: {start for counter, start in seats if counter == each} for each in COUNTERS}
    expected = [
        start
        for start in open_slots
        if any(
            all(seat in open_slots and seat not in busy[counter] for seat in run_of(start, needed, GRID))
            for counter in COUNTERS
        )
    ]
    assert free_starts(dict.fromkeys(open_slots, len(COUNTERS)), COUNTERS, in_minutes(busy), needed, GRID) == expected


@given(st.lists(st.integers(1, 6), max_size=40), st.randoms(use_true_random=False))
def test_seats_taken_one_after_the_other_never_overlap(lengths: list[int], random: object) -> None:
    """INVARIANT I3, as a rule: taking what is offered as free takes nobody's seat."""
    place, given_away = station(weekly()), 0
    taken: dict[str, set[datetime]] = {each: set() for each in COUNTERS}
    for needed in lengths:
        free = free_times(place, [MONDAY], in_minutes(taken), needed, GRID, local(MONDAY, 7))
        if not free:
            continue
        start = random.choice(free)  # type: ignore[attr-defined]
        seats = run_of(start, needed, GRID)
        counter = next(each for each in COUNTERS if taken[each].isdisjoint(seats))
        taken[counter] |= set(seats)
        given_away += needed
    assert sum(map(len, taken.values())) == given_away
    assert set().union(*taken.values()) <= set(slots_on(station(weekly()), MONDAY, GRID))


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_hold_ends_on_its_second(until: datetime) -> None:
    assert not hold_is_over(until, until - timedelta(microseconds=1))
    assert hold_is_over(until, until)


def test_a_hold_can_be_extended_at_least_ten_times_by_ten_minutes_each() -> None:
    begun = until = local(MONDAY, 9)
    for extensions in range(MOST_EXTENSIONS):
        longer = extended(until, extensions, local(MONDAY, 17))
        assert longer == begun + (extensions + 1) * timedelta(minutes=10)
        until = longer
    assert MOST_EXTENSIONS >= 10
    assert extended(until, MOST_EXTENSIONS, local(MONDAY, 17)) is None


def test_no_hold_lasts_longer_than_until_its_time_begins() -> None:
    now, starts_at = local(MONDAY, 9), local(MONDAY, 9, 5)
    assert held_until(local(MONDAY, 10), now) == now + timedelta(minutes=10)
    assert held_until(starts_at, now) == starts_at
    assert extended(now, 0, starts_at) == starts_at
    assert extended(starts_at, 1, starts_at) is None


@pytest.mark.parametrize(
    ("now", "promised"),
    [
        (local(date(2026, 11, 26), 18), True),
        (local(date(2026, 11, 27), 9), False),
        (local(date(2026, 11, 30), 8), False),
    ],
)
def test_only_who_books_before_the_working_day_before_is_promised_a_reminder(now: datetime, promised: bool) -> None:
    assert will_be_reminded(local(date(2026, 11, 30), 10), now) == promised


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_at_the_ends_of_the_calendar_are_not_offered(start: str) -> None:
    assert not counters_open_at(station(weekly()), datetime.fromisoformat(start), 1, GRID, local(MONDAY, 9))


@pytest.mark.parametrize(("minutes", "seats"), [([1], 1), ([10], 1), ([11], 2), ([10, 20], 3), ([40, 25], 7)])
def test_an_appointment_takes_the_seats_its_minutes_begin(minutes: list[int], seats: int) -> None:
    assert GRID.slots_for([Service(str(each), {}, {}, each) for each in minutes]) == seats


@pytest.mark.parametrize(
    ("place", "day", "expected"),
    [
        (station(weekly()), MONDAY, 48),
        (station(weekly(closes=time(9, 25))), MONDAY, 2),
        (station([Hours(0, time(9), time(12)), Hours(0, time(14), time(16))]), MONDAY, 30),
        (station([Hours(0, time(9), time(12)), Hours(0, time(11), time(13))]), MONDAY, 24),
        (station([Hours(1, time(9), time(17))]), MONDAY, 0),
        (station([Hours(0, time(9), time(17), valid_from=date(2026, 11, 24))]), MONDAY, 0),
        (station([Hours(0, time(9), time(17), valid_until=date(2026, 11, 22))]), MONDAY, 0),
        (station([Hours(0, time(9), time(17), MONDAY, MONDAY)]), MONDAY, 48),
        (station(weekly(), [ClosedTime(MONDAY, MONDAY, "Betriebsausflug")]), MONDAY, 0),
        (station(weekly(), [ClosedTime(date(2026, 11, 24), date(2026, 11, 30), "Umbau")]), MONDAY, 48),
        (station(weekly()), date(2026, 12, 25), 0),
        (station(weekly()), date(2026, 11, 1), 0),
    ],
    ids=[
        "a full day",
        "a slot must end before closing",
        "a lunch break",
        "overlapping hours count once",
        "another weekday",
        "not yet valid",
        "no longer valid",
        "valid on this day only",
        "closed",
        "closed from tomorrow on",
        "Christmas",
        "Allerheiligen",
    ],
)
def test_slots_of_a_day(place: Station, day: date, expected: int) -> None:
    assert len(slots_on(place, day, GRID)) == expected


days_of_years = st.dates(date(2026, 1, 1), date(2030, 12, 31))


@given(
    st.integers(0, 6),
    days_of_years,
    st.integers(0, 400),
    st.one_of(
        st.builds(lambda weeks: {"every_weeks": weeks}, st.integers(1, 9)),
        st.builds(lambda nth: {"nth": nth}, st.integers(1, 5)),
    ),
)
def test_hours_apply_on_the_days_that_the_calendar_rule_names(
    weekday: int, first: date, length: int, recurring: dict[str, Any]
) -> None:
    """The oracle is iCalendar's recurrence rule, as dateutil reads it."""
    last = first + timedelta(days=length)
    hours = Hours(weekday, time(9), time(12), first, last, **recurring)
    start, until = datetime.combine(first, time()), datetime.combine(last, time())
    if nth := recurring.get("nth"):
        rule = rrule(MONTHLY, start, byweekday=weekdays[weekday](-1 if nth == 5 else nth), until=until)
    else:
        rule = rrule(WEEKLY, start, interval=recurring["every_weeks"], byweekday=weekdays[weekday], until=until)
    around = [first + timedelta(days=offset) for offset in range(-40, length + 40)]
    assert [day for day in around if hours.apply_on(day)] == [each.date() for each in rule]


@given(days_of_years, days_of_years, st.integers(0, 60))
def test_closures_and_holidays_win_over_all_hours(day: date, first: date, length: int) -> None:
    closure = ClosedTime(first, first + timedelta(days=length), "Umbau")
    expected = 0 if is_public_holiday(day) or closure.first_day <= day <= closure.last_day else 18
    assert len(slots_on(station(weekly(closes=time(12)), [closure]), day, GRID)) == expected


@pytest.mark.parametrize("day", [date(2027, 3, 28), date(2026, 10, 25)], ids=["to summer time", "to winter time"])
def test_on_the_day_the_clocks_change_people_come_at_the_hour_on_the_door(day: date) -> None:
    found = list(slots_on(station(weekly()), day, GRID))
    assert len(found) == 48
    assert [found[0].astimezone(BERLIN).time(), found[-1].astimezone(BERLIN).time()] == [time(9), time(16, 50)]


def test_a_night_with_two_hours_alike_has_each_slot_once() -> None:
    found = slots_on(station(weekly(time(1), time(4))), date(2026, 10, 25), GRID)
    assert len(found) == len(set(found)) == 24


def test_only_times_to_come_within_the_window_are_offered() -> None:
    place, now = station(weekly()), local(MONDAY, 10)
    days = [MONDAY + timedelta(days=offset) for offset in range(-1, 30)]
    free = free_times(place, days, {}, 1, GRID, now)
    assert free[0] == local(MONDAY, 10, 10)
    assert free[-1] == local(MONDAY + timedelta(days=28), 16, 50)
    assert all(counters_open_at(place, start, 1, GRID, now) == COUNTERS for start in free)
    assert not counters_open_at(place, local(MONDAY, 10), 1, GRID, now)
    assert not counters_open_at(place, local(MONDAY + timedelta(days=29), 9), 1, GRID, now)
    assert not counters_open_at(place, local(MONDAY, 16, 50), 2, GRID, now)
    assert not counters_open_at(place, local(MONDAY, 11, 5), 1, GRID, now)


def test_alternatives_are_near_in_time_first_at_the_same_place() -> None:
    wanted = local(MONDAY, 12)
    free = [("sued", wanted), ("mitte", local(MONDAY, 9)), ("mitte", local(MONDAY, 13)), ("sued", local(MONDAY, 11))]
    assert nearest(wanted, free, "mitte", limit=3) == [
        ("mitte", local(MONDAY, 13)),
        ("mitte", local(MONDAY, 9)),
        ("sued", wanted),
    ]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (
            PersonInput(" Zoë  Öz ", "Zoe@Example.org", "", ("mail",)),
            CheckedPerson("Zoë Öz", "Zoe@example.org", None, ("mail",)),
        ),
        (PersonInput("A", "", "0151 23456789", ("sms",)), CheckedPerson("A", None, "+4915123456789", ("sms",))),
        (PersonInput("A", "", "+48 512 345 678", ("sms",)), CheckedPerson("A", None, "+48512345678", ("sms",))),
        (
            PersonInput("علی\u200cرضا \u200eEva\u00ad", "a@example.org", "", ("mail",)),
            CheckedPerson("علی\u200cرضا Eva", "a@example.org", None, ("mail",)),
        ),
        (
            PersonInput("A", "a@example.org", "0203 94000", ("mail",)),
            CheckedPerson("A", "a@example.org", "+4920394000", ("mail",)),
        ),
    ],
    ids=[
        "spaces and capitals",
        "a German mobile number",
        "a Polish mobile number",
        "marks that are spelling, and marks that are not",
        "a landline to be called at",
    ],
)
def test_what_was_typed_is_put_into_shape(typed: PersonInput, expected: CheckedPerson) -> None:
    assert check_person(typed) == expected


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        (PersonInput("", "", "", ()), ["name_missing", "channel_missing"]),
        (PersonInput("A" * 121, "a@example.org", "", ("mail",)), ["name_too_long"]),
        (PersonInput("A\x00B", "a@example.org", "", ("mail",)), ["name_illegible"]),
        (PersonInput("A\u202eB", "a@example.org", "", ("mail",)), ["name_illegible"]),
        (PersonInput("\u3164 -", "a@example.org", "", ("mail",)), ["name_missing"]),
        (PersonInput("A", "a@example.org", "", ("mail",), "x" * 301), ["remarks_too_long"]),
        (PersonInput("A", "a@example.org", "", ("mail",), "a\u202eb"), ["remarks_illegible"]),
        (PersonInput("A", "", "", ("mail", "sms")), ["mail_missing", "phone_missing"]),
        (PersonInput("A", "a@b", "", ("mail",)), ["mail_unusable"]),
        (PersonInput("A", "", "0203 94000", ("sms",)), ["phone_landline"]),
        (PersonInput("A", "", "0110", ("sms",)), ["phone_unusable"]),
        (PersonInput("A", "", "x" * 300, ("sms",)), ["phone_unclear"]),
        (PersonInput("A\ufffdB", "a@example.org", "", ("mail",)), ["name_illegible"]),
        (PersonInput("Konto gesperrt: http://x.example", "a@example.org", "", ("mail",)), ["name_leads_elsewhere"]),
        (PersonInput("A", "oops", "0151 23456789", ("sms",)), ["mail_unusable"]),
    ],
)
def test_all_mistakes_are_told_at_once(typed: PersonInput, codes: list[str]) -> None:
    wrong = check_person(typed)
    assert not isinstance(wrong, CheckedPerson)
    assert [each.code for each in wrong] == codes


@given(
    st.builds(PersonInput, st.text(), st.text(), st.text(), st.sampled_from([(), ("mail",), ("sms",), ("mail", "sms")]))
)
def test_nothing_that_is_typed_breaks_the_check(typed: PersonInput) -> None:
    checked = check_person(typed)
    assert isinstance(checked, CheckedPerson) or checked
