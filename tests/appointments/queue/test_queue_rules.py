"""Rules of the queue: the order is fair and the same in Python and in SQL; estimates are honest."""

from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.appointments.queue.domain import (
    DUE_WITHIN,
    ENOUGH,
    Estimate,
    Turn,
    estimate,
    is_time_of,
    is_today,
    may_check_in,
    place_in_queue,
    turn,
)
from services.appointments.queue.queries import load_line
from shared.act import Act
from shared.arriving import CHECK_IN_BEFORE, LATE
from shared.tools import Tools

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
minutes = st.integers(-240, 240).map(lambda count: NOW + timedelta(minutes=count))
maybe = st.none() | minutes
lasted = st.lists(st.integers(0, 60).map(lambda count: timedelta(minutes=count)), max_size=40)


@given(minutes, minutes)
def test_among_walk_ins_the_first_to_come_is_the_first_to_go(one: datetime, other: datetime) -> None:
    assert (one < other) == (turn(one, None, None, NOW) < turn(other, None, None, NOW))  # type: ignore[operator]


@given(minutes, minutes, minutes)
def test_an_appointment_goes_before_walk_ins_once_it_is_due(
    arrived: datetime, due: datetime, walked_in: datetime
) -> None:
    appointment, walk_in = turn(arrived, due, None, NOW), turn(walked_in, None, None, NOW)
    assert appointment
    assert walk_in
    assert (appointment < walk_in) == (due <= NOW + DUE_WITHIN)


@given(minutes, maybe, maybe)
def test_nobody_who_waits_loses_their_turn_as_time_passes(
    issued: datetime, due: datetime | None, back: datetime | None
) -> None:
    before = turn(issued, due, back, NOW)
    after = turn(issued, due, back, NOW + timedelta(minutes=30))
    assert before is None or (after is not None and after <= before)


def test_whoever_was_put_back_stands_in_front_when_the_time_has_come() -> None:
    assert turn(NOW, None, NOW, NOW) == (Turn.PUT_BACK, NOW)
    assert turn(NOW, None, NOW + timedelta(seconds=1), NOW) is None


def test_who_is_late_queues_like_a_walk_in() -> None:
    assert place_in_queue(NOW, NOW + LATE) == NOW
    assert place_in_queue(NOW, NOW + LATE + timedelta(seconds=1)) is None


@pytest.mark.parametrize(
    ("off", "may"),
    [(-CHECK_IN_BEFORE, True), (LATE, True), (-CHECK_IN_BEFORE - timedelta(seconds=1), False),
     (LATE + timedelta(seconds=1), False)],
)  # fmt: skip
def test_one_checks_in_near_the_time(off: timedelta, may: bool) -> None:
    assert may_check_in(NOW, NOW + off) is may


def test_the_day_is_that_of_berlin() -> None:
    assert is_today(datetime(2026, 12, 1, 23, 30, tzinfo=UTC), datetime(2026, 12, 2, 8, tzinfo=UTC))
    assert not is_today(datetime(2026, 12, 1, 22, 30, tzinfo=UTC), datetime(2026, 12, 2, 8, tzinfo=UTC))


@given(st.integers(0, 100), st.integers(-1, 20), lasted)
def test_an_estimate_is_a_range_of_full_five_minutes_or_none_at_all(
    ahead: int, counters: int, recent: list[timedelta]
) -> None:
    found = estimate(ahead, counters, recent)
    if counters < 1 or len(recent) < ENOUGH:
        assert found is None
        return
    assert found
    assert 0 <= found.shortest < found.longest
    assert (found.shortest % 5, found.longest % 5) == (0, 0)
    further, quicker = estimate(ahead + 1, counters, recent), estimate(ahead, counters + 1, recent)
    assert further
    assert quicker
    assert (quicker.shortest, quicker.longest) <= (found.shortest, found.longest) <= (further.shortest, further.longest)


def test_an_estimate_grows_by_rounds_of_the_open_counters() -> None:
    ten = [timedelta(minutes=10)] * ENOUGH
    assert [estimate(ahead, 2, ten) for ahead in (0, 1, 2, 5)] == [
        Estimate(0, 10), Estimate(0, 10), Estimate(10, 20), Estimate(20, 30),
    ]  # fmt: skip


_INSERT = text("""
    insert into tickets (id, version, status, station, day, number, services, language, particulars, to_be_told,
                         issued_at, due_at, back_at)
    values (:id, 1, 'waiting', 'mitte', :day, :number, '{}', 'de', '{}', false, :issued, :due, :back)
""")


async def test_the_order_in_sql_is_the_order_of_the_rule(tools: Tools) -> None:
    """Every combination of times around now, in front of and behind each limit."""
    moments = [NOW + timedelta(minutes=each) for each in (-30, -1, 0, 9, 10, 11, 60)]
    combinations = list(product(moments[:3], [None, *moments], [None, *moments]))
    Random(7).shuffle(combinations)
    expected, rows = [], []
    for place, (issued, due, back) in enumerate(combinations):
        number = f"A {place:03d}"
        rows.append({"id": uuid4(), "day": NOW.date(), "number": number, "issued": issued, "due": due, "back": back})
        if key := turn(issued, due, back, NOW):
            expected.append((*key, issued, number))
    async with tools.db.transaction() as conn:
        await conn.execute(_INSERT, rows)
        found = [each.number for each in await load_line(Act(conn, tools, NOW), "mitte")]
    assert len(found) > 50
    assert found == [each[-1] for each in sorted(expected)]


@pytest.mark.parametrize(
    ("typed", "fits"),
    [
        *(
            (typed, True)
            for typed in ("14:20", "14.20 Uhr", "1420", " 14 : 20 ", "14h20", "14:20:00", "2:20 pm", "02:20")
        ),
        ("\u0661\u0664:\u0662\u0660", True),
        *((typed, False) for typed in ("", "14", "14:21", "20", "1:20", "13:20", "14:20 14:20", "x", "9" * 40)),
    ],
)
def test_a_time_fits_however_it_is_written(typed: str, fits: bool) -> None:
    assert is_time_of(typed, datetime(2026, 12, 1, 13, 20, tzinfo=UTC)) == fits
    assert not is_time_of(typed, datetime(2026, 12, 1, 13, 30, tzinfo=UTC))


def test_a_full_hour_needs_no_minutes() -> None:
    assert all(is_time_of(typed, datetime(2026, 12, 1, 8, tzinfo=UTC)) for typed in ("9", "9 Uhr", "09:00", "900"))
