"""I13: a confirmed closure is in force, each appointment it concerns is decided on once, none is left there."""

from collections import Counter

from tests.chaos.history import Committed, Ended, History
from tests.chaos.rules.bookings import asked_by
from tests.chaos.rules.findings import A_CASE, Findings

DECIDED = ("AppointmentRescheduled", "AlternativeOffered", "AppointmentCancelled")


def every_closure_decides_on_each_once(history: History) -> Findings:
    """I13: announced and lifted as was acknowledged; it decides on each appointment once, as their cause."""
    closures = {str(each.id): each for each in history.others if each.kind == "closure"}
    for operation in history.operations:
        standing = closures.get(operation.person)
        if operation.kind == "close":
            lifts = asked_by(history, operation.person, "lift")
            if operation.ended is Ended.ACKNOWLEDGED and not standing:
                yield f"{operation.station} was to be closed by {operation.person}, but is not"
            if operation.ended is Ended.REFUSED and standing:
                yield f"the closure {operation.person} was refused, but is there"
            if standing and standing.status == "lifted" and not lifts:
                yield f"the closure {operation.person} was lifted by nobody"
        lifted = standing is not None and standing.status == "lifted"
        if operation.kind == "lift" and operation.ended is Ended.ACKNOWLEDGED and not lifted:
            yield f"the closure {operation.person} was to be lifted, but is not"
    yield from _decided(history)


def _decided(history: History) -> Findings:
    announced = {row.event_id: row for row in history.facts("StationClosed")}
    per_cause = Counter((row.chain, row.aggregate) for row in history.facts(*DECIDED) if row.chain in announced)
    for (cause, appointment), count in per_cause.items():
        yield A_CASE
        if count > 1:
            yield f"{appointment} was decided on {count} times by the closure {announced[cause].aggregate}"
    stops = {str(stop.id) for stop in history.announced}
    for row in history.facts(*DECIDED):
        about = row.says.get("about")
        by_closure = about is not None and about.get("id") not in stops
        if by_closure and row.chain not in announced:
            yield f"what the closure decided on {row.aggregate} has another cause"
        if by_closure and row.chain in announced and _stays(row, announced[row.chain]):
            yield f"{row.aggregate} stays where the closure {announced[row.chain].aggregate} is"


def _stays(decided: Committed, closure: Committed) -> bool:
    """Whether an appointment keeps a place and day that are closed altogether."""
    closed, state = closure.says["closure"], decided.says["appointment"]
    whole = closed["counter"] is None and closed["from_time"] is None
    there = (state["place"]["key"], state["starts_at"][:10]) == (closed["place"]["key"], closed["first_day"])
    return whole and there and state["status"] != "cancelled"
