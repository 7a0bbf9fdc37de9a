"""Rules of stops that move: the seats people keep."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.appointments.offer.domain import Grid, Kind, Station, run_of, slots_on
from services.appointments.offer.stops import Stop
from services.appointments.stops.domain import Reseating, Seated

GRID = Grid(timedelta(minutes=10), 28)
ARRIVES = datetime(2026, 12, 1, 8, tzinfo=UTC)
"""A Tuesday."""
NOW = ARRIVES - timedelta(days=1)


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


def stop_at(arrives_at: datetime, length: timedelta, counters: int) -> Station:
    """A stop for some time, with some counters."""
    stop = Stop(arrives_at, arrives_at + length, 0, frozenset(), 605, "left", open=True)
    keys = tuple(f"stop-{number}" for number in range(1, counters + 1))
    return Station("stop", "Markt", 600, None, keys, stop.hours, (), Kind.STOP, stop=stop)


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 11), st.integers(1, 3)), max_size=12),
    st.integers(-6, 6),
    st.integers(1, 12),
    st.integers(1, 3),
)
def test_everybody_keeps_their_distance_from_the_arrival_or_gets_what_is_free(
    wanted: list[tuple[int, int, int]], shift: int, slots: int, counters: int
) -> None:
    taken: set[tuple[str, datetime]] = set()
    seated = []
    for counter, slot, seats in wanted:
        each = Seated(f"stop-{counter}", ARRIVES + slot * GRID.slot, seats)
        seats_of = {(each.counter, start) for start in run_of(each.starts_at, seats, GRID)}
        if not seats_of & taken:
            taken |= seats_of
            seated.append(each)
    after = stop_at(ARRIVES + shift * GRID.slot, slots * GRID.slot, counters)
    runs = Reseating(after, shift * GRID.slot, (), GRID, NOW).runs(seated)

    given_out = [(run.counter, start) for run in runs if run for start in run.starts]
    there = {(counter, start) for counter in after.counters for start in slots_on(after, ARRIVES.date(), GRID)}
    assert len(given_out) == len(set(given_out)), "no seat twice"
    assert set(given_out) <= there, "none that does not exist"
    left = there.difference(given_out)
    for each, run in zip(seated, runs, strict=True):
        same = run_of(each.starts_at + shift * GRID.slot, each.seats, GRID)
        if all((each.counter, start) in there for start in same):
            assert run is not None
            assert (run.counter, list(run.starts)) == (each.counter, same), "it exists, so it is theirs"
        if run is None:
            fits = [key for key in left if all((key[0], s) in left for s in run_of(key[1], each.seats, GRID))]
            assert fits == [], "nobody is left over while there is room"


def test_an_alternative_not_taken_yet_does_not_move_but_stays_where_it_is() -> None:
    offered = Seated("stop-1", ARRIVES, 1, movable=False)
    later = Reseating(stop_at(ARRIVES + minutes(10), minutes(60), 1), minutes(10), (), GRID, NOW)
    shorter = Reseating(stop_at(ARRIVES, minutes(30), 1), minutes(0), (), GRID, NOW)
    assert later.runs([offered]) == [None]
    assert [run and run.starts for run in shorter.runs([offered])] == [(ARRIVES,)]


def test_where_somebody_is_served_nobody_else_is_put_and_nobody_in_the_past() -> None:
    stop = stop_at(ARRIVES, minutes(40), 1)
    busy = ("stop-1", ARRIVES + minutes(20))
    moved = Reseating(stop, minutes(10), (busy,), GRID, ARRIVES + minutes(5))
    two = [Seated("stop-1", ARRIVES - minutes(10), 1), Seated("stop-1", ARRIVES + minutes(10), 1)]
    assert [run and (run.starts[0] - ARRIVES) for run in moved.runs(two)] == [minutes(10), minutes(30)]
    assert Reseating(stop, minutes(0), (), GRID, NOW).runs([Seated("stop-1", ARRIVES, 1, served=False)]) == [None]
