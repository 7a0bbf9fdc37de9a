"""I16 to I18: everybody knows the same of the stops, a vehicle is in one place, what staff announce is told once."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.chaos.history import Committed, Ended, History
from tests.chaos.rules.findings import A_CASE, Findings

STOP_FACTS = ("MobilStopScheduled", "MobilStopRescheduled", "MobilStopDelayed", "MobilStopCancelled")
ON_THE_WAY = ("delay", "breakdown")
"""What is announced of each stop it tells of."""
A_MOMENT = timedelta(seconds=1)
"""How long the facts of one transaction may be apart."""


def appointments_knows_the_stops_as_they_are(history: History) -> Findings:
    """I16: it has each stop in the version, at the place and time, with the counters and services announced last."""
    announced, known = ({stop.id: stop for stop in stops} for stops in (history.announced, history.known))
    for id in announced.keys() | known.keys():
        yield A_CASE
        if announced.get(id) != known.get(id):
            yield f"the stop {id} is {announced.get(id)}, but appointments knows {known.get(id)}"


def no_vehicle_is_in_two_places(history: History) -> Findings:
    """I17: at no moment is a vehicle announced where it cannot be, because it is, or was just, somewhere else."""
    told: dict[UUID, list[Committed]] = defaultdict(list)
    for row in history.facts(*STOP_FACTS):
        told[row.aggregate].append(row)
    spans = [span for rows in told.values() for span in _spans(rows)]
    for number, (stop, (since, until), one) in enumerate(spans):
        for other_stop, (other_since, other_until), other in spans[:number]:
            at_once = min(until, other_until) - max(since, other_since) > A_MOMENT
            if stop == other_stop or not at_once or one["vehicle"]["key"] != other["vehicle"]["key"]:
                continue
            yield A_CASE
            if _meet(one, other, history.travel):
                yield f"{one['vehicle']['key']} is at the stops {stop} and {other_stop} at once, or on its way"


def _spans(rows: list[Committed]) -> Iterator[tuple[UUID, tuple[datetime, datetime], Mapping[str, Any]]]:
    """From when to when which state of a stop that takes place was what people were told."""
    ends = [row.happened_at for row in rows[1:]]
    for row, until in zip(rows, [*ends, None], strict=True):
        state = row.says["stop"]
        if state["status"] == "scheduled" and row.happened_at:
            until = until or datetime.max.replace(tzinfo=row.happened_at.tzinfo)
            yield row.aggregate, (row.happened_at, until), state


def _meet(one: Mapping[str, Any], other: Mapping[str, Any], travel: Mapping[tuple[str, str], timedelta]) -> bool:
    first, second = sorted((one, other), key=lambda state: datetime.fromisoformat(state["arrives_at"]))
    there = travel.get((first["place"]["key"], second["place"]["key"]), timedelta())
    return datetime.fromisoformat(second["arrives_at"]) < datetime.fromisoformat(first["departs_at"]) + there


def what_staff_announce_is_told_once(history: History) -> Findings:
    """I18: each deed is announced once of a stop, however often it was sent, and nothing nobody announced."""
    deeds = {each.person: each for each in history.operations if each.kind in (*ON_THE_WAY, "call-off", "publish")}
    told = Counter((row.aggregate, reason) for row in history.facts(*STOP_FACTS) if (reason := _reason(row)))
    for (stop, reason), count in told.items():
        yield A_CASE
        if count > 1:
            yield f"{reason} was announced {count} times of the stop {stop}"
        if reason not in deeds or deeds[reason].ended is Ended.REFUSED:
            yield f"the stop {stop} changed because of {reason}, which nobody announced"
    cancelled = {row.aggregate for row in history.facts("MobilStopCancelled")}
    for deed in deeds.values():
        for stop in deed.stops if deed.ended is Ended.ACKNOWLEDGED else ():
            if deed.kind == "call-off" and stop not in cancelled:
                yield f"{deed.person} called off the stop {stop}, but no fact says so"
            if deed.kind in ON_THE_WAY and not told[stop, deed.person]:
                yield f"{deed.person} announced the {deed.kind} of the stop {stop}, but no fact says so"


def _reason(row: Committed) -> str | None:
    """The deed a fact is of: staff write its name as the reason."""
    says = row.says if row.name == "MobilStopRescheduled" else row.says["stop"]
    return says.get("reason")
