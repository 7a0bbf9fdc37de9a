"""Rules of opening hours as staff change them."""

from dataclasses import replace
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.offer.domain import Service, slots_on
from services.appointments.offer.windows import Hours, Window, hours_of, rows_of, windows_of
from services.appointments.opening.domain import Booked, mistakes, outside
from services.appointments.opening.typed import TypedWindow
from tests.appointments.rules import COUNTERS, GRID, MONDAY, local, station

PASSPORT, DOG = Service("passport", {}, {}, 10), Service("dog", {}, {}, 20)
OFFERED = (PASSPORT, DOG)
GOOD = Window((0, 1), time(9), time(17))

times = st.integers(0, 23).map(time)
windows = st.builds(
    Window,
    st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    times,
    times,
    every_weeks=st.integers(1, 3),
    staff_counters=st.integers(0, 2),
    services=st.none() | st.just(("dog",)),
)


@given(st.lists(windows, max_size=6))
def test_windows_say_the_same_as_the_hours_whatever_their_order(found: list[Window]) -> None:
    hours = hours_of(found)
    assert set(hours_of(windows_of(hours))) == set(hours)
    assert windows_of(reversed(hours)) == windows_of(hours)


def test_hours_that_differ_in_the_weekday_only_are_one_window() -> None:
    late = Hours(3, time(17), time(19))
    assert windows_of([late, *(Hours(day, time(9), time(17)) for day in range(5))]) == (
        Window((0, 1, 2, 3, 4), time(9), time(17)),
        Window((3,), time(17), time(19)),
    )


@given(windows.map(lambda window: replace(window, valid_from=MONDAY)))
def test_a_window_survives_its_form(window: Window) -> None:
    assert TypedWindow.of("mitte", 3, 1, window).read() == (window, [])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"weekdays": ()}, ["weekdays_missing"]),
        ({"opens": time(9, 5)}, ["opens_off_grid"]),
        ({"closes": time(17, 0, 1)}, ["closes_off_grid"]),
        ({"closes": time(9)}, ["closes_too_early"]),
        ({"every_weeks": 2}, ["valid_from_missing"]),
        ({"every_weeks": 2, "valid_from": MONDAY}, []),
        ({"every_weeks": 2, "valid_from": MONDAY, "nth": 1}, ["repeat_unknown"]),
        ({"every_weeks": 9, "valid_from": MONDAY}, ["repeat_unknown"]),
        ({"nth": 6}, ["repeat_unknown"]),
        ({"valid_from": MONDAY, "valid_until": date(2026, 11, 22)}, ["valid_until_too_early"]),
        ({"staff_counters": 4}, ["staff_counters_too_many"]),
        ({"services": ("cat",)}, ["services_unknown"]),
        ({"weekdays": (), "closes": time(8), "staff_counters": 9},
         ["weekdays_missing", "closes_too_early", "staff_counters_too_many"]),
    ],
)  # fmt: skip
def test_all_that_is_wrong_with_a_window_is_said_at_once(change: dict[str, object], expected: list[str]) -> None:
    window = replace(GOOD, **change)  # type: ignore[arg-type]
    assert [each.code for each in mistakes(window, station([]), OFFERED, GRID)] == expected


def test_what_cannot_be_read_is_said_with_the_rest() -> None:
    typed = TypedWindow(opens="neun", closes="25:00", valid_from="gestern", staff_counters="x", repeat="nth-")
    codes = {each.code for each in typed.read()[1]}
    fields = ("opens", "closes", "valid_from", "staff_counters", "repeat")
    assert codes == {f"{field}_unreadable" for field in fields}
    assert TypedWindow(opens="9:00", closes="17:00", valid_from="31.12.2026").read()[0].valid_from == date(2026, 12, 31)


@given(windows, windows, st.integers(0, 47), st.sampled_from(COUNTERS), st.integers(1, 3))
def test_an_appointment_is_left_out_exactly_if_new_hours_have_no_seats_for_it(
    before: Window, after: Window, number: int, counter: str, seats: int
) -> None:
    appointment = Booked(counter, ("dog",), local(MONDAY, 9) + number * GRID.slot, seats)
    old, new = station(before.hours), station(after.hours)
    left_out = outside([appointment], old, new, OFFERED, GRID)

    def has(place: object, kept: bool) -> bool:
        window = before if place is old else after
        slots = slots_on(station(replace(window, staff_counters=window.staff_counters * kept).hours), MONDAY, GRID)
        starts = [appointment.starts_at + n * GRID.slot for n in range(seats)]
        return all(COUNTERS.index(counter) < slots.get(start, 0) for start in starts)

    assert (appointment in left_out.hours) == (not has(new, kept=False))
    assert (appointment in left_out.counters) == (has(new, False) and has(old, True) and not has(new, True))
    assert left_out.days == ([(MONDAY, 1)] if left_out.hours or left_out.counters else [])


def test_appointments_for_services_left_out_of_the_hours_are_outside() -> None:
    before, after = station(GOOD.hours), station(replace(GOOD, services=("passport",)).hours)
    both = [Booked("a", (key,), local(MONDAY, 9), 1) for key in ("passport", "dog")]
    assert outside(both, before, after, OFFERED, GRID).hours == (both[1],)


@pytest.mark.parametrize(
    ("weekdays", "rows"), [((0, 1, 2, 3, 4), [(0, 4)]), ((1, 2, 5), [(1, 2), (5, 5)]), ((), []), ((6,), [(6, 6)])]
)
def test_weekdays_that_follow_each_other_are_said_in_one(weekdays: tuple[int, ...], rows: list[object]) -> None:
    assert rows_of(weekdays) == rows
