"""The checker: invariants as functions over a history; each returns what breaks it, in words."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from tests.chaos.history import History
from tests.chaos.rules import bookings, closing, log, queue, stops, telling, tours, waiting
from tests.chaos.rules.findings import A_CASE, Findings

Rule = Callable[[History], Findings]

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "I1": bookings.every_acknowledged_booking_exists,
        "I2": bookings.no_refused_booking_exists,
        "I3": bookings.no_seat_has_two_holders,
        "I4": bookings.every_acknowledged_change_is_applied,
        "I5": log.every_committed_fact_is_in_the_topic,
        "I6": log.no_fact_without_a_committed_change,
        "I7": log.versions_are_in_order,
        "I8": log.one_partition_per_aggregate,
        "I9": telling.every_message_due_has_one_outcome,
        "I10": telling.nothing_is_told_twice_or_untruly,
        "I11": waiting.who_waits_is_offered_one_thing_at_a_time,
        "I12": queue.nobody_is_called_to_two_counters,
        "I13": closing.every_closure_decides_on_each_once,
        "I14": stops.no_cancelled_stop_keeps_bookings,
        "I15": stops.every_stop_decides_on_each_once,
        "I16": tours.appointments_knows_the_stops_as_they_are,
        "I17": tours.no_vehicle_is_in_two_places,
        "I18": tours.what_staff_announce_is_told_once,
        "I19": waiting.the_line_goes_by_joining,
    }
)


def check(history: History) -> dict[str, list[str]]:
    """What breaks each invariant; those that hold are left out. `rest` is whatever else went wrong."""
    found = {name: breaks(history, name) for name in RULES}
    found["rest"] = [*history.unsettled, *_faults_of_ours(history)]
    return {name: broken for name, broken in found.items() if broken}


def breaks(history: History, name: str) -> list[str]:
    """What breaks one invariant."""
    return [words for words in RULES[name](history) if words]


def cases(history: History) -> dict[str, int]:
    """How often each invariant might have been broken; one without a case was not put to the test."""
    return {name: sum(found is A_CASE for found in rule(history)) for name, rule in RULES.items()}


def _faults_of_ours(history: History) -> Iterator[str]:
    """An outage is answered 503; a 500 says that nobody thought of it."""
    for operation in history.operations:
        if 500 in operation.answers:
            yield f"the {operation.kind} of {operation.person} was answered 500"
