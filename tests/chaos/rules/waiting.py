"""I11, I19: nobody who waits is forgotten, passed over or offered two things, and an answer to an offer counts once."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import takewhile
from typing import Any
from uuid import UUID

from shared.clock import BERLIN
from tests.chaos.history import Committed, Ended, History
from tests.chaos.rules.bookings import asked_by, by_person
from tests.chaos.rules.findings import A_CASE, Findings

OPEN = frozenset({"waiting", "offered"})


def who_waits_is_offered_one_thing_at_a_time(history: History) -> Findings:
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


def _taken(history: History, person: str) -> Findings:
    """What was taken is an appointment; nobody has one who took nothing."""
    takes, mine = asked_by(history, person, "take"), by_person(history)[person]
    told = {each.number for each in takes if each.ended is Ended.ACKNOWLEDGED}
    if told - {each.number for each in mine}:
        yield f"{person} was told of an appointment that is not there"
    if len(mine) > 1:
        yield f"{person} waited once and has {len(mine)} appointments"
    if mine and all(each.ended is Ended.REFUSED for each in takes):
        yield f"{person} has {mine[0].number}, but took nothing"


def _offers(history: History) -> Findings:
    """Told by the order of commits: what is open per entry, and what nobody else was offered meanwhile."""
    open_offers: dict[UUID, Committed] = {}
    answered: set[UUID] = set()
    seen: dict[tuple[UUID, str, datetime], str | None] = {}
    for row in history.facts("SeatOffered", "SeatOfferEnded", "WaitingListLeft"):
        before = open_offers.pop(row.aggregate, None)
        if row.name == "SeatOffered":
            yield A_CASE
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


def the_line_goes_by_joining(history: History) -> Findings:
    """I19: what is offered to one fits nobody before them who waits for it and needs no more seats.

    An offer that expired takes its entry behind all others. Nobody before them wants what they were offered already.
    Each entry that is passed over, because it needs more seats or was offered the time before, is a case.
    """
    needs = _needs(history)
    line: dict[UUID, Mapping[str, Any]] = {}
    offered: dict[UUID, set[datetime]] = defaultdict(set)
    busy: set[UUID] = set()
    for row in history.facts("WaitingListJoined", "SeatOffered", "SeatOfferEnded", "WaitingListLeft"):
        if row.name == "WaitingListJoined":
            line[row.aggregate] = row.says
        elif row.name == "WaitingListLeft":
            line.pop(row.aggregate, None)
        elif row.name == "SeatOffered":
            starts = {start for _, start in row.seats}
            for before in _before(row.aggregate, line):
                if before not in needs or before in busy or not _suits(line[before], row):
                    continue
                yield A_CASE
                if needs[before] <= len(starts) and offered[before].isdisjoint(starts):
                    yield f"{before} was before {row.aggregate}, which is offered {row.owner}"
            offered[row.aggregate].add(min(starts))
            busy.add(row.aggregate)
        else:
            busy.discard(row.aggregate)
            if row.says["outcome"] == "withdrawn":
                offered.pop(row.aggregate, None)
            elif row.says["outcome"] == "expired" and row.aggregate in line:
                line[row.aggregate] = line.pop(row.aggregate)


def _before(entry: UUID, line: Iterable[UUID]) -> Iterator[UUID]:
    """The entries before one in the line."""
    return takewhile(lambda each: each != entry, line)


def _needs(history: History) -> dict[UUID, int]:
    """How many seats the entries of those who joined need."""
    seats = {each.person: each.seats for each in history.operations if each.kind == "join"}
    return {each.id: seats[each.name] for each in history.others if each.kind == "entry" and each.name in seats}


def _suits(joined: Mapping[str, Any], row: Committed) -> bool:
    """Whether somebody who joined waits for the place and the day of an offer."""
    entry, offer = joined["entry"], row.says["entry"]["offer"]
    day = datetime.fromisoformat(offer["starts_at"]).astimezone(BERLIN).date()
    first, last = date.fromisoformat(entry["first_day"]), date.fromisoformat(entry["last_day"])
    places = {each["key"] for each in entry["places"]}
    return offer["place"]["key"] in places and first <= day <= last and day.weekday() in entry["weekdays"]
