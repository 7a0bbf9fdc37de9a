"""I9 and I10: everybody is told what concerns them, once, and the ledger says truly what became of it."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from uuid import UUID

from tests.chaos.history import Attempt, Fault, History, Message

OUTCOMES = frozenset({"delivered", "failed", "superseded", "expired", "suppressed", "unknown", "no_channel"})
TOLD_OF = {"AppointmentBooked": ("confirmation", "reminder"), "AppointmentCancelled": ("cancellation",)}
FACT_OF = {
    "delivered": "NotificationDelivered",
    **dict.fromkeys(("failed", "expired", "unknown", "no_channel"), "NotificationFailed"),
}
NEVER_ANSWERS = frozenset({("mail", "slow"), ("mail", "drop"), ("sms", "slow"), ("sms", "drop"), ("sms", "no-receipt")})
"""Far ends that leave the sender in doubt by themselves, by channel and conduct."""
LONGEST_SEND = 8.0
"""Seconds from the claim of a message to its answer, at most."""
CARRIERS = {"mail": "mail", "sms": "web"}
"""The far end of each channel, among the victims of faults."""


def every_message_due_has_one_outcome(history: History) -> Iterator[str]:
    """I9: each fact is told of by one notice per purpose, each message and notice ended, each end has its fact."""
    notices = Counter((notice.matter, notice.purpose) for notice in history.notices)
    for (matter, purpose), count in notices.items():
        if count > 1:
            yield f"there are {count} notices for the {purpose} of {matter}"
    for aggregate, type in sorted({(record.aggregate, record.type.rpartition(".")[2]) for record in history.log}):
        for purpose in TOLD_OF.get(type, ()):
            if not notices[aggregate, purpose]:
                yield f"nobody is told the {purpose} of {aggregate}"
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
        expected = FACT_OF.get(notice.outcome or "")
        told = newest.get(notice.id, (0, ""))[1].rpartition(".")[2]
        if expected and told != expected:
            yield f"the {notice.purpose} of {notice.matter} is {notice.outcome}, but the topic says {told or 'nothing'}"
    yield from (f"a fact was put aside: {reason}" for reason in history.dead_letters)


def nothing_is_told_twice_or_untruly(history: History) -> Iterator[str]:
    """I10: no message and no purpose reaches the same channel twice; the ledger agrees with the far ends; who is left
    in doubt was cut off by a fault."""
    messages = {str(message.id): message for message in history.messages}
    notices = {notice.id: notice for notice in history.notices}
    times = Counter((each.reference, each.channel, each.recipient) for each in history.arrived)
    for (reference, channel, recipient), count in times.items():
        if count > 1:
            yield f"message {reference} was accepted {count} times by {channel} for {recipient}"
    ids: dict[tuple[UUID, str, str], set[UUID]] = defaultdict(set)
    for arrived in history.arrived:
        message = messages.get(arrived.reference or "")
        if message is None:
            yield f"message {arrived.reference} for {arrived.recipient} is not in the ledger"
            continue
        notice = notices[message.notice]
        ids[notice.matter, notice.purpose, message.channel].add(message.id)
        if message.state not in ("delivered", "unknown") and not (message.state == "failed" and arrived.bad_news):
            yield f"message {message.id} was accepted by {message.channel}, but the ledger says {message.state}"
    for (matter, purpose, channel), told in ids.items():
        if len(told) > 1:
            yield f"the {purpose} of {matter} was told {len(told)} times by {channel}"
    accepted = {arrived.reference for arrived in history.arrived}
    for message in history.messages:
        if message.state == "delivered" and str(message.id) not in accepted:
            yield f"message {message.id} is delivered, says the ledger, but {message.channel} never got it"
        if message.state == "unknown" and not _excused(message, history):
            yield f"message {message.id} by {message.channel} ({message.conduct}) is unknown, but no fault cut it off"


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
