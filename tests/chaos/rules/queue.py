"""I12: a number is at one counter at a time, a counter has one number, and nobody who took one is forgotten."""

from uuid import UUID

from tests.chaos.history import Ended, History
from tests.chaos.rules.findings import A_CASE, Findings


def nobody_is_called_to_two_counters(history: History) -> Findings:
    """I12: told by the order of commits, by what clerks were told, and by the tickets at the end."""
    yield from _counters(history)
    tickets = {str(each.id): each for each in history.others if each.kind == "ticket"}
    called = {(row.aggregate, row.says["ticket"]["counter"]) for row in history.facts("TicketCalled")}
    numbers: set[str] = set()
    for operation in history.operations:
        if operation.kind not in ("issue", "call") or operation.ended is not Ended.ACKNOWLEDGED or not operation.said:
            continue
        id, number = operation.said["id"], operation.said["number"]
        if id not in tickets:
            yield f"{operation.person} was told of number {number}, which is not there"
        elif operation.kind == "issue" and number in numbers:
            yield f"number {number} was given out twice"
        elif operation.kind == "call" and (UUID(id), int(operation.station.rpartition("-")[2])) not in called:
            yield f"{operation.person} was told that {number} is called to {operation.station}, but no fact says so"
        numbers |= {number} if operation.kind == "issue" else set()
    for ticket in tickets.values():
        if ticket.status != "closed":
            yield f"number {ticket.name} is still {ticket.status} after closing time"


def _counters(history: History) -> Findings:
    """The person at each counter, fact by fact."""
    at: dict[UUID, str] = {}
    closed: set[UUID] = set()
    for row in history.facts("TicketCalled", "TicketPutBack", "TicketClosed"):
        ticket = row.says["ticket"]
        counter = f"{ticket['place']['key']} {ticket['counter']}"
        before = at.pop(row.aggregate, None)
        if row.aggregate in closed:
            yield f"number {ticket['number']} goes on after it was closed"
        if row.name == "TicketCalled":
            yield A_CASE
            if before not in (None, counter):
                yield f"number {ticket['number']} was called to {counter} while it was at {before}"
            if counter in at.values():
                yield f"{counter} called number {ticket['number']} while somebody else was there"
            at[row.aggregate] = counter
        elif row.name == "TicketClosed":
            closed.add(row.aggregate)
