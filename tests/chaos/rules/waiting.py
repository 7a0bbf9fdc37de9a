"""I11: nobody who waits is forgotten or offered two things, and an answer to an offer counts once."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from tests.chaos.history import Committed, Ended, History
from tests.chaos.rules.bookings import asked_by, by_person

OPEN = frozenset({"waiting", "offered"})


def who_waits_is_offered_one_thing_at_a_time(history: History) -> Iterator[str]:
    """I11: every join is in the list once and ends; one offer at a time, each ends once; taken is booked, once."""
    entries = Counter(each.name for each in history.others if each.kind == "entry")
    for operation in history.operations:
        if operation.kind == "join":
            if operation.ended is Ended.ACKNOWLEDGED and not entries[operation.person]:
                yield f"{operation.person} was told to be waiting, but is not in the list"
            if operation.ended is Ended.REFUSED and entries[operation.person]:
                yield f"{operation.person} was refused, but waits"
            if entries[operation.person] > 1:
                yield f"{operation.person} joined once and waits {entries[operation.person]} times"
            yield from _taken(history, operation.person)
    for each in history.others:
        over = each.last_day is None or each.last_day < history.today
        if each.kind == "entry" and each.status in OPEN and over:
            yield f"{each.name} still waits for a day that is over"
    yield from _offers(history)


def _taken(history: History, person: str) -> Iterator[str]:
    """What was taken is an appointment; nobody has one who took nothing."""
    takes, mine = asked_by(history, person, "take"), by_person(history)[person]
    told = {each.number for each in takes if each.ended is Ended.ACKNOWLEDGED}
    if told - {each.number for each in mine}:
        yield f"{person} was told of an appointment that is not there"
    if len(mine) > 1:
        yield f"{person} waited once and has {len(mine)} appointments"
    if mine and all(each.ended is Ended.REFUSED for each in takes):
        yield f"{person} has {mine[0].number}, but took nothing"


def _offers(history: History) -> Iterator[str]:
    """Told by the order of commits: what is open per entry, and what nobody else was offered meanwhile."""
    open_offers: dict[UUID, Committed] = {}
    answered: set[UUID] = set()
    seen: dict[tuple[UUID, str, datetime], str | None] = {}
    for row in history.facts("SeatOffered", "SeatOfferEnded", "WaitingListLeft"):
        before = open_offers.pop(row.aggregate, None)
        if row.name == "SeatOffered":
            if before:
                yield f"{row.aggregate} is offered {row.owner} while {before.owner} is open"
            offer = row.says["entry"]["offer"]
            time = row.aggregate, offer["place"]["key"], datetime.fromisoformat(offer["starts_at"])
            if seen.get(time, "withdrawn") != "withdrawn":
                yield f"{row.aggregate} is offered the same time twice"
            seen[time], open_offers[row.aggregate] = "open", row
        elif row.name == "SeatOfferEnded":
            if before is None or before.owner != row.owner or row.owner in answered:
                yield f"the offer {row.owner} ended without being open"
            elif row.says["outcome"] == "withdrawn":
                seen |= {time: "withdrawn" for time in seen if time[0] == row.aggregate}
            answered |= {row.owner} if row.owner else set()
