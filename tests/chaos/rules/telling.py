"""I9 and I10: everybody is told what concerns them, once, and the ledger says truly what became of it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from typing import Any
from uuid import UUID

from shared.calendar import previous_working_day
from shared.clock import BERLIN
from tests.chaos.history import Attempt, Committed, Fault, History, Message, Notice
from tests.chaos.rules.findings import A_CASE, Findings

OUTCOMES = frozenset({"delivered", "failed", "superseded", "expired", "suppressed", "unknown", "no_channel"})
TOLD_OF = {
    "AppointmentBooked": "confirmation",
    "AppointmentRescheduled": "rescheduling",
    "AppointmentDelayed": "delay",
    "AlternativeOffered": "alternative",
    "AppointmentCancelled": "cancellation",
    "WaitingListJoined": "waiting",
    "SeatOffered": "seat-offer",
    "TicketNear": "turn",
}
REMINDED = ("AppointmentBooked", "AppointmentRescheduled", "AppointmentDelayed")
REMINDER_TIME = time(16)
NEWS_OF_STOPS = frozenset({"stop-changed", "stop-cancelled"})
NEWS = frozenset({"closure", "closure-lifted"}) | NEWS_OF_STOPS
FOR_SUBSCRIBERS = frozenset({"subscription", "subscription-link", "stops", "digest"}) | NEWS
"""Purposes of which no fact tells how they ended."""
FACT_OF = {
    "delivered": "NotificationDelivered",
    **dict.fromkeys(("failed", "expired", "unknown", "no_channel"), "NotificationFailed"),
}
NEVER_ANSWERS = frozenset({("mail", "slow"), ("mail", "drop"), ("sms", "slow"), ("sms", "drop"), ("sms", "no-receipt")})
"""Far ends that leave the sender in doubt by themselves, by channel and conduct."""
A_MOMENT = 1.0
"""Seconds within which two transactions may not have seen each other."""
LONGEST_SEND = 8.0
"""Seconds from the claim of a message to its answer, at most."""
CARRIERS = {"mail": "mail", "sms": "web"}
"""The far end of each channel, among the victims of faults."""


def every_message_due_has_one_outcome(history: History) -> Findings:
    """I9: each fact is told of by one notice per purpose, each message and notice ended, each end has its fact; what
    came back went out on the other channel."""
    notices = Counter((notice.matter, notice.purpose, notice.cause) for notice in history.notices)
    for (matter, purpose, *_), count in Counter(notice.says for notice in history.notices).items():
        if count > 1:
            yield f"there are {count} notices for the {purpose} of {matter}"
    published = {record.event_id for record in history.log}
    known: dict[UUID, Mapping[str, Any]] = {}
    for row in history.committed:
        for purpose in _to_tell(row, known.get(row.aggregate)) if row.event_id in published else ():
            yield A_CASE
            if not notices[row.aggregate, purpose, row.chain]:
                yield f"nobody is told the {purpose} of {row.aggregate}"
        if "appointment" in row.says:
            known[row.aggregate] = row.says["appointment"]
    for message in history.messages:
        if message.state not in OUTCOMES:
            yield f"message {message.id} by {message.channel} is still {message.state}"
    with_messages = {message.notice for message in history.messages}
    newest: dict[UUID, tuple[int, str]] = {}
    for record in history.log:
        newest[record.aggregate] = max(newest.get(record.aggregate, (0, "")), (record.version, record.type))
    for notice in history.notices:
        if notice.outcome not in OUTCOMES:
            yield f"the {notice.purpose} of {notice.matter} has no outcome"
        if notice.id not in with_messages:
            yield f"the {notice.purpose} of {notice.matter} has no message"
        if notice.purpose in FOR_SUBSCRIBERS:
            continue
        expected = FACT_OF.get(notice.outcome or "")
        told = newest.get(notice.id, (0, ""))[1].rpartition(".")[2]
        if expected and told != expected:
            yield f"the {notice.purpose} of {notice.matter} is {notice.outcome}, but the topic says {told or 'nothing'}"
    yield from (f"a fact was put aside: {reason}" for reason in history.dead_letters)
    yield from _without_fallback(history, newest)


def _to_tell(row: Committed, known: Mapping[str, Any] | None) -> Iterator[str]:
    """What somebody is to be told of a fact. The cancellation tells so to people the city puts on the waiting list.

    Args:
        known: the appointment as the fact before said; the same offered again, until later, is no news.
    """
    said = dict(row.says)
    if row.name == "AppointmentRescheduled" and _noticed(said["before"]) == _noticed(said["appointment"]):
        return
    if row.name == "AlternativeOffered" and known and _noticed(known) == _noticed(said["appointment"]):
        return
    if row.name == "WaitingListJoined" and said.get("instead_of"):
        return
    if purpose := TOLD_OF.get(row.name):
        yield purpose
    if row.name in REMINDED and row.happened_at and row.happened_at < _reminder_time(said["appointment"]):
        yield "reminder"
    if row.name == "SeatOfferEnded" and said["outcome"] != "declined":
        yield "offer-ended"
    if row.name == "WaitingListLeft" and said["entry"]["status"] == "over":
        yield "waiting-over"


def _noticed(state: Mapping[str, Any]) -> tuple[object, ...]:
    """What people would notice of an appointment: not the counter. A stop keeps its key where its place is another."""
    place = state["place"]
    return state["status"], state["starts_at"], state.get("delay_minutes"), place["key"], place.get("name")


def _reminder_time(state: Mapping[str, Any]) -> datetime:
    day = datetime.fromisoformat(state["starts_at"]).astimezone(BERLIN).date()
    return datetime.combine(previous_working_day(day), REMINDER_TIME, BERLIN)


def _without_fallback(history: History, newest: Mapping[UUID, tuple[int, str]]) -> Findings:
    """The people not reached on one channel, although there is another and the matter is as it was told."""
    channels: dict[UUID, set[str]] = defaultdict(set)
    for message in history.messages:
        channels[message.notice].add(message.channel)
    for notice in history.notices:
        moved_on = newest.get(notice.matter, (0, ""))[0] > notice.matter_version
        if notice.outcome == "failed" and not moved_on and notice.addresses.keys() - channels[notice.id]:
            yield f"the {notice.purpose} of {notice.matter} failed on one channel and was not sent on the other"


def nothing_is_told_twice_or_untruly(history: History) -> Findings:
    """I10: no message and no purpose reaches the same channel twice; the ledger agrees with the far ends; people left
    in doubt were cut off by a fault."""
    messages = {str(message.id): message for message in history.messages}
    notices = {notice.id: notice for notice in history.notices}
    times = Counter((each.reference, each.channel, each.recipient) for each in history.arrived)
    for (reference, channel, recipient), count in times.items():
        if count > 1:
            yield f"message {reference} was accepted {count} times by {channel} for {recipient}"
    ids: dict[tuple[tuple[UUID, str, UUID, str], str], set[UUID]] = defaultdict(set)
    for arrived in history.arrived:
        yield A_CASE
        message = messages.get(arrived.reference or "")
        if message is None:
            yield f"message {arrived.reference} for {arrived.recipient} is not in the ledger"
            continue
        notice = notices[message.notice]
        ids[notice.says, message.channel].add(message.id)
        if message.state not in ("delivered", "unknown") and not (message.state == "failed" and arrived.bad_news):
            yield f"message {message.id} was accepted by {message.channel}, but the ledger says {message.state}"
    for ((matter, purpose, *_), channel), told in ids.items():
        if len(told) > 1:
            yield f"the {purpose} of {matter} was told {len(told)} times by {channel}"
    accepted = {arrived.reference for arrived in history.arrived}
    for message in history.messages:
        if message.state == "delivered" and str(message.id) not in accepted:
            yield f"message {message.id} is delivered, says the ledger, but {message.channel} never got it"
        if message.state == "unknown" and not _excused(message, history):
            yield f"message {message.id} by {message.channel} ({message.conduct}) is unknown, but no fault cut it off"
    yield from _told_twice_by_one_cause(history, notices)


def _told_twice_by_one_cause(history: History, notices: Mapping[UUID, Notice]) -> Findings:
    """News gives way to a message about one's own matter with the same cause, once that is planned.

    News of a stop gives way as soon as it is known that somebody has an appointment there: no matter which fact comes
    first. Somebody the city puts on the waiting list hears of it with the cancellation alone.
    """
    own = [notice for notice in notices.values() if notice.purpose not in FOR_SUBSCRIBERS]
    planned: dict[UUID, list[Notice]] = defaultdict(list)
    for notice in sorted(own, key=lambda each: each.matter_version):
        planned[notice.matter].append(notice)
    personal: dict[tuple[UUID, str], float] = {}
    booked: dict[tuple[UUID, str], float] = {}
    for notice in own:
        earlier = [each for each in planned[notice.matter] if each.matter_version < notice.matter_version]
        for address in notice.addresses.values():
            known = notice.cause, address
            personal[known] = min(personal.get(known, float("inf")), notice.planned_at)
            booked[known] = min(booked.get(known, personal[known]), (earlier or [notice])[-1].planned_at)
    for message in history.messages:
        notice = notices[message.notice]
        since = booked if notice.purpose in NEWS_OF_STOPS else personal
        if notice.purpose in NEWS and message.attempts:
            for address in notice.addresses.values():
                if since.get((notice.cause, address), float("inf")) + A_MOMENT < message.attempts[0].began:
                    yield f"the {notice.purpose} of {notice.matter} was sent to somebody told of it personally"
    for row in history.facts("WaitingListJoined"):
        if row.says.get("instead_of") and any(each.purpose == "waiting" for each in planned[row.aggregate]):
            yield f"that {row.aggregate} waits was told a second time"


def _excused(message: Message, history: History) -> bool:
    """Whether the far end leaves everybody in doubt, or a fault fell into an attempt."""
    if (message.channel, message.conduct) in NEVER_ANSWERS:
        return True
    return any(_cut(fault, message.channel, last) for fault in history.faults for last in message.attempts[-1:])


def _cut(fault: Fault, channel: str, attempt: Attempt) -> bool:
    """Whether a fault met somebody a message needs, while it was being sent; a second more or less does not count."""
    ended = attempt.began + LONGEST_SEND if attempt.ended is None else attempt.ended
    needed = fault.victim in (CARRIERS[channel], "postgres", "services") or fault.victim.startswith("notifications")
    return needed and fault.began < ended + 1 and attempt.began - 1 < fault.ended
