"""Rules of closures: what is proposed for whom, until when an alternative is kept, what a preview says of itself."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.appointments.closing.domain import (
    LAST_ANSWER,
    NEAR_IN_TIME,
    SOONEST,
    TIME_TO_ANSWER,
    Affected,
    Closure,
    Decision,
    Proposal,
    alternative_until,
    decide,
    fingerprint,
    propose,
)
from services.appointments.offer.domain import Grid, Station, slots_on
from services.appointments.offer.windows import Hours
from services.appointments.seats.domain import FreeSeats
from shared.clock import BERLIN

GRID = Grid(timedelta(minutes=10), 28)
MONDAY = datetime(2026, 11, 23, tzinfo=BERLIN)
NOW = MONDAY.replace(hour=7).astimezone(UTC)
WEEK = [MONDAY.date() + timedelta(days=n) for n in range(5)]
HERE, THERE = (
    Station(
        key=key,
        name=key,
        district=500,
        address=None,
        counters=(f"{key}-1", f"{key}-2"),
        hours=tuple(Hours(day, time(9), time(10)) for day in range(5)),
        closures=(),
    )
    for key in ("here", "there")
)
SEATS = [
    (counter, start)
    for station in (HERE, THERE)
    for day in WEEK
    for counter in station.counters
    for start in slots_on(station, day, GRID)
]


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return (MONDAY + timedelta(days=day)).replace(hour=hour, minute=minute).astimezone(UTC)


def affected(start: datetime, seats: int = 1, station: str = "here", movable: bool = True) -> Affected:
    return Affected("4711-0815", station, start, seats, (HERE, THERE), movable)


def proposed(appointment: Affected, free: list[tuple[str, datetime]], now: datetime = NOW) -> Proposal:
    taken = set(SEATS) - set(free)
    [found] = propose([appointment], FreeSeats((HERE, THERE), WEEK, taken, GRID), now)
    return found


def test_another_counter_at_the_very_same_time_comes_first() -> None:
    found = proposed(affected(at(2, 9)), [("here-2", at(2, 9)), ("here-1", at(2, 9, 10))])
    assert (found.decision, found.same_time) == (Decision.MOVE, True)
    assert found.run
    assert (found.run.counter, found.run.starts) == ("here-2", (at(2, 9),))


def test_else_the_nearest_time_here_is_offered_then_another_place_on_the_day() -> None:
    near, far, there = ("here-1", at(3, 9)), ("here-1", at(4, 9)), ("there-1", at(2, 9))
    offers = [proposed(affected(at(2, 9)), free).run for free in ([far, near, there], [far, there], [there])]
    assert [run and (run.counter, run.starts[0]) for run in offers] == [near, far, there]
    assert proposed(affected(at(2, 9)), [("there-1", at(3, 9))]).decision is Decision.CANCEL


def test_a_time_that_begins_too_soon_to_answer_is_none() -> None:
    free = [("here-1", at(0, 9))]
    assert proposed(affected(at(1, 9)), free, now=at(0, 5)).decision is Decision.OFFER
    assert proposed(affected(at(1, 9)), free, now=at(0, 5, 1)).decision is Decision.CANCEL


def test_who_was_offered_a_time_before_is_asked_again() -> None:
    found = proposed(affected(at(2, 9), movable=False), [("here-2", at(2, 9))])
    assert (found.decision, found.same_time) == (Decision.OFFER, False)


@settings(max_examples=60, deadline=None)
@given(
    free=st.lists(st.sampled_from(SEATS), unique=True),
    wanted=st.lists(st.tuples(st.sampled_from(SEATS), st.integers(1, 3)), max_size=12),
)
def test_no_seat_is_proposed_twice_and_each_is_free_near_and_later(
    free: list[tuple[str, datetime]], wanted: list[tuple[tuple[str, datetime], int]]
) -> None:
    appointments = [affected(start, seats, counter.partition("-")[0]) for (counter, start), seats in wanted]
    available = FreeSeats((HERE, THERE), WEEK, set(SEATS) - set(free), GRID)
    proposals = propose(appointments, available, NOW)
    used = Counter((each.run.counter, start) for each in proposals if each.run for start in each.run.starts)
    assert set(used) <= set(free)
    assert set(used.values()) <= {1}
    left = set(free) - set(used)
    for appointment, proposal in zip(appointments, proposals, strict=True):
        run = proposal.run
        if run is None:
            assert appointment.seats > 1 or not any(
                counter.startswith(appointment.station)
                and start >= NOW + SOONEST
                and abs(start - appointment.starts_at) <= NEAR_IN_TIME
                for counter, start in left
            )
        elif not proposal.same_time:
            assert len(run.starts) == appointment.seats
            assert run.starts[0] >= NOW + SOONEST
            same_day = run.starts[0].astimezone(BERLIN).date() == appointment.starts_at.astimezone(BERLIN).date()
            assert same_day or run.station == appointment.station


@given(ahead=st.timedeltas(min_value=SOONEST, max_value=timedelta(days=27)))
def test_an_alternative_is_kept_two_days_but_not_until_it_begins(ahead: timedelta) -> None:
    until = alternative_until(NOW + ahead, NOW)
    assert NOW < until <= NOW + ahead - LAST_ANSWER
    assert until == NOW + TIME_TO_ANSWER or until > NOW + ahead - LAST_ANSWER - timedelta(minutes=1)


def test_staff_decide_as_far_as_it_can_be() -> None:
    offer = proposed(affected(at(2, 9)), [("here-1", at(3, 9))])
    same = proposed(affected(at(2, 9)), [("here-2", at(2, 9))])
    none = proposed(affected(at(2, 9)), [])
    assert [decide(each, None) for each in (offer, same, none)] == [offer, same, none]
    assert decide(offer, Decision.MOVE) == replace(offer, decision=Decision.MOVE)
    assert decide(same, Decision.OFFER) == same
    assert decide(none, Decision.MOVE).decision is Decision.CANCEL
    assert decide(same, Decision.CANCEL).run is None


def test_hours_take_every_seat_they_touch() -> None:
    closure = Closure(UUID(int=1), 1, "here", WEEK[1], WEEK[2], "x", from_time=time(9, 15), until_time=time(9, 40))
    starts = closure.seat_starts(HERE, (), WEEK[-1], GRID, NOW)
    assert starts == [at(day, 9, minute) for day in (1, 2) for minute in (10, 20, 30)]
    assert closure.counters_at(HERE) == ["here-1", "here-2"]
    assert replace(closure, counter="here-2").counters_at(HERE) == ["here-2"]
    assert replace(closure, counter="there-1").counters_at(HERE) == []


def test_a_preview_is_another_when_anything_it_shows_is() -> None:
    closure = Closure(UUID(int=1), 1, "here", WEEK[1], WEEK[2], "x")
    offer = proposed(affected(at(2, 9)), [("here-1", at(3, 9))])
    rows = [(UUID(int=2), 1, offer)]
    others = [
        fingerprint(closure, []),
        fingerprint(closure, [(UUID(int=2), 2, offer)]),
        fingerprint(closure, [(UUID(int=2), 1, replace(offer, decision=Decision.MOVE))]),
        fingerprint(replace(closure, last_day=WEEK[3]), rows),
    ]
    assert fingerprint(closure, rows) == fingerprint(replace(closure, id=UUID(int=9), version=7), rows)
    assert len({fingerprint(closure, rows), *others}) == 5
