"""I14 and I15: appointments at stops go where the stop goes, and nobody is left at one that does not take place."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tests.chaos.history import Committed, History, station_of
from tests.chaos.rules.findings import A_CASE, Findings

DECIDED = ("AppointmentRescheduled", "AlternativeOffered", "AppointmentDelayed", "AppointmentCancelled")


def no_cancelled_stop_keeps_bookings(history: History) -> Findings:
    """I14: nobody has a time or a seat at a cancelled stop, nor one outside of where and when another stop is."""
    stops = {str(stop.id): stop for stop in history.announced}
    for row in history.facts("AppointmentBooked"):
        stop = stops.get(row.says["appointment"]["place"]["key"])
        if stop and stop.status == "cancelled":
            yield A_CASE
    for appointment in history.appointments:
        who = f"{appointment.person} ({appointment.number})"
        stop = stops.get(appointment.station)
        if appointment.status == "offered":
            yield f"{who} is still offered something whose deadline is over"
        if stop is None or appointment.status != "confirmed":
            continue
        if stop.status == "cancelled":
            yield f"{who} is {appointment.status} at the cancelled stop {stop.id}"
        for counter, start in appointment.seats:
            if not stop.arrives_at <= start < stop.departs_at or int(counter.rpartition("-")[2]) > stop.counters:
                yield f"{who} has {counter} at {start:%d.%m. %H:%M}, which the stop does not have"
    for seat, owner in history.taken.items():
        stop = stops.get(station_of(seat))
        if stop and stop.status == "cancelled":
            yield f"{owner} still has {seat[0]} at a cancelled stop"


def every_stop_decides_on_each_once(history: History) -> Findings:
    """I15: a person with a time at a changed stop is moved, offered another, told to wait, or cancelled; once, by it.

    Somebody cancelled because nothing is free waits instead.
    """
    changes = {row.event_id: row for row in history.facts("MobilStopRescheduled", "MobilStopCancelled")}
    causes = changes.keys() | {row.event_id for row in history.facts("MobilStopDelayed")}
    per_cause = Counter((row.chain, row.aggregate) for row in history.facts(*DECIDED) if row.chain in causes)
    for (_, appointment), count in per_cause.items():
        yield A_CASE
        if count > 1:
            yield f"{appointment} was decided on {count} times by one change of a stop"
    stops = {str(row.aggregate) for row in history.facts("MobilStopScheduled", "MobilStopCancelled")}
    there: dict[UUID, str] = {}
    for row in history.committed:
        if state := row.says.get("appointment"):
            stop = there.pop(row.aggregate, None)
            if stop and _leaves(row, stop):
                yield from _left(row, stop, changes, history)
            if state["status"] == "confirmed" and state["place"]["key"] in stops:
                there[row.aggregate] = state["place"]["key"]


def _leaves(row: Committed, stop: str) -> bool:
    """Whether the city, not the person, ends an appointment there."""
    state, by = row.says["appointment"], row.says.get("by")
    stays = state["status"] in ("confirmed", "missed") and state["place"]["key"] == stop
    return not stays and (by == "city" or row.name == "AlternativeOffered")


def _left(row: Committed, stop: str, changes: Mapping[UUID, Committed], history: History) -> Findings:
    change, state = changes.get(row.chain), row.says["appointment"]
    if change is None or str(change.aggregate) != stop:
        yield f"{row.aggregate} had to leave the stop {stop}, which did not change"
    elif change.name == "MobilStopCancelled" and state["place"]["key"] == stop and state["status"] != "cancelled":
        yield f"{row.aggregate} is offered the stop that was cancelled"
    if state["status"] == "cancelled" and not _waits(row, history):
        yield f"{row.aggregate} was cancelled with the stop {stop}, but does not wait for another time"


def _waits(cancelled: Committed, history: History) -> bool:
    joined: list[Mapping[str, Any]] = [
        row.says
        for row in history.facts("WaitingListJoined")
        if row.chain == cancelled.chain and str(row.aggregate) == cancelled.says["waiting"]
    ]
    return [each["instead_of"] for each in joined] == [str(cancelled.aggregate)]
