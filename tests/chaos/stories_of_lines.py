"""Stories of lines the checker is told."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.chaos.history import Committed, History, Operation, Standing
from tests.chaos.stories import NINE, SLOT, committed, good, id_of, operation

DAY = NINE.date().isoformat()


NEEDS = {"one": 1, "two": 2, "last": 1}


def joined(name: str, **changes: Any) -> Committed:
    entry = {"places": [{"key": "walsum"}], "weekdays": [0, 1, 2, 3, 4], "first_day": DAY, "last_day": DAY}
    return committed(0, name, "WaitingListJoined", 1, says={"entry": entry | changes})


def offered(name: str, at: int, seats: int) -> Committed:
    start = NINE + at * SLOT
    offer = {"place": {"key": "walsum"}, "starts_at": start.isoformat()}
    kept = tuple(("walsum-1", start + n * SLOT) for n in range(seats))
    return committed(
        0, name, "SeatOffered", 2, says={"entry": {"offer": offer}}, owner=id_of(f"{name} {at}"), seats=kept
    )


def ended(name: str, outcome: str) -> Committed:
    return committed(0, name, "SeatOfferEnded", 3, says={"outcome": outcome})


def told(*rows: Committed) -> History:
    joins: Sequence[Operation] = [operation("join", name, seats=seats) for name, seats in NEEDS.items()]
    others = [Standing(id_of(name), 1, "entry", "waiting", name) for name in NEEDS]
    return replace(good(), operations=joins, others=others, committed=rows)


ALL = [joined(name) for name in NEEDS]


FAIR = {
    "in turn": [*ALL, offered("one", 0, 1), offered("two", 1, 2), offered("last", 3, 1)],
    "one seat is too few for two": [*ALL, offered("one", 0, 1), offered("last", 3, 1)],
    "declined, it goes to the next": [*ALL, offered("one", 0, 1), ended("one", "declined"), offered("last", 0, 1)],
    "an offer that expired leads behind all others": [
        *[*ALL, offered("one", 0, 1), ended("one", "expired"), offered("two", 1, 2), offered("last", 5, 1)],
    ],
    "an entry that left is before nobody": [
        *ALL,
        committed(0, "one", "WaitingListLeft", 2, says={}),
        offered("two", 0, 2),
    ],
    "another day": [joined("one", last_day="2026-11-30", first_day="2026-11-30"), *ALL[1:], offered("two", 0, 2)],
    "another weekday": [joined("one", weekdays=[0]), *ALL[1:], offered("two", 0, 2)],
    "another place": [joined("one", places=[{"key": "mitte"}]), *ALL[1:], offered("two", 0, 2)],
    "nobody knows what an entry of the city's needs": [joined("moved"), *ALL, offered("one", 0, 1)],
}


UNFAIR = {
    "the one who needs more goes first": [*ALL, offered("two", 0, 2)],
    "the one who needs as many goes first": [*ALL, offered("last", 0, 1)],
    "declining loses the turn": [*ALL, offered("one", 0, 1), ended("one", "declined"), offered("last", 4, 1)],
    "a withdrawn time is not offered again": [
        *ALL,
        offered("one", 0, 1),
        ended("one", "withdrawn"),
        offered("last", 0, 1),
    ],
    "expiring keeps the turn": [
        *[*ALL[::2], offered("one", 0, 1), ended("one", "expired"), offered("one", 3, 1)],
    ],
}


BROKEN = [("I19", "was before", rows) for rows in UNFAIR.values()]
